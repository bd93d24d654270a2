import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Remover } from '#blobs/remover.ts'

let folder: string
let remover: Remover

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'myfsio-remover-'))
  remover = new Remover()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await remover.close()
  await rm(folder, { recursive: true })
})

function make(count: number): string[] {
  const paths = Array.from({ length: count }, (_, i) => join(folder, String(i)))
  for (const path of paths) fs.writeFileSync(path, '')
  return paths
}

describe('the remover', () => {
  it('removes files after a moment', async () => {
    for (const path of make(3)) remover.remove(path)
    expect(fs.readdirSync(folder)).toHaveLength(3)
    await vi.waitFor(() => expect(fs.readdirSync(folder)).toEqual([]))
  })

  it('has removed what it was asked for before it finishes, and then takes more', async () => {
    await remover.finish()
    for (const round of [1, 2]) {
      for (const path of make(50 * round)) remover.remove(path)
      await remover.finish()
      expect(fs.readdirSync(folder)).toEqual([])
    }
  })

  it('is not kept from the others by one that is gone, or that is a folder', async () => {
    const [first = '', second = '', third = '', fourth = ''] = make(4)
    fs.rmSync(first)
    fs.rmSync(second)
    fs.mkdirSync(second)
    fs.rmSync(third)
    fs.symlinkSync(second, third)
    for (const path of [first, second, third, fourth]) remover.remove(path)
    await remover.finish()
    expect(fs.readdirSync(folder)).toEqual(['1'])
  })

  it('lets nobody add to a backlog that is long already', () => {
    const paths = make(2001)
    for (const path of paths) remover.remove(path)
    expect(fs.readdirSync(folder)).toHaveLength(2000)
  })

  it('does it itself if its worker dies', async () => {
    const [first = '', ...others] = make(10)
    remover.remove(first)
    await remover.finish()
    vi.spyOn(Worker.prototype, 'postMessage').mockImplementationOnce(function (this: Worker) {
      void this.terminate()
    })
    for (const path of others) remover.remove(path)
    await remover.finish()
    expect(fs.readdirSync(folder)).toEqual([])
  })
})
