/**
 * Reads, writes, appends and renames of a few keys over two nodes are linearizable, like those over the workers of one
 * node (test/faults/linearizability.test.ts). For a longer run: LINEARIZABILITY_SECONDS=300 npx vitest run
 * test/cluster/linearizability
 */
import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { Recorder } from '../linearizability/history.ts'
import { expectLinearizable, startClients, stopAfter } from '../linearizability/work.ts'
import { noPostgres } from '../support/postgres.ts'
import { Cluster } from './cluster.ts'

const seconds = Number(process.env.LINEARIZABILITY_SECONDS ?? 5)
const secondsMax = Math.max(seconds, 40)
const operationsMin = 1500
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)

describe.skipIf(noPostgres !== undefined)(`two nodes ${noPostgres ?? ''}`, () => {
  let cluster: Cluster

  beforeAll(async () => {
    cluster = await Cluster.start({ workers: 2 })
  }, 120_000)
  afterAll(() => cluster?.remove())

  it.each(['never versioned', 'versioned'])(
    'are linearizable in a bucket that is %s',
    { timeout: secondsMax * 5000 + 60_000 },
    async (versioning) => {
      const Bucket = versioning.replaceAll(' ', '-')
      const client = cluster.client(0)
      await client.send(new CreateBucketCommand({ Bucket }))
      if (versioning === 'versioned') {
        const VersioningConfiguration = { Status: 'Enabled' } as const
        await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
      }
      const recorder = new Recorder(cluster.ports, Bucket)
      await startClients(recorder, { goesOn: stopAfter({ seconds, secondsMax, operationsMin }, recorder), seed })
      expectLinearizable(recorder, `SEED=${seed}`)
    },
  )
})
