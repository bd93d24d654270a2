/** The Markdown that the documents' generated parts are made of. */

/** Cells are Markdown; `|` in them is escaped. Columns are aligned, as the formatter aligns them. */
export function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const rows = [head, ...body].map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, column) => Math.max(3, ...rows.map((cells) => cells[column]?.length ?? 0)))
  const line = (cells: readonly string[], fill = ' ') =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, fill)).join(' | ')} |`
  const [first = '', ...rest] = rows.map((cells) => line(cells))
  return [first, line([], '-'), ...rest].join('\n')
}

export const code = (text: string): string => (text === '' ? '' : `\`${text}\``)

/** Breaks text into lines of at most 120 columns. */
export function wrap(text: string): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length <= 120) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines.join('\n')
}

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. */
export function withPart(document: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const from = document.indexOf(start)
  const to = document.indexOf(end)
  if (from < 0 || to < from) throw new Error(`there is no part ${start} … ${end}`)
  return `${document.slice(0, from + start.length)}\n\n${content}\n\n${document.slice(to)}`
}

const fence = /^(```|~~~)[\s\S]*?^\1/gm

/** The document without code, in which nothing is a link or a heading. */
const withoutFences = (document: string): string => document.replace(fence, '')

/** Targets of links and images. */
export function linksOf(document: string): string[] {
  const prose = withoutFences(document).replace(/`[^`\n]*`/g, '')
  const inline = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
  const html = [...prose.matchAll(/(?:src|href)="([^"]+)"/g)]
  return [...inline, ...html].map(([, target = '']) => target)
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(document: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of withoutFences(document).matchAll(/^#{1,6} (.+)$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = text.replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  return anchors
}
