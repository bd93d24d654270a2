/** Imports that are interrupted, repeated, or limited to a part of the source. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketCorsCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketWebsiteCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketCorsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startServer, type TestServer } from '../s3/start-server.ts'
import { addressOf, runMigrate, startMigrate } from './run-migrate.ts'

const MiB = 1024 * 1024
let source: TestServer
let there: S3Client
let folder: string
let target: TestServer
let here: S3Client

beforeAll(async () => {
  source = await startServer()
  there = source.client()
}, 240_000)
afterAll(() => source.close())
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'myfsio-import-'))
  target = await startServer({ root: folder })
  here = target.client()
}, 240_000)
afterEach(async () => {
  await target.close()
  rmSync(folder, { recursive: true })
})

const put = (Bucket: string, Key: string, Body: string | Buffer) =>
  there.send(new PutObjectCommand({ Bucket, Key, Body }))

async function makeBucket(Bucket: string): Promise<void> {
  await there.send(new CreateBucketCommand({ Bucket }))
}

async function enableVersions(Bucket: string): Promise<void> {
  const VersioningConfiguration = { Status: 'Enabled' } as const
  await there.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
}

async function putParts(Bucket: string, Key: string, count: number): Promise<void> {
  const { UploadId } = await there.send(new CreateMultipartUploadCommand({ Bucket, Key }))
  const Parts = []
  for (let PartNumber = 1; PartNumber <= count; PartNumber++) {
    const Body = Buffer.alloc(5 * MiB, PartNumber)
    const { ETag } = await there.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))
    Parts.push({ PartNumber, ETag })
  }
  await there.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }))
}

const textOf = async (Bucket: string, Key: string) =>
  (await here.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()

const summary = (lines: readonly string[]) => lines.at(-1) ?? ''

describe('an import', () => {
  it('continues after kill -9, also within a large object', { timeout: 240_000 }, async () => {
    const Bucket = 'resumed'
    await makeBucket(Bucket)
    await putParts(Bucket, 'large', 12)
    for (let at = 0; at < 40; at++) await put(Bucket, `small-${at}`, `body ${at}`)
    const words = ['--from', addressOf(source, Bucket), '--parallel', '1']
    const killed = startMigrate(folder, words)
    await vi.waitFor(
      async () => {
        const { Uploads = [] } = await here.send(new ListMultipartUploadsCommand({ Bucket }))
        expect(Uploads.length).toBe(1)
      },
      { timeout: 60_000, interval: 10 },
    )
    killed.child.kill('SIGKILL')
    await killed.exited
    const { status, lines } = await runMigrate(folder, words)
    expect({ status, summary: summary(lines) }).toMatchObject({
      status: 0,
      summary: expect.stringMatching(/ 0 failed$/),
    })
    const [a, b] = await Promise.all([there, here].map((client) => client.send(new ListObjectsV2Command({ Bucket }))))
    const listed = (answer: typeof a) =>
      answer?.Contents?.map(({ Key, ETag, Size, LastModified }) => [Key, ETag, Size, LastModified])
    expect(listed(b)).toEqual(listed(a))
    const { Uploads } = await here.send(new ListMultipartUploadsCommand({ Bucket }))
    expect(Uploads).toBeUndefined()
  })

  it('imports changed objects again, adds new versions on top, and keeps newer ones here', {
    timeout: 120_000,
  }, async () => {
    const Bucket = 'changing'
    await makeBucket(Bucket)
    for (const key of ['same', 'changed', 'newer-here']) await put(Bucket, key, 'first')
    const words = ['--from', addressOf(source, Bucket)]
    expect(summary((await runMigrate(folder, words)).lines)).toBe('3 objects, 15 bytes imported, 0 failed')
    await put(Bucket, 'changed', 'second')
    await here.send(new PutObjectCommand({ Bucket, Key: 'newer-here', Body: 'ours' }))
    const { lines } = await runMigrate(folder, words)
    expect(lines).toEqual([
      'note: versions left out, since what is here is newer: changing/newer-here',
      '1 were there already.',
      '1 objects, 6 bytes imported, 0 failed',
    ])
    expect(await textOf(Bucket, 'changed')).toBe('second')
    expect(await textOf(Bucket, 'newer-here')).toBe('ours')
    await enableVersions(Bucket)
    await put(Bucket, 'changed', 'third')
    await there.send(new DeleteObjectCommand({ Bucket, Key: 'same' }))
    expect(summary((await runMigrate(folder, words)).lines)).toBe('2 objects, 5 bytes imported, 0 failed')
    const { Versions = [], DeleteMarkers } = await here.send(new ListObjectVersionsCommand({ Bucket }))
    expect(Versions.map(({ Key, Size, IsLatest }) => [Key, Size, IsLatest])).toEqual([
      ['changed', 5, true],
      ['changed', 6, false],
      ['newer-here', 4, true],
      ['same', 5, false],
    ])
    expect(DeleteMarkers).toMatchObject([{ Key: 'same', IsLatest: true }])
  })

  it('reports what it would import, and imports nothing, with --dry-run', { timeout: 240_000 }, async () => {
    await makeBucket('dry')
    await put('dry', 'key', 'body')
    const { status, lines } = await runMigrate(folder, ['--from', addressOf(source, 'dry'), '--dry-run'])
    expect({ status, lines }).toEqual({
      status: 0,
      lines: ['1 objects, 4 bytes imported, 0 failed (dry run: nothing was written)'],
    })
    await expect(here.send(new HeadBucketCommand({ Bucket: 'dry' }))).rejects.toMatchObject({ name: 'NotFound' })
  })

  it('imports the keys of a prefix into a bucket with another name', { timeout: 240_000 }, async () => {
    await makeBucket('prefixed')
    await put('prefixed', 'in/é + ü', 'inside')
    await put('prefixed', 'out', 'outside')
    const { lines } = await runMigrate(folder, ['--from', addressOf(source, 'prefixed/in/'), '--into', 'elsewhere'])
    expect(lines).toEqual(['1 objects, 6 bytes imported, 0 failed'])
    expect(await textOf('elsewhere', 'in/é + ü')).toBe('inside')
  })

  it('imports the settings of a bucket', { timeout: 240_000 }, async () => {
    const Bucket = 'with-settings'
    await there.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))
    const TagSet = [{ Key: 'team', Value: 'blue' }]
    const CORSRules = [{ AllowedMethods: ['GET'], AllowedOrigins: ['https://example.com'] }]
    const IndexDocument = { Suffix: 'index.html' }
    const Statement = [
      { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/public/*` },
    ]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    const Rule = { DefaultRetention: { Mode: 'GOVERNANCE', Days: 3 } } as const
    await put(Bucket, 'before', 'without retention')
    await there.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }))
    await there.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }))
    await there.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration: { IndexDocument } }))
    await there.send(new PutBucketPolicyCommand({ Bucket, Policy }))
    const block = { BlockPublicAcls: true, IgnorePublicAcls: true }
    await there.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: block }))
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule } as const
    await there.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }))
    const { lines } = await runMigrate(folder, ['--from', addressOf(source, Bucket)])
    expect(lines).toEqual(['1 objects, 17 bytes imported, 0 failed'])
    const which = { Bucket }
    expect((await here.send(new GetBucketTaggingCommand(which))).TagSet).toEqual(TagSet)
    expect((await here.send(new GetBucketCorsCommand(which))).CORSRules).toMatchObject(CORSRules)
    expect((await here.send(new GetBucketWebsiteCommand(which))).IndexDocument).toEqual(IndexDocument)
    expect(JSON.parse((await here.send(new GetBucketPolicyCommand(which))).Policy ?? '')).toMatchObject({ Statement })
    const answered = await here.send(new GetPublicAccessBlockCommand(which))
    expect(answered.PublicAccessBlockConfiguration).toMatchObject(block)
    const lock = await here.send(new GetObjectLockConfigurationCommand(which))
    expect(lock.ObjectLockConfiguration).toEqual(ObjectLockConfiguration)
    const head = await here.send(new HeadObjectCommand({ Bucket, Key: 'before' }))
    expect(head.ObjectLockMode).toBeUndefined()
  })

  it('reports failures, and ends with status 1', { timeout: 240_000 }, async () => {
    const Bucket = 'failing'
    await makeBucket(Bucket)
    const SSECustomerKey = Buffer.alloc(32, 7).toString('base64')
    const sse = { SSECustomerAlgorithm: 'AES256', SSECustomerKey } as const
    await there.send(new PutObjectCommand({ Bucket, Key: 'secret', Body: 'sealed', ...sse }))
    await put(Bucket, 'open', 'body')
    const { status, lines } = await runMigrate(folder, ['--from', addressOf(source, Bucket)])
    expect(status).toBe(1)
    expect(lines).toEqual([expect.stringMatching(/^failed failing\/secret: /), '1 objects, 4 bytes imported, 1 failed'])
  })
})

describe('a source that cannot be read', () => {
  it('is reported in a sentence, without a secret', { timeout: 240_000 }, async () => {
    const env = { FROM_SECRET_ACCESS_KEY: 'wrong-secret' }
    const launched = startMigrate(folder, ['--from', addressOf(source)], env)
    expect(await launched.exited).toBe(1)
    expect(launched.output()).toContain('SignatureDoesNotMatch')
    expect(launched.output()).not.toContain('wrong-secret')
    const words = ['--from', 's3://user:secret@bucket?endpoint=http://localhost']
    const refused = startMigrate(folder, words)
    expect(await refused.exited).toBe(1)
    expect(refused.output()).toContain('without credentials')
    expect(refused.output()).not.toContain('user:secret')
  })
})
