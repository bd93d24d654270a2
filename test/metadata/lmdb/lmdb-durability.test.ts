/** The LMDB engine without power losses: failing disks, copies, other durabilities, the size of its files. */
import fs from 'node:fs'
import { cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { libc } from '#lib/system/libc.ts'
import { openLmdbEngine } from '#metadata/lmdb/engine.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'

describe('the LMDB engine', () => {
  let root: string
  let path: string
  let engines: LocalEngine[]
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'myfsio-lmdb-'))
    path = join(root, 'index')
    fs.mkdirSync(path)
    engines = []
  })
  afterEach(async () => {
    vi.useRealTimers()
    vi.restoreAllMocks()
    await Promise.all(engines.map((engine) => engine.close()))
    await rm(root, { recursive: true })
  })

  function open(options: Partial<Parameters<typeof openLmdbEngine>[0]> = {}): LocalEngine {
    const engine = openLmdbEngine({ path, flush: 'each', ...options })
    engines.push(engine)
    return engine
  }
  async function close(engine: LocalEngine): Promise<void> {
    engines.splice(engines.indexOf(engine), 1)
    await engine.close()
  }
  const put = (engine: LocalEngine, key: string, value = '1') =>
    engine.commit({ checks: [], writes: [{ key: Buffer.from(key), value: Buffer.from(value) }] })
  const get = async (engine: LocalEngine, key: string) =>
    Buffer.from((await engine.get(Buffer.from(key))) ?? '').toString()
  const failNextSync = () =>
    vi
      .spyOn(fs, 'fdatasync')
      .mockImplementationOnce((_, done) => done(Object.assign(new Error('EIO'), { code: 'EIO' })))

  it('fails a transaction as a whole, and takes the next', async () => {
    const engine = open()
    const tooLong = put(engine, 'k'.repeat(5000))
    const beside = put(engine, 'b')
    await expect(tooLong).rejects.toThrow('the index could not be written')
    await expect(beside).rejects.toThrow('the index could not be written')
    expect(await get(engine, 'b')).toBe('')
    await put(engine, 'c')
    expect(await get(engine, 'c')).toBe('1')
  })

  it('finishes what was asked before it closes', async () => {
    const engine = open()
    const asked = [put(engine, 'a'), put(engine, 'b')]
    await close(engine)
    const committed = await Promise.all(asked)
    await Promise.all(committed.map((each) => each?.flushed))
    expect(await get(open(), 'b')).toBe('1')
  })

  it('says that a flush failed, and trusts the log again only after a checkpoint', async () => {
    const engine = open()
    await (await put(engine, 'a'))?.flushed
    const before = await readdir(path)
    failNextSync()
    const committed = await put(engine, 'b')
    await expect(committed?.flushed).rejects.toThrow('EIO')
    await (await put(engine, 'c'))?.flushed
    const isNew = (name: string) => name.startsWith('checkpoint') && !before.includes(name)
    expect((await readdir(path)).filter(isNew)).toHaveLength(1)
    expect(await get(engine, 'b')).toBe('1')
  })

  it('takes a disk that fails at a checkpoint as reason to try again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const engine = open()
    await (await put(engine, 'a'))?.flushed
    const before = await readdir(path)
    failNextSync()
    await vi.advanceTimersByTimeAsync(1000)
    expect(await readdir(path)).toEqual(before)
    await vi.advanceTimersByTimeAsync(1000)
    await vi.waitFor(async () => expect(await readdir(path)).not.toEqual(before), 10_000)
    expect(await get(engine, 'a')).toBe('1')
  })

  describe('bytes that a file has as well', () => {
    const putLogged = async (engine: LocalEngine) => {
      const write = {
        key: Buffer.from('a'),
        value: Buffer.from('short'),
        rest: [Buffer.from(' and'), Buffer.from(' long')],
      }
      await (await engine.commit({ checks: [], writes: [write] }))?.flushed
    }

    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      vi.spyOn(libc, 'canSyncVolume').mockReturnValue(true)
      vi.spyOn(libc, 'syncVolume').mockResolvedValue()
    })

    it('are in the log alone, from which a power loss brings them back', async () => {
      const engine = open({ files: root })
      await putLogged(engine)
      expect(await get(engine, 'a')).toBe('short')
      await close(engine)
      const again = open({ files: root })
      expect(await get(again, 'a')).toBe('short')
      await close(again)
      expect(await get(open({ files: root, machine: 'after a power loss' }), 'a')).toBe('short and long')
    })

    it('are let go of once files have been synced, and not if they could not be', async () => {
      const engine = open({ files: root })
      await putLogged(engine)
      vi.mocked(libc.syncVolume).mockRejectedValueOnce(new Error('EIO'))
      const before = await readdir(path)
      await vi.advanceTimersByTimeAsync(1000)
      await vi.waitFor(() => expect(libc.syncVolume).toHaveBeenCalledWith(root), 10_000)
      expect(await readdir(path)).toEqual(before)
      await vi.advanceTimersByTimeAsync(1000)
      await vi.waitFor(async () => expect(await readdir(path)).not.toEqual(before), 10_000)
      await close(engine)
      expect(await get(open({ files: root, machine: 'after a power loss' }), 'a')).toBe('short')
    })

    it('are in the index where nobody syncs files for it', async () => {
      const engine = open()
      await putLogged(engine)
      expect(await get(engine, 'a')).toBe('short and long')
      vi.mocked(libc.canSyncVolume).mockReturnValue(false)
      const other = open({ files: root })
      await putLogged(other)
      expect(await get(other, 'a')).toBe('short and long')
      expect(await get(open({ files: root, flush: 'never' }), 'a')).toBe('short and long')
    })
  })

  it('opens a copy of a stopped index, on this machine and as on another', async () => {
    const engine = open()
    for (const key of 'abc') await put(engine, key)
    await close(engine)
    for (const machine of [undefined, 'another']) {
      const copy = join(root, `copy-${machine}`)
      await cp(path, copy, { recursive: true })
      const copied = open({ path: copy, ...(machine === undefined ? {} : { machine }) })
      expect(await get(copied, 'c')).toBe('1')
      await put(copied, 'd')
    }
  })

  it('starts empty where its file is lost, whatever is left beside it', async () => {
    const engine = open()
    for (const key of 'abc') await put(engine, key)
    await close(engine)
    await rm(join(path, 'data.mdb'))
    const again = open()
    expect(await get(again, 'a')).toBe('')
    await put(again, 'b')
    await close(again)
    expect(await get(open({ machine: 'after a power loss' }), 'b')).toBe('1')
  })

  it('goes back to no checkpoint once it was opened to be flushed never', async () => {
    const engine = open()
    await put(engine, 'a', 'old')
    await close(engine)
    const never = open({ flush: 'never' })
    await put(never, 'a', 'new')
    await close(never)
    expect((await readdir(path)).filter((name) => name.startsWith('checkpoint'))).toEqual([])
    const later = open({ machine: 'after a power loss' })
    expect(await get(later, 'a')).toBe('new')
  })

  it('uses its pages and its log again, even if another process has written once and then nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const segmentBytes = 64 * 1024
    const [busy, idle] = [open({ segmentBytes }), open({ segmentBytes })]
    await put(idle, 'idle')
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 40; i++) await put(busy, `k${i}`, String(round).repeat(8000))
      await vi.advanceTimersByTimeAsync(1000)
      await busy.flush()
    }
    const files = await Promise.all(['data.mdb', 'log-0', 'log-1'].map((name) => stat(join(path, name))))
    const writtenBytes = 40 * 40 * 8000
    expect(files.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(writtenBytes / 2)
  })
})
