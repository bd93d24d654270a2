/** Jobs of several processes over one index, on one clock: when they run, how often, and what is left of them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Job, JobLog, Run, Starts, Step } from '#jobs/job.ts'
import { leaseMs } from '#jobs/lease.ts'
import { type OpenJobs, openJobs } from '#jobs/open-jobs.ts'
import { backOffMs } from '#jobs/schedule.ts'
import type { LocalKeyring } from '#keyring/local-keyring.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { encodeJson, rowKey } from '#metadata/tables.ts'
import type { CompareStretch, Store } from '#store/contract.ts'
import { silentLog } from '../store/fixtures.ts'
import { forwardingEngine } from '../store/forwarding-engine.ts'
import { ManualClock } from '../support/manual-clock.ts'

const hourMs = 3_600_000
/** Processes look every two seconds, more or less. */
const lookMs = 3000
// 2026-03-01 22:00 UTC
const startMs = Date.UTC(2026, 2, 1, 22)

/** There are no keys. */
const keyring = { keys: { keys: [] } } as unknown as LocalKeyring
let engine: LocalEngine
let clock: ManualClock
let opened: OpenJobs[]
/** When steps began, after the start. */
let steps: number[]

beforeEach(() => {
  engine = openMemoryEngine()
  clock = new ManualClock(startMs)
  opened = []
  steps = []
})
afterEach(async () => {
  for (const jobs of opened) await jobs.close()
})

function jobThat(starts: Starts, work: (run: Run) => Promise<Step> | Step = () => 'idle'): Job {
  return {
    name: 'test-job',
    title: 'Test',
    what: 'Does something.',
    starts: () => starts,
    mayStartByHand: true,
    async work(run) {
      steps.push(clock.nowMs() - startMs)
      return work(run)
    },
    show: () => ({ figures: [] }),
  }
}

/** A process. */
function open(job: Job, log: JobLog = silentLog): OpenJobs {
  // The work of a store does not matter here.
  const store = { status: async () => [] } as unknown as Store
  const settings = { scrubIntervalMs: undefined }
  const jobs = openJobs({
    services: { store, engine, keyring, clock, ownClock: clock, log, settings },
    runs: true,
    jobs: [job],
  })
  opened.push(jobs)
  return jobs
}

const statusOf = async (jobs: OpenJobs) => (await jobs.list())[0]

