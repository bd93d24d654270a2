/** DESIGN: a file imports from a lower floor or its own folder; folders on one floor do not see each other. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { files, source } from './source-files.ts'

const floors: readonly (readonly string[])[] = [
  ['lib'],
  ['model'],
  ['config'],
  ['metadata'],
  ['blobs', 'documents', 'remote', 'policy', 'signature', 'select', 'keyring', 'nodes'],
  ['store', 'identity', 'events'],
  ['access', 'http'],
  ['objects'],
  ['s3', 'iam', 'sts', 'kms', 'admin', 'website', 'console', 'jobs', 'migrate'],
  ['app'],
  ['launcher'],
  ['.'],
]
const floorOf = (folder: string) => floors.findIndex((floor) => floor.includes(folder))

/** The files of src/ that a file imports, types included. */
function importsOf(file: string): string[] {
  const from = relative(source, file)
  const paths = [...readFileSync(file, 'utf8').matchAll(/(?:from|import\() ?'([^']+)'/g)].map(([, path = '']) => path)
  return paths.flatMap((path) => {
    if (path.startsWith('#')) return [path.slice(1)]
    return path.startsWith('.') ? [relative(source, join(source, dirname(from), path))] : []
  })
}

/** Sets of files that reach each other by their imports: Tarjan's strongly connected components. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = []
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const open: string[] = []
  const visit = (file: string): void => {
    order.set(file, order.size)
    lowest.set(file, order.get(file) ?? 0)
    open.push(file)
    for (const other of graph.get(file) ?? []) {
      if (!order.has(other)) visit(other)
      if (open.includes(other)) lowest.set(file, Math.min(lowest.get(file) ?? 0, lowest.get(other) ?? 0))
    }
    if (lowest.get(file) !== order.get(file)) return
    const circle = open.splice(open.indexOf(file))
    if (circle.length > 1) found.push(circle.sort())
  }
  for (const file of graph.keys()) if (!order.has(file)) visit(file)
  return found
}

/**
 * Zod checks values at every boundary; Express's types are those of http/, app/ and console/; S3 is what keeps bytes,
 * and what they come from.
 */
const sharedPackages: ReadonlySet<string> = new Set(['express', 'zod', '@aws-sdk/client-s3'])

/** The aim is twelve (CONTRIBUTING.md). */
const filesMax = 18

const topFolder = (path: string) => (path.includes('/') ? (path.split('/')[0] ?? '.') : '.')

describe('floors', () => {
  it('every folder is on one', () => {
    const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    for (const { name } of folders) expect([name, floorOf(name)]).not.toEqual([name, -1])
  })

  it('no arrow points up or sideways', () => {
    const wrong: string[] = []
    for (const file of files(source)) {
      const from = relative(source, file)
      for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import\() ?'([^']+)'/g)) {
        if (path.startsWith('../')) wrong.push(`${from} → ${path}`)
        if (!path.startsWith('#') && !path.startsWith('./')) continue
        const to = path.startsWith('#') ? path.slice(1) : relative(source, join(source, dirname(from), path))
        const [a, b] = [topFolder(from), topFolder(to)]
        if (a !== b && floorOf(b) >= floorOf(a)) wrong.push(`${from} → ${to}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('there are no circles, of types or values', () => {
    const graph = new Map([...files(source)].map((file) => [relative(source, file), importsOf(file)]))
    expect(circles(graph)).toEqual([])
  })

  it('the store knows neither files nor how a blob store keeps its bytes, and asks no engine for what only a local one has', () => {
    const wrong: string[] = []
    for (const file of files(join(source, 'store'))) {
      const text = readFileSync(file, 'utf8')
      const from = relative(source, file)
      for (const [, path = ''] of text.matchAll(/(?:from|import\() ?'([^']+)'/g)) {
        const isOfBlobs = path.startsWith('#blobs/') && !/^#blobs\/(contract\/|trouble-log)/.test(path)
        if (isOfBlobs || /^node:(fs|path)/.test(path) || /^#lib\/files/.test(path)) wrong.push(`${from} → ${path}`)
      }
      if (/\b(LocalEngine|exclusively|scanInPlace)\b/.test(text)) wrong.push(`${from} → LocalEngine`)
    }
    expect(wrong).toEqual([])
  })

  it('only app/ and what starts it know which engine and which blob store there is', () => {
    const wrong: string[] = []
    for (const file of files(source)) {
      const from = relative(source, file)
      for (const to of importsOf(file)) {
        const kind = /^(blobs\/(?!contract\/|io\/)[^/]+|metadata\/[^/]+)\//.exec(to)?.[1]
        if (kind === undefined || from.startsWith(`${kind}/`) || /^(app|launcher)\//.test(from)) continue
        wrong.push(`${from} → ${to}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('folders have rooms: more files than one can survey are divided by noun', () => {
    const counts = new Map<string, number>()
    for (const tree of [source, join(source, '../test')]) {
      for (const file of files(tree)) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1)
    }
    const crowded = [...counts].filter(([, count]) => count > filesMax)
    expect(crowded.map(([folder, count]) => `${relative(join(source, '..'), folder)}: ${count}`)).toEqual([])
  })

  it('each npm package is imported by one folder', () => {
    const folders = new Map<string, Set<string>>()
    for (const file of files(source)) {
      const text = readFileSync(file, 'utf8')
      for (const [, name = ''] of text.matchAll(
        /^(?:import .*|\} )?from '((?:@[^/']+\/)?[^#.'/][^:'/]*)(?:\/[^']*)?'$/gm,
      )) {
        if (!sharedPackages.has(name))
          folders.set(name, (folders.get(name) ?? new Set()).add(dirname(relative(source, file))))
      }
    }
    expect([...folders].filter(([, importers]) => importers.size > 1)).toEqual([])
  })

  it('what talks to a database is loaded only where there is one', () => {
    const wrong: string[] = []
    for (const file of files(source)) {
      const from = relative(source, file)
      const text = readFileSync(file, 'utf8')
      for (const [, path = ''] of text.matchAll(/^(?:import (?!type\b).*|\} )from '([^']+)'$/gm)) {
        const isOfEngine = path.startsWith('#metadata/postgres/') || path === 'pg'
        if (isOfEngine && !(from.startsWith('metadata/postgres/') && path !== 'pg')) wrong.push(`${from} → ${path}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('only config/ reads the environment', () => {
    const readers = [...files(source)].filter((file) => /process\.env\b/.test(readFileSync(file, 'utf8')))
    expect(readers.map((file) => relative(source, file))).toEqual(['config/config.ts', 'config/environment.ts'])
  })

  it('zod is imported as a namespace: its `z` brings half a MiB of other languages into every process', () => {
    const wasteful = [...files(source)].filter((file) =>
      /^import \{[^}]*\bz\b[^}]*\} from 'zod'/m.test(readFileSync(file, 'utf8')),
    )
    expect(wasteful.map((file) => relative(source, file))).toEqual([])
  })
})
