/**
 * Two nodes under load lose a node, the database or the upstream store: no acknowledged write is lost, the answers are
 * linearizable, and service continues automatically. CLUSTER_FAULT_ROUNDS=10 runs more rounds.
 * CLUSTER_OUTAGE_SECONDS=20 makes the outage of the store longer.
 */
import { setTimeout as pass } from 'node:timers/promises'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { noPostgres, type TestServer } from '../support/postgres.ts'
import { Cluster } from './cluster.ts'
import { Load, recoveryMs } from './load.ts'

const rounds = Number(process.env.CLUSTER_FAULT_ROUNDS ?? 1)
const outageMs = Number(process.env.CLUSTER_OUTAGE_SECONDS ?? 5) * 1000
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
/** A killed node stays away so long. */
const awayMs = 1500
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
        await pass(awayMs)
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
    const load = await Load.start(cluster, { name: name.toLowerCase().replaceAll(/[^a-z]+/g, '-'), seed })
    for (let round = 0; round < rounds; round++) {
      await load.calm()
      await fault(round)
      await load.untilServed()
      await load.calm()
    }
    await load.end()
  })
})