describe('a job', () => {
  it('by interval begins a minute after the first start, and then from start to start, in one process', async () => {
    const job = jobThat({ by: 'interval', everyMs: hourMs })
    for (let process = 0; process < 3; process++) open(job)
    await clock.pass(59_000)
    expect(steps).toEqual([])
    await clock.pass(3 * hourMs)
    expect(steps).toHaveLength(3)
    for (const [at, ms] of steps.entries()) {
      expect(ms).toBeGreaterThanOrEqual(60_000 + at * hourMs)
      expect(ms).toBeLessThan(60_000 + at * hourMs + (at + 1) * lookMs)
    }
  })

  it('of midnight begins then, in UTC', async () => {
    const jobs = open(jobThat({ by: 'midnight' }))
    await clock.pass(lookMs)
    expect(steps).toHaveLength(1)
    expect(await statusOf(jobs)).toMatchObject({ starts: 'at 00:00 UTC', againAtMs: Date.UTC(2026, 2, 2) })
    await clock.pass(2 * hourMs - lookMs - 1)
    expect(steps).toHaveLength(1)
    await clock.pass(lookMs)
    expect(steps).toHaveLength(2)
  })

  it.each([
    ['by interval', { by: 'interval', everyMs: hourMs }],
    ['of midnight', { by: 'midnight' }],
  ] as const)('%s begins at its time also after a run by a clock that was a year ahead', async (_, starts) => {
    const job = jobThat(starts)
    clock = new ManualClock(startMs + 365 * 24 * hourMs)
    const before = open(job)
    await clock.pass(2 * 60_000)
    await before.close()
    expect(steps).toHaveLength(1)
    clock = new ManualClock(startMs)
    open(job)
    await clock.pass(2 * 60_000)
    expect(steps).toHaveLength(2)
    await clock.pass(3 * hourMs)
    expect(steps.length).toBeGreaterThan(2)
    expect(steps.length).toBeLessThan(6)
  })

  it('of the outbox begins when it is behind, and by hand when it is asked to', async () => {
    let isBehind = false
    const jobs = open(
      jobThat({ by: 'outbox', isBehind: async () => isBehind }, () => {
        isBehind = false
        return 'idle'
      }),
    )
    await clock.pass(hourMs)
    expect(steps).toHaveLength(0)
    isBehind = true
    await clock.pass(lookMs)
    expect(steps).toHaveLength(1)
    await jobs.start('test-job')
    await clock.pass(0)
    expect(steps).toHaveLength(2)
    await clock.pass(hourMs)
    expect(steps).toHaveLength(2)
  })

  it('that was started by hand in a process that runs none is begun by another', async () => {
    const job = jobThat({ by: 'hand' })
    const store = { status: async () => [] } as unknown as Store
    const services = {
      store,
      engine,
      keyring,
      clock,
      ownClock: clock,
      log: silentLog,
      settings: { scrubIntervalMs: undefined },
    }
    const shown = openJobs({ services, runs: false, jobs: [job] })
    open(job)
    await shown.start('test-job')
    expect(await statusOf(shown)).toMatchObject({ state: 'asked' })
    await clock.pass(lookMs)
    expect(steps).toHaveLength(1)
    expect(await statusOf(shown)).toMatchObject({ state: 'idle', endedAtMs: expect.any(Number) })
  })

  it('goes on at once while it is busy, and later where it says so, with the cursor that it saved', async () => {
    const seen: unknown[] = []
    open(
      jobThat({ by: 'midnight' }, async (run) => {
        const cursor = (run.cursor() as number | undefined) ?? 0
        seen.push(cursor)
        await run.save(cursor + 1)
        return cursor < 2 ? 'busy' : cursor === 2 ? { againMs: 5 * 60_000 } : 'idle'
      }),
    )
    await clock.pass(60_000)
    expect(seen).toEqual([0, 1, 2])
    await clock.pass(5 * 60_000)
    expect(seen).toEqual([0, 1, 2, 3])
  })

  it('that fails is tried again after a while that grows, by chance a little less, and says why', async () => {
    let fails = true
    const jobs = open(
      jobThat({ by: 'midnight' }, () => {
        if (fails) throw new Error('The target is unreachable.')
        return 'idle'
      }),
    )
    await clock.pass(10 * 60_000)
    expect(steps.length).toBeGreaterThanOrEqual(5)
    expect(steps.length).toBeLessThanOrEqual(9)
    const failed = { state: 'failed', problem: 'The target is unreachable.', againAtMs: expect.any(Number) }
    expect(await statusOf(jobs)).toMatchObject(failed)
    fails = false
    await clock.pass(hourMs)
    expect(await statusOf(jobs)).toMatchObject({ state: 'idle', problem: undefined })
    for (let failures = 1; failures < 30; failures++) {
      const wholeMs = Math.min(hourMs, 5000 * 2 ** (failures - 1))
      expect([backOffMs(failures, 0), backOffMs(failures, 1)]).toEqual([wholeMs, wholeMs / 2])
    }
  })

  it('waits a minute where the index cannot be written, and says so once', async () => {
    let isFull = true
    const whole = engine
    const commit: LocalEngine['commit'] = async (wanted) => {
      if (isFull) throw new Error('no room')
      return whole.commit(wanted)
    }
    engine = { ...forwardingEngine(whole), commit }
    const warnings: string[] = []
    open(jobThat({ by: 'midnight' }), {
      ...silentLog,
      warn: (_: object, message: string) => void warnings.push(message),
    })
    await clock.pass(50_000)
    expect(warnings).toHaveLength(1)
    isFull = false
    await clock.pass(20_000)
    expect(steps).toHaveLength(1)
    expect(warnings).toHaveLength(1)
  })

  it('ends its step when the process ends, and goes on from its cursor in another', async () => {
    let hasBegun = () => {}
    const begun = new Promise<void>((resolve) => {
      hasBegun = resolve
    })
    const cursors: unknown[] = []
    const job = jobThat({ by: 'midnight' }, async (run) => {
      cursors.push(run.cursor())
      if (run.cursor() === 'half') return 'idle'
      await run.save('half')
      hasBegun()
      await new Promise<void>((resolve) => run.signal.addEventListener('abort', () => resolve()))
      return 'busy'
    })
    const one = open(job)
    await clock.pass(lookMs)
    await begun
    const two = open(job)
    await clock.pass(10 * leaseMs)
    expect(await statusOf(two)).toMatchObject({
      state: 'running',
      startedAtMs: expect.any(Number),
      endedAtMs: undefined,
    })
    expect(cursors).toEqual([undefined])
    await one.close()
    await clock.pass(lookMs)
    expect(cursors).toEqual([undefined, 'half'])
    expect(await statusOf(two)).toMatchObject({ state: 'idle', startedAtMs: startMs + (steps[0] ?? 0) })
  })

  it('shows and goes on with a scrub that an earlier release has begun', async () => {
    const damaged = { bucket: 'b', key: 'k', versionId: 'null', what: 'The file is missing.' }
    const found = { notedAtMs: 2, versions: 5, bytes: 10, found: 1, leftovers: 0, examples: [damaged] }
    const begunMs = startMs - hourMs
    const row = { startedAtMs: begunMs, ...found, position: { table: 'v', after: 'AAAA' } }
    await engine.commit({ checks: [], writes: [{ key: rowKey('g', 'scrub'), value: encodeJson(row) }] })
    const stretches: CompareStretch[] = []
    const compareVersions = async (stretch: CompareStretch) => {
      stretches.push(stretch)
      return { versions: 2, bytes: 3, damaged: [], unread: 0, next: undefined }
    }
    const store = { status: async () => [], compareVersions, countLeftovers: async () => 0 } as unknown as Store
    const settings = { scrubIntervalMs: 7 * 24 * hourMs }
    const jobs = openJobs({
      services: { store, engine, keyring, clock, ownClock: clock, log: silentLog, settings },
      runs: true,
    })
    opened.push(jobs)
    const scrub = async () => (await jobs.list()).find(({ name }) => name === 'scrub')
    expect(await scrub()).toMatchObject({ state: 'failed', startedAtMs: begunMs, examples: [damaged] })
    await clock.pass(70_000)
    expect(stretches.map(({ from }) => from)).toEqual([{ table: 'v', after: 'AAAA' }])
    const { figures, startedAtMs, endedAtMs } = (await scrub()) ?? { figures: [] }
    expect(figures.map(({ value }) => value)).toEqual([7, 13, 1, 0])
    expect([startedAtMs, endedAtMs !== undefined]).toEqual([begunMs, true])
  })

  it('is not started by a name that there is none of, or that starts by itself alone', async () => {
    const jobs = open({ ...jobThat({ by: 'midnight' }), mayStartByHand: false })
    await expect(jobs.start('nothing')).rejects.toMatchObject({ code: 'NoSuchKey' })
    await expect(jobs.start('test-job')).rejects.toMatchObject({ code: 'MethodNotAllowed' })
  })
})
