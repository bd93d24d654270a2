import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLmdbEngine } from '#metadata/lmdb/engine.ts'
import { findDamage, isSuspect } from '#metadata/lmdb/probe.ts'

let folder: string
const file = () => join(folder, 'data.mdb')

beforeEach(async () => {
  folder = fs.mkdtempSync(join(tmpdir(), 'myfsio-probe-'))
  const engine = openLmdbEngine({ path: folder, flush: 'each' })
  for (let i = 0; i < 5; i++) {
    const writes = Array.from({ length: 500 }, (_, j) => ({ key: Buffer.from(`${i}-${j}`), value: Buffer.alloc(100) }))
    await engine.commit({ checks: [], writes })
  }
  await engine.close()
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

it('finds nothing wrong with an index that is whole, in use or not, or not there', async () => {
  expect(isSuspect(folder)).toBe(false)
  expect(await findDamage(folder)).toBeUndefined()
  const engine = openLmdbEngine({ path: folder, flush: 'each' })
  expect(isSuspect(folder)).toBe(false)
  expect(await findDamage(folder)).toBeUndefined()
  await engine.close()
  fs.rmSync(file())
  expect(isSuspect(folder)).toBe(false)
  expect(await findDamage(folder)).toBeUndefined()
})

it.each<[string, (bytes: Buffer) => Buffer]>([
  ['cut off', (bytes) => bytes.subarray(0, bytes.length / 2)],
  ['nothing but zeros', (bytes) => Buffer.alloc(bytes.length)],
  ['text at its beginning', (bytes) => Buffer.concat([Buffer.alloc(8192, 'text'), bytes.subarray(8192)])],
])('finds out in another process that a file is %s', async (_, change) => {
  fs.writeFileSync(file(), change(fs.readFileSync(file())))
  expect(isSuspect(folder)).toBe(true)
  expect(await findDamage(folder)).toMatch(/ended by SIG|cannot be opened|MDB_|not an LMDB|out of order/)
})

it('finds entries that are out of order', async () => {
  const bytes = fs.readFileSync(file())
  for (let at = bytes.indexOf('3-250'); at !== -1; at = bytes.indexOf('3-250', at + 1)) bytes.write('9-999', at)
  fs.writeFileSync(file(), bytes)
  expect(isSuspect(folder)).toBe(false)
  expect(await findDamage(folder)).toBe('its entries are out of order')
})

describe('a copy, which a start takes back to its checkpoint', () => {
  beforeEach(async () => {
    const engine = openLmdbEngine({ path: folder, flush: 'each', machine: 'another' })
    await engine.close()
  })

  it('has nothing wrong with it if it is whole', async () => {
    expect(isSuspect(folder)).toBe(false)
    expect(await findDamage(folder)).toBeUndefined()
    const engine = openLmdbEngine({ path: folder, flush: 'each' })
    expect(await engine.scan({ start: Buffer.from('0'), end: Buffer.from('9') })).toHaveLength(2500)
    await engine.close()
  })

  it('is found out in another process if it is too short for that', async () => {
    fs.truncateSync(file(), 3 * 4096)
    expect(isSuspect(folder)).toBe(true)
    expect(await findDamage(folder)).toMatch(/^reading it was ended by SIG/)
    expect(await findDamage(folder)).toMatch(/^reading it was ended by SIG/)
  })
})

it('leaves a file alone that a power loss may have cut off: a start goes back to its checkpoint', () => {
  const bytes = fs.readFileSync(file())
  // Another inode counts as another machine. The old one stays in use, or the new file could get it.
  fs.renameSync(file(), join(folder, 'before'))
  fs.writeFileSync(file(), bytes.subarray(0, bytes.length / 2))
  expect(isSuspect(folder)).toBe(false)
})
