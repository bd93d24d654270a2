/**
 * The network between nodes and PostgreSQL loses all packets for a while: connections stay open, and nothing is
 * answered. CLUSTER_OUTAGE_SECONDS=60 makes it longer.
 */
import { setTimeout as pass } from 'node:timers/promises'
import { PutObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HangingProxy } from '../support/hanging-proxy.ts'
import { noPostgres } from '../support/postgres.ts'
import { Cluster } from './cluster.ts'
import { Load, recoveryMs } from './load.ts'

/** Nodes give up a connection five seconds after this time, and answer what they had asked there. */
const statementMs = 10_000
const outageMs = Number(process.env.CLUSTER_OUTAGE_SECONDS ?? 25) * 1000
/** What was sent before the outage may be done after it. */
const lateMs = outageMs + 30_000
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
const skipped = noPostgres ?? (process.env.TEST_POSTGRES_URL ? 'with a server of which other sessions are' : undefined)

type Status = '200' | '503 with Retry-After' | `${number} without`

const Key = 'contested'
/** The last message of a statement. Without it the server has executed the statement, and waits. */
const syncBytes = 5

/** The statuses of PUTs of one key, one after the other, that were answered before `over`. */
async function putUntil(over: Promise<unknown>, client: S3Client, Bucket: string): Promise<Set<Status>> {
  const statuses = new Set<Status>()
  let isOver = false
  const end = over.then(() => {
    isOver = true
  })
  const putOne = async () => {
    const status = await put(client, Bucket)
    if (!isOver) statuses.add(status)
  }
  while (!isOver) await Promise.race([putOne(), end])
  return statuses
}

async function put(client: S3Client, Bucket: string): Promise<Status> {
  try {
    await client.send(new PutObjectCommand({ Bucket, Key, Body: 'a body' }))
    return '200'
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error
    const { headers } = error.$response as unknown as { headers: Record<string, string> }
    const status = error.$metadata.httpStatusCode ?? 0
    return status === 503 && headers['retry-after'] !== undefined ? '503 with Retry-After' : `${status} without`
  }
}

/** The status is in an object because it comes later. */
interface Waiting {
  readonly status: Promise<Status>
}

function hangBeforePut(network: HangingProxy, client: S3Client, Bucket: string): Waiting {
  network.hang()
  return { status: put(client, Bucket) }
}

/** Of the commit of a PUT, only the last message does not arrive. */
async function hangInPut(network: HangingProxy, client: S3Client, Bucket: string): Promise<Waiting> {
  const hanging = network.hangAt((data) => data.includes('commit-index') && data.includes(Key), syncBytes)
  for (;;) {
    const status = put(client, Bucket)
    const hangs = hanging.then(() => true)
    if (await Promise.race([hangs, status.then(() => false)])) return { status }
  }
}

describe.skipIf(skipped !== undefined)(`two nodes under load ${skipped ?? ''}`, () => {
  let cluster: Cluster

  beforeAll(async () => {
    cluster = await Cluster.start({
      workers: 1,
      hasNetworks: true,
      parameters: { statement_timeout: String(statementMs) },
    })
  }, 120_000)
  afterAll(() => cluster?.remove())

  it.each([
    ['a node that is cut off', { isHalfSent: false, afterwards: 'deliver' }],
    ['a node that is cut off in a commit', { isHalfSent: true, afterwards: 'drop' }],
  ] as const)(
    '%s answers 503, and the other goes on',
    { timeout: outageMs + 120_000 + recoveryMs },
    async (title, fault) => {
      const name = title.replaceAll(' ', '-')
      const load = await Load.start(cluster, { name, seed, lateMs })
      const network = cluster.networks[0] as HangingProxy
      const [cutOff, other] = [cluster.client(0), cluster.client(1)]
      await load.calm()
      const first = fault.isHalfSent ? await hangInPut(network, cutOff, name) : hangBeforePut(network, cutOff, name)
      const over = pass(outageMs, 'no answer' as const)
      const [answer, refused, served] = await Promise.all([
        Promise.race([first.status, over]),
        putUntil(over, cutOff, name),
        putUntil(over, other, name),
        expect(cluster.ask(0, 'GET', '/healthz')).resolves.toMatchObject({ status: 200 }),
      ])
      network.goOn(fault.afterwards)
      expect(answer).toBe('503 with Retry-After')
      expect([...refused]).toEqual(['503 with Retry-After'])
      expect([...served]).toEqual(['200'])
      await load.untilServed()
      await load.calm()
      await load.end()
    },
  )

  it('all nodes cut off answer 503, and go on', { timeout: outageMs + 120_000 + recoveryMs }, async () => {
    const load = await Load.start(cluster, { name: 'all-cut-off', seed, lateMs })
    await load.calm()
    for (const network of cluster.networks) network.hang()
    const over = pass(outageMs)
    const refused = await Promise.all([0, 1].map((at) => putUntil(over, cluster.client(at), 'all-cut-off')))
    for (const network of cluster.networks) network.goOn('deliver')
    for (const statuses of refused) expect([...statuses]).toEqual(['503 with Retry-After'])
    await load.untilServed()
    await load.calm()
    await load.end()
  })
})
