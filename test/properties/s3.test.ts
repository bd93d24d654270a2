/**
 * Random sequences of requests, through HTTP and the SDK, against a model of S3. The server is closed and opened again
 * in between and at the end. MYFSIO_PROPERTY_RUNS sets the number, MYFSIO_SEED the seed that a failure has printed.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { startServer, type TestServer } from '../s3/start-server.ts'
import { BucketDriver } from './bucket-driver.ts'
import { command } from './commands.ts'

const numRuns = Number(process.env.MYFSIO_PROPERTY_RUNS ?? 6)
const seed = process.env.MYFSIO_SEED === undefined ? undefined : Number(process.env.MYFSIO_SEED)

describe('any sequence of requests', () => {
  let root: string
  let server: TestServer
  let client: S3Client
  let count = 0

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'myfsio-properties-'))
    await open()
  })
  afterAll(async () => {
    client.destroy()
    await server.close()
    await rm(root, { recursive: true, force: true })
  })

  async function open(): Promise<S3Client> {
    server = await startServer({ root })
    client = server.client()
    return client
  }

  async function reopen(): Promise<S3Client> {
    client.destroy()
    await server.close()
    return open()
  }

  it('does what S3 does, also after a restart', { timeout: Math.max(60_000, numRuns * 10_000) }, async () => {
    const property = fc.asyncProperty(
      fc.array(command, { minLength: 5, maxLength: 60, size: 'max' }),
      fc.boolean(),
      async (commands, hasLock) => {
        const Bucket = `bucket-${count++}`
        await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: hasLock }))
        const driver = new BucketDriver(client, Bucket, reopen, hasLock)
        for (const each of commands) await driver.run(each)
        await driver.compareAll()
        await driver.reopen({ kind: 'reopen' })
        await driver.compareAll()
      },
    )
    await fc.assert(property, {
      numRuns,
      interruptAfterTimeLimit: numRuns * 4000,
      ...(seed === undefined ? {} : { seed }),
    })
  })
})
