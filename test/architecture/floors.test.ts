/** DESIGN: a file imports from a lower floor or its own folder; folders on one floor do not see each other. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const floors: readonly (readonly string[])[] = [
  ['lib'],
  ['model'],
  ['config'],
  ['metadata'],
  ['blobs', 'documents', 'remote', 'policy', 'signature', 'select', 'keyring'],
  ['store', 'identity', 'events'],
  ['access', 'http'],
  ['objects'],
  ['s3', 'iam', 'sts', 'kms', 'admin', 'website', 'console', 'jobs'],
  ['app'],
  ['launcher', '.'],
]
const floorOf = (folder: string) => floors.findIndex((floor) => floor.includes(folder))
const source = join(import.meta.dirname, '../../src')

function* files(folder: string): Iterable<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) yield* files(join(folder, entry.name))
    else if (entry.name.endsWith('.ts')) yield join(folder, entry.name)
  }
}

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

  it('only config/ reads the environment', () => {
    const readers = [...files(source)].filter((file) => /process\.env\b/.test(readFileSync(file, 'utf8')))
    expect(readers.map((file) => relative(source, file))).toEqual(['config/config.ts'])
  })

  it('zod is imported as a namespace: its `z` brings half a MiB of other languages into every process', () => {
    const wasteful = [...files(source)].filter((file) =>
      /^import \{[^}]*\bz\b[^}]*\} from 'zod'/m.test(readFileSync(file, 'utf8')),
    )
    expect(wasteful.map((file) => relative(source, file))).toEqual([])
  })
})
