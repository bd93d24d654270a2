/** Checks of the documents: generated parts are up to date, links have a target, folders are explained. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anchorsOf, linksOf, withPart } from './markdown.ts'
import { parts, root } from './parts.ts'

const read = (file: string) => readFileSync(join(root, file), 'utf8')

const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))

const documents = [...readdirSync(root), ...filesIn('docs'), ...filesIn('.github')].filter((file) =>
  file.endsWith('.md'),
)

/** Undefined: the link leads somewhere. Addresses of other sites are not asked for. */
function problemOf(file: string, link: string): string | undefined {
  if (/^[a-z]+:/i.test(link)) return undefined
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? file : join(dirname(file), path)
  if (!existsSync(join(root, target))) return `${file}: ${link} is not there`
  if (anchor === undefined || statSync(join(root, target)).isDirectory()) return undefined
  return anchorsOf(read(target)).has(anchor) ? undefined : `${file}: ${link} has no such heading`
}

describe('documents', () => {
  it.each(parts)('$file has the present table of $name (npm run docs)', ({ file, name, content }) => {
    expect(withPart(read(file), name, content())).toBe(read(file))
  })

  it('relative links lead to files and headings', () => {
    const problems = documents.flatMap((file) => linksOf(read(file)).flatMap((link) => problemOf(file, link) ?? []))
    expect(problems).toEqual([])
  })

  it('CONTRIBUTING explains each folder of src/', () => {
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    const explained = [...read('CONTRIBUTING.md').matchAll(/^\| \d+ +\| `(\w+)\/` /gm)].map(([, name]) => name)
    expect(explained.sort()).toEqual(folders.map(({ name }) => name).sort())
  })

  it('README has at most 250 lines', () => {
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(250)
  })
})
