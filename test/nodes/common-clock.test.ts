/** Nodes go by the time of the index, whatever their own clocks say. */
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { CommonClock } from '#nodes/common-clock.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { startNode, storeIn, type TestNode } from './two-nodes.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

describe('the clock of a node', () => {
  const startMs = Date.UTC(2030, 0, 1)
  let own: ManualClock
  let clock: CommonClock
  /** The time of the index. */
  let index: ManualClock
  let isAway: boolean

  beforeEach(async () => {
    own = new ManualClock(startMs + 3 * dayMs)
    index = new ManualClock(startMs)
    isAway = false
    const timeMs = async () => {
      if (isAway) throw new Error('away')
      return index.nowMs()
    }
    clock = await CommonClock.open({ timeMs }, own)
  })
  afterEach(() => clock.close())

  const passed = () => clock.nowMs() - startMs

  it('is that of the index, and goes on', async () => {
    expect(passed()).toBe(0)
    own.jump(10 * minuteMs)
    expect(passed()).toBe(10 * minuteMs)
  })

  it('follows the index', async () => {
    index.jump(dayMs)
    await own.pass(minuteMs)
    expect(passed()).toBe(dayMs)
    index.jump(-2 * dayMs)
    await own.pass(minuteMs)
    expect(passed()).toBe(-dayMs)
  })

  it('goes on while the index is away, and follows it again', async () => {
    isAway = true
    await own.pass(5 * minuteMs)
    expect(passed()).toBe(5 * minuteMs)
    isAway = false
    index.jump(dayMs)
    await own.pass(minuteMs)
    expect(passed()).toBe(dayMs)
  })

  it('is not set back by less than the answer may be late', async () => {
    index.jump(minuteMs - 50)
    await own.pass(minuteMs)
    expect(passed()).toBe(minuteMs)
  })
})

describe.skipIf(noPostgres !== undefined)(`a node whose clock is set ten days ahead ${noPostgres ?? ''}`, () => {
  let postgres: TestPostgres
  let upstream: TestUpstream
  let node: TestNode

  beforeAll(async () => {
    postgres = await startPostgres()
    upstream = await startOwnUpstream()
    const env = { ...storeIn(postgres, upstream), MYFSIO_BUCKETS: 'bucket' }
    node = await startNode(env)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * dayMs })
  }, 60_000)
  afterAll(async () => {
    await node?.close()
    vi.useRealTimers()
    await upstream?.close()
    await postgres?.close()
  })

  const timeOfIndex = async () =>
    Number((await postgres.query('SELECT extract(epoch FROM clock_timestamp()) * 1000'))[0]?.[0])

  it('goes by that of the database, for locks as for everything else', async () => {
    for (const timeMs of [() => node.opened.clock.nowMs(), () => node.opened.services.store.timeMs()]) {
      const differenceMs = Math.abs((await timeMs()) - (await timeOfIndex()))
      expect(differenceMs).toBeLessThan(dayMs)
    }
  })

  it('takes the requests of a client whose clock is right', async () => {
    const s3 = node.s3()
    s3.config.systemClockOffset = -10 * dayMs
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'body' }))
    const { modifiedAtMs } = await node.opened.services.store.headObject('bucket', 'key', undefined)
    expect(Math.abs(modifiedAtMs - (await timeOfIndex()))).toBeLessThan(dayMs)
    s3.destroy()
  })
})
