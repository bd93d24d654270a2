/** Large files that are replaced or removed: the event loop does not close their last descriptor. */
import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { freeInThread, moveFile, removeFile } from '#blobs/files/io/file-operations.ts'

const largeBytes = 16 * 1024 * 1024
let root: string
let place: string
let closed: number[]

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'myfsio-let-go-'))
  place = join(root, 'place')
  closed = []
  const { close } = fs
  vi.spyOn(fs, 'close').mockImplementation((fd, done) => {
    closed.push(fs.fstatSync(fd).nlink)
    close(fd, done)
  })
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(root, { recursive: true })
})

function make(path: string, sizeBytes: number): void {
  fs.writeFileSync(path, '')
  fs.truncateSync(path, sizeBytes)
}

it('keeps a large file open until its name is gone', () => {
  make(place, largeBytes)
  make(join(root, 'new'), 1)
  moveFile(join(root, 'new'), place)
  expect(fs.statSync(place).size).toBe(1)
  expect(closed).toEqual([0])
  make(place, largeBytes)
  removeFile(place, root)
  expect(closed).toEqual([0, 0])
})

it('closes it even if the name stays', () => {
  make(place, largeBytes)
  const fail = () => {
    throw new Error('EIO')
  }
  expect(() => freeInThread(place, fail)).toThrow('EIO')
  expect(closed).toEqual([1])
})

it('opens no small file, no folder and no link', () => {
  make(place, largeBytes - 1)
  freeInThread(place, () => undefined)
  freeInThread(root, () => undefined)
  freeInThread(join(root, 'nothing'), () => undefined)
  make(join(root, 'large'), largeBytes)
  fs.symlinkSync('large', join(root, 'link'))
  freeInThread(join(root, 'link'), () => undefined)
  expect(closed).toEqual([])
})
