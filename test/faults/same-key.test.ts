/** Many unconditional writes of one key at once: each is answered 200 as by AWS, and the object is one of them. */
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CrashingServer } from '../crash/crashing-server.ts'

const count = 300
const Bucket = 'bucket'
const Key = 'key'
const timeout = 120_000

describe.each(['1', '3'])('with WORKERS=%s', (workers) => {
  let server: CrashingServer
  let client: S3Client

  beforeEach(async () => {
    server = await CrashingServer.create()
    await server.start({ WORKERS: workers, RATE_LIMIT_DEFAULT: '' })
    client = new S3Client({
      endpoint: `http://127.0.0.1:${server.port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: { accessKeyId: 'localadmin', secretAccessKey: 'localadmin' },
      requestHandler: new NodeHttpHandler({ httpAgent: { maxSockets: count } }),
    })
    await client.send(new CreateBucketCommand({ Bucket }))
  })
  afterEach(async () => {
    client.destroy()
    await server.remove()
  })

  const put = (i: number) => client.send(new PutObjectCommand({ Bucket, Key, Body: `body ${i}` }))
  const all = <T>(send: (i: number) => Promise<T>) => Promise.all(Array.from({ length: count }, (_, i) => send(i)))

  it(`${count} parallel PUTs of one key all succeed`, { timeout }, async () => {
    const answers = await all(put)
    const { Body, ETag } = await client.send(new GetObjectCommand({ Bucket, Key }))
    expect(await Body?.transformToString()).toMatch(/^body \d+$/)
    expect(answers.map((answer) => answer.ETag)).toContain(ETag)
  })

  it.runIf(workers === '3')('so they do in a bucket with versions, which keeps every one', { timeout }, async () => {
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
    const answers = await all(put)
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }))
    expect(new Set(Versions.map(({ VersionId }) => VersionId))).toEqual(
      new Set(answers.map(({ VersionId }) => VersionId)),
    )
    const { VersionId } = await client.send(new GetObjectCommand({ Bucket, Key }))
    expect(VersionId).toBe(Versions.find(({ IsLatest }) => IsLatest)?.VersionId)
  })

  it.runIf(workers === '3')('and beside as many deletes', { timeout }, async () => {
    await all((i) => (i % 2 === 0 ? put(i) : client.send(new DeleteObjectCommand({ Bucket, Key }))))
  })
})
