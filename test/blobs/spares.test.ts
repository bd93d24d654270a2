import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import koffi from 'koffi'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isExchangeWorthwhile, writeSmallFile } from '#blobs/files/io/file-operations.ts'
import { Layout } from '#blobs/files/place/layout.ts'
import { isSpare, Spares } from '#blobs/files/staging/spares.ts'

let root: string
let layout: Layout
let folder: string
let spares: Spares
let count: number

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'myfsio-spares-'))
  layout = new Layout(root)
  folder = layout.stagingFolder('a')
  fs.mkdirSync(folder, { recursive: true })
  count = 0
  spares = new Spares({ layout, newFileId: () => `a-spare-${count++}` })
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.useRealTimers()
  await spares.close()
  await rm(root, { recursive: true })
})

function make(number: number, bytes = 'old'): string[] {
  const paths = Array.from({ length: number }, (_, i) => join(folder, String(i)))
  for (const path of paths) writeSmallFile(path, Buffer.from(bytes))
  return paths
}

async function recycle(...paths: string[]): Promise<void> {
  for (const path of paths) spares.recycle(path)
  await spares.finish()
}

/** Without such leases, all replaced files are removed. */
const hasLeases = isExchangeWorthwhile(tmpdir())

describe.runIf(hasLeases)('a spare', () => {
  it('is a file that was replaced, under a name of its own, marked by its time', async () => {
    const [path = ''] = make(1)
    const { ino } = fs.statSync(path)
    await recycle(path)
    const spare = spares.take(4096)
    expect(spare).toEqual({ fileId: 'a-spare-0', sizeBytes: 3 })
    const stats = fs.statSync(layout.staging('a-spare-0'))
    expect([stats.ino, isSpare(stats)]).toEqual([ino, true])
    expect(fs.readdirSync(folder)).toEqual(['a-spare-0'])
    expect(spares.take(4096)).toBeUndefined()
  })

  it.each([
    ['shorter', 'no', 'older bytes'],
    ['longer', 'much newer bytes', 'old'],
    ['as long', 'new', 'old'],
  ])('has the new bytes alone afterwards, if they are %s', async (_, bytes, old) => {
    await recycle(...make(1, old))
    const { fileId = '', sizeBytes } = spares.take(bytes.length) ?? {}
    const path = layout.staging(fileId)
    const signature = writeSmallFile(path, Buffer.from(bytes), { oldBytes: sizeBytes })
    expect(fs.readFileSync(path, 'latin1')).toBe(bytes)
    const stats = fs.statSync(path)
    expect([signature.sizeBytes, isSpare(stats)]).toEqual([bytes.length, false])
    expect(signature.mtimeMs).toBe(stats.mtimeMs)
  })

  it('that somebody has taken away is made anew', async () => {
    await recycle(...make(1))
    const { fileId = '', sizeBytes } = spares.take(3) ?? {}
    fs.rmSync(layout.staging(fileId))
    writeSmallFile(layout.staging(fileId), Buffer.from('n'), { oldBytes: sizeBytes })
    expect(fs.readFileSync(layout.staging(fileId), 'latin1')).toBe('n')
  })

  it('is of as many blocks as are asked for', async () => {
    await recycle(...make(1, 'x'.repeat(4097)))
    expect(spares.take(4096)).toBeUndefined()
    expect(spares.take(0)).toBeUndefined()
    expect(spares.take(8192)?.sizeBytes).toBe(4097)
  })

  it.each<[string, (path: string) => (() => void) | undefined]>([
    ['somebody reads', (path) => closing(fs.openSync(path, 'r'))],
    ['somebody writes', (path) => closing(fs.openSync(path, 'a'))],
    ['has another name', (path) => void fs.linkSync(path, join(root, 'other'))],
    ['has another mode', (path) => void fs.chmodSync(path, 0o600)],
    ['has attributes', (path) => void setAttribute(path)],
    ['is large', (path) => void fs.truncateSync(path, 65_537)],
  ])('is never a file that %s', async (_, change) => {
    const [path = '', other = ''] = make(2)
    const undo = change(path)
    await recycle(path, other)
    expect(fs.readdirSync(folder)).toHaveLength(1)
    expect(spares.take(3)).toBeDefined()
    expect(spares.take(3)).toBeUndefined()
    undo?.()
  })

  it('does not change what its last reader reads', async () => {
    const [path = ''] = make(1)
    const fd = fs.openSync(path, 'r')
    await recycle(path)
    expect(fs.readFileSync(fd, 'latin1')).toBe('old')
    fs.closeSync(fd)
  })

  it('is one of a thousand at most', async () => {
    await recycle(...make(1001))
    expect(fs.readdirSync(folder)).toHaveLength(1000)
  })

  it('goes when nobody has needed it for a while', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await recycle(...make(2))
    vi.advanceTimersByTime(9_000)
    await spares.finish()
    expect(fs.readdirSync(folder)).toHaveLength(2)
    vi.advanceTimersByTime(2_000)
    await spares.finish()
    expect(fs.readdirSync(folder)).toEqual([])
    expect(spares.take(3)).toBeUndefined()
  })

  it('goes when the store is closed, but for one that was taken', async () => {
    await recycle(...make(3))
    const { fileId } = spares.take(3) ?? {}
    await spares.close()
    expect(fs.readdirSync(folder)).toEqual([fileId])
  })
})

function setAttribute(path: string): void {
  const setxattr = koffi.load(null).func('int setxattr(const char *, const char *, const char *, size_t, int)')
  expect(setxattr(path, 'user.note', 'mine', 4, 0)).toBe(0)
}

const closing = (fd: number) => () => fs.closeSync(fd)

describe('what was replaced', () => {
  const kept = () => fs.readdirSync(folder).filter((name) => !name.startsWith('a-spare'))

  it('is taken after a moment', async () => {
    for (const path of make(3)) spares.recycle(path)
    expect(kept()).toHaveLength(3)
    await vi.waitFor(() => expect(kept()).toEqual([]), 10_000)
  })

  it('has all been taken when that is finished, and then there may be more', async () => {
    await spares.finish()
    for (const round of [1, 2]) {
      await recycle(...make(50 * round))
      expect(kept()).toEqual([])
    }
  })

  it('is not kept from it by something else that is gone, or that is no file', async () => {
    const [first = '', second = '', third = '', fourth = ''] = make(4)
    fs.rmSync(first)
    fs.rmSync(second)
    fs.mkdirSync(second)
    fs.rmSync(third)
    fs.symlinkSync(second, third)
    await recycle(first, second, third, fourth)
    expect(kept()).toEqual(['1'])
  })

  it('is removed at once where much waits already', () => {
    for (const path of make(2001)) spares.recycle(path)
    expect(fs.readdirSync(folder)).toHaveLength(2000)
  })

  it('is removed if the worker dies', async () => {
    const [first = '', ...others] = make(10)
    await recycle(first)
    vi.spyOn(Worker.prototype, 'postMessage').mockImplementationOnce(function (this: Worker) {
      void this.terminate()
    })
    await recycle(...others)
    expect(kept()).toEqual([])
  })
})
