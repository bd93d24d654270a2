/** The newest time that a store has seen, which its processes share. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MetadataEngine } from '#metadata/engine.ts'
import { openLmdbEngine } from '#metadata/lmdb/engine.ts'
import { passTime, storeTimeMs } from '#store/store-time.ts'
import { silentLog } from './fixtures.ts'

const start = Date.UTC(2030, 0, 1)
const minute = 60_000

describe('the time of a store', () => {
  let folder: string
  let engines: MetadataEngine[]

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'myfsio-time-'))
    engines = []
  })
  afterEach(async () => {
    for (const engine of engines) await engine.close()
    await rm(folder, { recursive: true })
  })

  /** A process with a clock at another time. */
  function processAt(nowMs: number) {
    const engine = openLmdbEngine({ path: folder, flush: 'each', advice: '' })
    engines.push(engine)
    const clock = { nowMs: () => nowMs }
    return { clock, engine, log: silentLog }
  }

  it('is the newest that any process has noted, for all of them', async () => {
    const [late, early] = [processAt(start + 60 * minute), processAt(start)]
    expect(await passTime(early)).toBe(start)
    expect(await passTime(late)).toBe(start + 60 * minute)
    expect(await storeTimeMs(early)).toBe(start + 60 * minute)
    expect(await passTime(early)).toBe(start + 60 * minute)
    expect(await passTime(processAt(start - 60 * minute))).toBe(start + 60 * minute)
  })

  it('never goes back, whoever notes it at once', async () => {
    const processes = Array.from({ length: 4 }, (_, at) => processAt(start + at * 10 * minute))
    const newest = start + 30 * minute
    for (let round = 0; round < 5; round++) {
      const passed = await Promise.all(processes.flatMap((one) => [passTime(one), passTime(one)]))
      // Every time that a process used is recorded.
      for (const timeMs of passed) expect(timeMs).toBeLessThanOrEqual(newest)
      for (const one of processes) expect(await storeTimeMs(one)).toBe(newest)
    }
  })

  it('is noted by one whose turn was taken by another with an earlier clock', async () => {
    const [late, early] = [processAt(start + 60 * minute), processAt(start)]
    let isOvertaken = false
    const overtaken: MetadataEngine = {
      ...late.engine,
      get: (key) => late.engine.get(key),
      commit: async (change) => {
        if (!isOvertaken) await passTime(early)
        isOvertaken = true
        return late.engine.commit(change)
      },
    }
    expect(await passTime({ ...late, engine: overtaken })).toBe(start + 60 * minute)
    expect(await storeTimeMs(early)).toBe(start + 60 * minute)
  })
})
