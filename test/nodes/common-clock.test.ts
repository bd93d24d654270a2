/** Nodes go by the time of the index, whatever their own clocks say. */
import { CreateUserCommand } from '@aws-sdk/client-iam'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { CommonClock } from '#nodes/common-clock.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { postForm } from '../support/post-form.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { type Keys, startNode, storeIn, type TestNode } from './two-nodes.ts'

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

const keysOf = (accessKeyId: string) => ({ accessKeyId, secretAccessKey: `${accessKeyId}-secret` })
const root = keysOf('localadmin')
const brief = keysOf('KEYOFBRIEF0000000001')
const early = keysOf('KEYOFEARLY0000000001')

/** The key of one user expires at `endMs`, and the policy of the other allows everything until then. */
function usersUntil(endMs: number) {
  const end = new Date(endMs).toISOString()
  const key = ({ accessKeyId, secretAccessKey }: Keys, more: object = {}) => ({
    id: accessKeyId,
    secret: secretAccessKey,
    ...more,
  })
  const allowing = (more: object = {}) => ({
    all: { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*', ...more } },
  })
  const users = [
    { name: 'brief', keys: [key(brief, { expiresAt: end })], inline: allowing() },
    {
      name: 'early',
      keys: [key(early)],
      inline: allowing({ Condition: { DateLessThan: { 'aws:CurrentTime': end } } }),
    },
  ]
  return { version: 2, accounts: [{ id: '111122223333', users, keys: [key(root)] }] }
}

describe.skipIf(noPostgres !== undefined)(`a node whose clock is set ten days ahead ${noPostgres ?? ''}`, () => {
  let postgres: TestPostgres
  let upstream: TestUpstream
  /** Started before the clock was set: both are in one process. */
  let other: TestNode
  let node: TestNode

  beforeAll(async () => {
    postgres = await startPostgres()
    upstream = await startOwnUpstream()
    const env = { ...storeIn(postgres, upstream), MYFSIO_BUCKETS: 'bucket' }
    other = await startNode(env, { iam: usersUntil(Date.now() + dayMs) })
    node = await startNode(env)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * dayMs })
  }, 60_000)
  afterAll(async () => {
    await node?.close()
    await other?.close()
    vi.useRealTimers()
    await upstream?.close()
    await postgres?.close()
  })

  /** The clock of this client is right. */
  const rightly = <T extends { readonly config: { systemClockOffset: number } }>(client: T): T => {
    client.config.systemClockOffset = -10 * dayMs
    return client
  }

  const timeOfIndex = async () =>
    Number((await postgres.query('SELECT extract(epoch FROM clock_timestamp()) * 1000'))[0]?.[0])

  it('goes by that of the database, for locks as for everything else', async () => {
    for (const timeMs of [() => node.opened.clock.nowMs(), () => node.opened.services.store.timeMs()]) {
      const differenceMs = Math.abs((await timeMs()) - (await timeOfIndex()))
      expect(differenceMs).toBeLessThan(dayMs)
    }
  })

  it('takes the requests of a client whose clock is right', async () => {
    const s3 = rightly(node.s3(root))
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'body' }))
    const { modifiedAtMs } = await node.opened.services.store.headObject('bucket', 'key', undefined)
    expect(Math.abs(modifiedAtMs - (await timeOfIndex()))).toBeLessThan(dayMs)
    s3.destroy()
  })

  it('does not end keys, sessions and what policies allow, nor forms, before their time', async () => {
    await rightly(node.s3(root)).send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'body' }))
    const read = (keys: Keys) => rightly(node.s3(keys)).send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }))
    await read(brief)
    await read(early)
    const options = { endpoint: other.api, region: 'us-east-1', credentials: root, maxAttempts: 1 }
    const sts = rightly(new STSClient(options))
    const { Credentials } = await sts.send(new GetSessionTokenCommand({ DurationSeconds: 900 }))
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {}
    const session = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
    await read(session)
    expect(Math.abs((Credentials?.Expiration?.getTime() ?? 0) - (await timeOfIndex()))).toBeLessThan(dayMs)
    const postUntil = async (ms: number) => postForm(node.api, 'bucket', root, (await timeOfIndex()) + ms)
    expect((await postUntil(dayMs)).status).toBe(204)
    expect((await postUntil(-dayMs)).status).toBe(403)
  })

  it('gives what it makes the time of the database', async () => {
    const iam = rightly(node.iam(root))
    const { User } = await iam.send(new CreateUserCommand({ UserName: 'new' }))
    expect(Math.abs((User?.CreateDate?.getTime() ?? 0) - (await timeOfIndex()))).toBeLessThan(dayMs)
    const answer = await fetch(`${node.api}/presign/bucket/key`, {
      method: 'POST',
      headers: { 'x-access-key': root.accessKeyId, 'x-secret-key': root.secretAccessKey },
      body: JSON.stringify({ method: 'GET' }),
    })
    const { url } = (await answer.json()) as { url: string }
    expect((await fetch(url)).status).toBe(200)
  })
})
