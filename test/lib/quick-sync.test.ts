import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { QuickSync } from '#lib/files/quick-sync.ts'

/** The time of each sync of the disk. */
let tookMs = 0
let nowMs = 0
let where: ('thread' | 'in place')[] = []
const originals = { fdatasync: fs.fdatasync, fdatasyncSync: fs.fdatasyncSync }

beforeEach(() => {
  where = []
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  const note = (place: 'thread' | 'in place') => {
    nowMs += tookMs
    where.push(place)
  }
  Object.assign(fs, {
    fdatasync: (_fd: number, done: (error: Error | null) => void) => {
      note('thread')
      done(null)
    },
    fdatasyncSync: () => note('in place'),
  })
  syncBuiltinESMExports()
})
afterEach(() => {
  vi.restoreAllMocks()
  Object.assign(fs, originals)
  syncBuiltinESMExports()
})

async function syncs(quick: QuickSync, count: number, eachMs: number) {
  where = []
  tookMs = eachMs
  for (let i = 0; i < count; i++) await quick.datasync(0)
  return where
}

describe('a quick sync', () => {
  it('is made in place once the disk has shown that it is quick', async () => {
    const quick = new QuickSync()
    const made = await syncs(quick, 100, 0.3)
    const first = made.indexOf('in place')
    expect(first).toBeGreaterThan(15)
    expect(made.slice(first)).not.toContain('thread')
  })

  it('never is on a slow disk', async () => {
    expect(await syncs(new QuickSync(), 1000, 3)).not.toContain('in place')
  })

  it('keeps nobody waiting for long on a disk that has become slow, until it is quick again', async () => {
    const quick = new QuickSync()
    await syncs(quick, 100, 0.3)
    expect((await syncs(quick, 20, 100)).filter((place) => place === 'in place').length).toBeLessThan(10)
    expect((await syncs(quick, 300, 0.3)).at(-1)).toBe('in place')
  })

  it('fails as the disk does', async () => {
    const quick = new QuickSync()
    await syncs(quick, 100, 0.3)
    Object.assign(fs, {
      fdatasyncSync: () => {
        throw new Error('EIO')
      },
    })
    syncBuiltinESMExports()
    await expect(quick.datasync(0)).rejects.toThrow('EIO')
  })
})
