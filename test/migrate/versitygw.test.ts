/** An import from versitygw, if it is installed (see test/support/upstream.ts). */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketTaggingCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../s3/start-server.ts'
import { hasVersity, startVersity, type TestUpstream } from '../support/upstream.ts'
import { addressOf, runMigrate } from './run-migrate.ts'

const MiB = 1024 * 1024
const Bucket = 'from-elsewhere'

describe.skipIf(!hasVersity)(`a bucket of versitygw${hasVersity ? '' : ', which is not installed'}`, () => {
  let folder: string
  let source: TestUpstream
  let target: TestServer

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'myfsio-versity-'))
    source = await startVersity()
    target = await startServer({ root: folder })
  }, 240_000)
  afterAll(async () => {
    await source?.close()
    await target?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function fillSource(): Promise<void> {
    const { client } = source
    await client.send(new CreateBucketCommand({ Bucket }))
    const TagSet = [{ Key: 'team', Value: 'blue' }]
    await client.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }))
    const more = { ContentType: 'text/css', CacheControl: 'no-cache', Metadata: { owner: 'ada' }, Tagging: 'a=b' }
    await client.send(new PutObjectCommand({ Bucket, Key: 'folder/small', Body: 'small', ...more }))
    await client.send(new PutObjectCommand({ Bucket, Key: 'summed', Body: 'x', ChecksumAlgorithm: 'SHA256' }))
    const Key = 'in parts'
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const Parts = []
    for (const [at, sizeBytes] of [5 * MiB, 5 * MiB, 1000].entries()) {
      const part = { Bucket, Key, UploadId, PartNumber: at + 1, Body: Buffer.alloc(sizeBytes, at) }
      const { ETag } = await client.send(new UploadPartCommand(part))
      Parts.push({ PartNumber: at + 1, ETag })
    }
    await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }))
  }

  it('is the same after an import', { timeout: 240_000 }, async () => {
    await fillSource()
    const { accessKeyId: FROM_ACCESS_KEY_ID = '', secretAccessKey: FROM_SECRET_ACCESS_KEY = '' } =
      source.settings.credentials ?? {}
    const address = addressOf({ endpoint: source.url }, Bucket)
    const env = { FROM_ACCESS_KEY_ID, FROM_SECRET_ACCESS_KEY }
    const { status, lines } = await runMigrate(folder, ['--from', address], env)
    expect({ status, last: lines.at(-1) }).toEqual({ status: 0, last: '3 objects, 10486766 bytes imported, 0 failed' })
    const here = target.client()
    const [a, b] = await Promise.all(
      [source.client, here].map((client) => client.send(new ListObjectsV2Command({ Bucket }))),
    )
    const listed = (answer: typeof a) =>
      answer?.Contents?.map(({ Key, ETag, Size, LastModified }) => [Key, ETag, Size, LastModified])
    expect(listed(b)).toEqual(listed(a))
    const head = await here.send(new HeadObjectCommand({ Bucket, Key: 'folder/small' }))
    expect(head).toMatchObject({ ContentType: 'text/css', CacheControl: 'no-cache', Metadata: { owner: 'ada' } })
    const tags = await here.send(new GetObjectTaggingCommand({ Bucket, Key: 'folder/small' }))
    expect(tags.TagSet).toEqual([{ Key: 'a', Value: 'b' }])
    const summed = await here.send(new HeadObjectCommand({ Bucket, Key: 'summed', ChecksumMode: 'ENABLED' }))
    expect(summed.ChecksumSHA256).toBeDefined()
    expect((await runMigrate(folder, ['--from', address], env)).lines.at(-1)).toBe(
      '0 objects, 0 bytes imported, 0 failed',
    )
  })
})
