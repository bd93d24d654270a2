import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LmdbWriter } from '#metadata/lmdb-writer.ts'

describe('the thread that commits', () => {
  let folder: string
  let writer: LmdbWriter
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'myfsio-writer-'))
    writer = new LmdbWriter({ path: join(folder, 'index'), encoding: 'binary', keyEncoding: 'binary' }, () => undefined)
  })
  afterEach(async () => {
    await writer.close()
    await rm(folder, { recursive: true })
  })
  const put = (key: string) =>
    writer.commit({ checks: [], writes: [{ key: Buffer.from(key), value: Buffer.from('1') }] })

  it('is told of to everybody who waits when it dies, and started again for the next', async () => {
    // LMDB finds a file where it wants a folder.
    await writeFile(join(folder, 'index'), 'no index')
    const failures = await Promise.allSettled([put('a'), put('b')])
    expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await rm(join(folder, 'index'))
    expect(await put('a')).toBe(true)
  })

  it('fails a transaction as a whole, and takes the next', async () => {
    expect(await put('a')).toBe(true)
    const tooLong = put('k'.repeat(5000))
    const beside = put('b')
    await expect(tooLong).rejects.toThrow('the index could not be written')
    await expect(beside).rejects.toThrow('the index could not be written')
    expect(await put('c')).toBe(true)
  })

  it('finishes what was asked before it closes', async () => {
    const asked = [put('a'), put('b')]
    await writer.close()
    expect(await Promise.all(asked)).toEqual([true, true])
  })
})
