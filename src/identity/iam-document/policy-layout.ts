/**
 * The layout of a policy's text. GetBucketPolicy returns the text as it was put, although the file holds it only as
 * readable JSON. Layouts that no common program writes are not kept.
 */

/** `spaced` is the layout of Python, and so of boto3's users. */
export const layouts = ['compact', 'spaced', 'indented-2', 'indented-4'] as const
export type Layout = (typeof layouts)[number]

export function formatJson(value: unknown, layout: Layout): string {
  if (layout === 'spaced') return formatSpaced(value)
  return JSON.stringify(value, null, { compact: 0, 'indented-2': 2, 'indented-4': 4 }[layout])
}

/** Undefined if it is none of these layouts. */
export function findLayout(text: string): Layout | undefined {
  const value: unknown = JSON.parse(text)
  return layouts.find((layout) => formatJson(value, layout) === text)
}

function formatSpaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(formatSpaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return formatAscii(value)
  const entries = Object.entries(value).map(([name, one]) => `${formatAscii(name)}: ${formatSpaced(one)}`)
  return `{${entries.join(', ')}}`
}

/** Python escapes all characters but ASCII. */
const formatAscii = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
