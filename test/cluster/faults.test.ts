/**
 * Two nodes under load lose a node, the database or the upstream store: no acknowledged write is lost, the answers are
 * linearizable, and service continues automatically. CLUSTER_FAULT_ROUNDS=10 runs more rounds.
 * CLUSTER_OUTAGE_SECONDS=20 makes the outage of the store longer.
 */
import { setTimeout as pass } from 'node:timers/promises'
import { CreateBucketCommand, HeadBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Recorder } from '../linearizability/history.ts'
import { expectLinearizable, startClients } from '../linearizability/work.ts'
import { noPostgres, type TestServer } from '../support/postgres.ts'
import { Cluster } from './cluster.ts'
import { Ledger } from './ledger.ts'

const rounds = Number(process.env.CLUSTER_FAULT_ROUNDS ?? 1)
const outageMs = Number(process.env.CLUSTER_OUTAGE_SECONDS ?? 5) * 1000
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
/** The time of load before and after a fault. */
const calmMs = 1500
/** Service must continue within this time after a fault. */
const recoveryMs = 45_000
const skipped = noPostgres ?? (process.env.TEST_POSTGRES_URL ? 'with a server that the tests may not stop' : undefined)

describe.skipIf(skipped !== undefined)(`two nodes under load ${skipped ?? ''}`, () => {
  let cluster: Cluster
  let server: TestServer

  beforeAll(async () => {
    cluster = await Cluster.start({ workers: 1 })
    server = cluster.postgres.server as TestServer
  }, 120_000)
  afterAll(() => cluster?.remove())

  const faults: readonly (readonly [name: string, fault: (round: number) => Promise<void>])[] = [
    [
      'kill -9 of a node',
      async (round) => {
        const at = round % cluster.nodes.length
        cluster.nodes[at]?.kill()
        await pass(calmMs)
        await cluster.startNode(at)
      },
    ],
    [
      'restart of PostgreSQL',
      async () => {
        await server.stop('fast')
        await server.start()
      },
    ],
    [
      'crash of PostgreSQL',
      async () => {
        await server.stop('immediate')
        await server.start()
      },
    ],
    [
      'store of bytes that hangs',
      async () => {
        cluster.upstreamServer.freeze()
        await pass(outageMs)
        cluster.upstreamServer.goOn()
      },
    ],
    [
      'kill -9 of the store of bytes',
      async () => {
        cluster.upstreamServer.kill()
        await pass(outageMs)
        await cluster.startUpstream()
      },
    ],
  ]

  it.each(faults)('%s', { timeout: rounds * 120_000 + outageMs * rounds + recoveryMs }, async (name, fault) => {
    const Bucket = name.toLowerCase().replaceAll(/[^a-z]+/g, '-')
    await cluster.client(0).send(new CreateBucketCommand({ Bucket }))
    const clients = cluster.nodes.map((_, at) => cluster.client(at))
    const recorder = new Recorder(cluster.ports, Bucket, { areKilled: true })
    const ledgerBucket = `ledger-${Bucket}`
    await cluster.client(0).send(new CreateBucketCommand({ Bucket: ledgerBucket }))
    const ledger = new Ledger(ledgerBucket)
    let isOver = false
    const goesOn = () => !isOver
    const work = [
      startClients(recorder, { goesOn, seed, pauseMs: 20 }),
      ...[0, 1].map(() => ledger.write(clients, goesOn)),
    ]
    const ended = Promise.all(work)
    ended.catch(() => undefined)
    for (let round = 0; round < rounds; round++) {
      await Promise.race([pass(calmMs), ended])
      await fault(round)
      // Each node serves small and large bodies again without a restart.
      for (const client of clients) {
        await vi.waitFor(
          async () => {
            await client.send(new HeadBucketCommand({ Bucket: ledgerBucket }))
            const sent = ['small', 'large'].map((Key) => ({ Key, Body: Buffer.alloc(Key === 'small' ? 100 : 100_000) }))
            for (const one of sent) await client.send(new PutObjectCommand({ Bucket: ledgerBucket, ...one }))
          },
          { timeout: recoveryMs, interval: 200 },
        )
      }
      await Promise.race([pass(calmMs), ended])
    }
    isOver = true
    await ended
    expect(ledger.wrong).toEqual([])
    expect(ledger.size).toBeGreaterThan(0)
    expectLinearizable(recorder, `SEED=${seed}`)
    for (const client of clients) expect(await ledger.findLost(client)).toEqual([])
    if (process.env.CLUSTER_VERBOSE) console.log(name, ledger.size, [...recorder.statuses], recorder.count)
  })
})
