import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { makeFolder } from '#lib/files/make-folder.ts'

const folder = mkdtempSync(join(tmpdir(), 'myfsio-make-folder-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('creates a folder with its parents, and accepts one that exists', () => {
  const path = join(folder, 'a', 'b', 'c')
  for (let time = 0; time < 2; time++) makeFolder(path, 0o700)
  expect(statSync(join(folder, 'a', 'b')).mode & 0o777).toBe(0o700)
  expect(statSync(path).isDirectory()).toBe(true)
})

it('fails if a file is in the way', () => {
  writeFileSync(join(folder, 'file'), '')
  expect(() => makeFolder(join(folder, 'file'))).toThrow('EEXIST')
  expect(() => makeFolder(join(folder, 'file', 'below'))).toThrow('ENOTDIR')
})

it.runIf(process.platform === 'linux')('returns where no folder can be created', () => {
  expect(() => makeFolder('/proc/data/below')).toThrow('ENOENT')
})
