/** What one node has written, another node serves at once. In each test, every step goes to the other node. */
import { createHash, randomBytes } from 'node:crypto'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noPostgres } from '../support/postgres.ts'
import { Cluster } from './cluster.ts'

const MiB = 1024 * 1024
const md5Of = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')
const small = Buffer.from('a body in the commit')
const large = randomBytes(3 * MiB)

describe.skipIf(noPostgres !== undefined)(`two nodes ${noPostgres ?? ''}`, () => {
  let cluster: Cluster
  let clients: readonly aws.S3Client[]
  let Bucket = ''
  let count = 0

  beforeAll(async () => {
    cluster = await Cluster.start()
    clients = cluster.nodes.map((_, at) => cluster.client(at))
  }, 120_000)
  afterAll(() => cluster?.remove())

  const newBucket = async (client: aws.S3Client, more: Partial<aws.CreateBucketCommandInput> = {}) => {
    Bucket = `bucket-${count++}`
    await client.send(new aws.CreateBucketCommand({ Bucket, ...more }))
  }
  const read = async (client: aws.S3Client, Key: string, more: Partial<aws.GetObjectCommandInput> = {}) => {
    const { Body } = await client.send(new aws.GetObjectCommand({ Bucket, Key, ...more }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }
  const put = (client: aws.S3Client, Key: string, Body: Buffer, more: Partial<aws.PutObjectCommandInput> = {}) =>
    client.send(new aws.PutObjectCommand({ Bucket, Key, Body, ...more }))
  const list = async (client: aws.S3Client) =>
    (await client.send(new aws.ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key) ?? []

  describe.each([
    [0, 1],
    [1, 0],
  ])('from node %i to node %i', (first, second) => {
    let a: aws.S3Client
    let b: aws.S3Client

    beforeAll(async () => {
      a = clients[first] as aws.S3Client
      b = clients[second] as aws.S3Client
      await newBucket(a)
    })

    it.each([
      ['small', small],
      ['large', large],
      ['empty', Buffer.alloc(0)],
    ])('a %s object is read, listed, replaced and deleted', async (name, bytes) => {
      const { ETag } = await put(a, name, bytes, { ContentType: 'text/x-own', Metadata: { colour: 'blue' } })
      expect(ETag).toBe(`"${md5Of(bytes)}"`)
      expect((await read(b, name)).equals(bytes)).toBe(true)
      const head = await b.send(new aws.HeadObjectCommand({ Bucket, Key: name }))
      expect(head).toMatchObject({ ETag, ContentType: 'text/x-own', Metadata: { colour: 'blue' } })
      expect(await list(b)).toContain(name)
      await put(b, name, small)
      expect((await read(a, name)).equals(small)).toBe(true)
      await a.send(new aws.DeleteObjectCommand({ Bucket, Key: name }))
      await expect(read(b, name)).rejects.toMatchObject({ name: 'NoSuchKey' })
      expect(await list(b)).not.toContain(name)
    })

    it('ranges of a large object are those of its bytes', async () => {
      await put(a, 'ranges', large)
      expect((await read(b, 'ranges', { Range: 'bytes=1000000-1999999' })).equals(large.subarray(1e6, 2e6))).toBe(true)
      expect((await read(b, 'ranges', { Range: 'bytes=-7' })).equals(large.subarray(-7))).toBe(true)
    })

    it('both list an upload and accept its parts, and the other completes it', async () => {
      const Key = 'parts'
      const bytes = randomBytes(11 * MiB)
      const { UploadId } = await a.send(new aws.CreateMultipartUploadCommand({ Bucket, Key }))
      const Parts: aws.CompletedPart[] = []
      for (const [at, client] of [b, a, b].entries()) {
        const Body = bytes.subarray(at * 5 * MiB, (at + 1) * 5 * MiB)
        const part = { Bucket, Key, UploadId, PartNumber: at + 1 }
        const { ETag } = await client.send(new aws.UploadPartCommand({ ...part, Body }))
        Parts.push({ PartNumber: at + 1, ETag })
      }
      for (const client of [a, b]) {
        const listed = await client.send(new aws.ListPartsCommand({ Bucket, Key, UploadId }))
        expect(listed.Parts?.map(({ ETag }) => ETag)).toEqual(Parts.map(({ ETag }) => ETag))
      }
      const end = { Bucket, Key, UploadId, MultipartUpload: { Parts } }
      const { ETag } = await b.send(new aws.CompleteMultipartUploadCommand(end))
      // Repeated, as after a lost answer.
      expect((await a.send(new aws.CompleteMultipartUploadCommand(end))).ETag).toBe(ETag)
      expect((await read(a, Key)).equals(bytes)).toBe(true)
      expect((await read(a, Key, { PartNumber: 3 })).length).toBe(MiB)
      const { Uploads = [] } = await a.send(new aws.ListMultipartUploadsCommand({ Bucket }))
      expect(Uploads).toEqual([])
    })

    it('an upload that one aborts no longer exists on the other', async () => {
      const upload = await a.send(new aws.CreateMultipartUploadCommand({ Bucket, Key: 'aborted' }))
      const which = { Bucket, Key: 'aborted', UploadId: upload.UploadId }
      await b.send(new aws.UploadPartCommand({ ...which, PartNumber: 1, Body: large }))
      await b.send(new aws.AbortMultipartUploadCommand(which))
      const late = a.send(new aws.UploadPartCommand({ ...which, PartNumber: 2, Body: small }))
      await expect(late).rejects.toMatchObject({ name: 'NoSuchUpload' })
    })

    it('copies, renames and appends work on what the other has written', async () => {
      await put(a, 'source', large)
      await b.send(new aws.CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/source` }))
      await a.send(new aws.RenameObjectCommand({ Bucket, Key: 'renamed', RenameSource: `/${Bucket}/copy` }))
      await expect(read(b, 'copy')).rejects.toMatchObject({ name: 'NoSuchKey' })
      await put(b, 'renamed', small, { WriteOffsetBytes: large.length })
      await b.send(new aws.DeleteObjectCommand({ Bucket, Key: 'source' }))
      expect((await read(a, 'renamed')).equals(Buffer.concat([large, small]))).toBe(true)
    })

    it('only one of several conditional writes of a key over both succeeds', async () => {
      const create = (_: unknown, at: number) =>
        put(at % 2 === 0 ? a : b, 'once', Buffer.from(`by ${at}`), { IfNoneMatch: '*' })
      const created = await Promise.allSettled(Array.from({ length: 20 }, create))
      expect(created.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      const ETag = created.find((one) => one.status === 'fulfilled')?.value.ETag
      const replace = (_: unknown, at: number) =>
        put(at % 2 === 0 ? a : b, 'once', Buffer.from(`again by ${at}`), { IfMatch: ETag })
      const replaced = await Promise.allSettled(Array.from({ length: 20 }, replace))
      expect(replaced.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const one of [...created, ...replaced]) {
        if (one.status === 'rejected') expect(one.reason.$metadata.httpStatusCode).toBeOneOf([409, 412])
      }
    })

    it('both have the same tags, policies and settings of a bucket', async () => {
      const Tagging = { TagSet: [{ Key: 'team', Value: 'red' }] }
      await put(a, 'tagged', small)
      await a.send(new aws.PutObjectTaggingCommand({ Bucket, Key: 'tagged', Tagging }))
      expect((await b.send(new aws.GetObjectTaggingCommand({ Bucket, Key: 'tagged' }))).TagSet).toEqual(Tagging.TagSet)
      const CORSRules = [{ AllowedMethods: ['GET'], AllowedOrigins: ['https://example.com'] }]
      await b.send(new aws.PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }))
      expect((await a.send(new aws.GetBucketCorsCommand({ Bucket }))).CORSRules).toEqual(CORSRules)
      await b.send(new aws.DeleteBucketCorsCommand({ Bucket }))
      await expect(a.send(new aws.GetBucketCorsCommand({ Bucket }))).rejects.toThrow()
    })

    it('both see versions, delete markers and a batch deletion', async () => {
      await newBucket(a)
      const VersioningConfiguration = { Status: 'Enabled' } as const
      await a.send(new aws.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
      const ids: (string | undefined)[] = []
      for (const [at, client] of [b, a, b, a].entries()) {
        ids.push((await put(client, 'key', at % 2 === 0 ? small : large)).VersionId)
      }
      const { VersionId } = await b.send(new aws.DeleteObjectCommand({ Bucket, Key: 'key' }))
      const listed = await a.send(new aws.ListObjectVersionsCommand({ Bucket }))
      expect(listed.Versions?.map((one) => one.VersionId)).toEqual(ids.toReversed())
      expect(listed.DeleteMarkers?.map((one) => one.VersionId)).toEqual([VersionId])
      expect((await read(b, 'key', { VersionId: ids[1] })).equals(large)).toBe(true)
      const Objects = [...ids, VersionId].map((id) => ({ Key: 'key', VersionId: id }))
      const removed = await b.send(new aws.DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
      expect(removed.Deleted).toHaveLength(5)
      expect((await a.send(new aws.ListObjectVersionsCommand({ Bucket }))).Versions).toBeUndefined()
      await a.send(new aws.DeleteBucketCommand({ Bucket }))
      await expect(list(b)).rejects.toMatchObject({ name: 'NoSuchBucket' })
    })

    it('a lock that one sets holds on the other', async () => {
      await newBucket(a, { ObjectLockEnabledForBucket: true })
      const { VersionId } = await put(a, 'locked', large)
      const which = { Bucket, Key: 'locked', VersionId }
      await b.send(new aws.PutObjectLegalHoldCommand({ ...which, LegalHold: { Status: 'ON' } }))
      await expect(a.send(new aws.DeleteObjectCommand(which))).rejects.toMatchObject({ name: 'AccessDenied' })
      await a.send(new aws.PutObjectLegalHoldCommand({ ...which, LegalHold: { Status: 'OFF' } }))
      const RetainUntilDate = new Date(Date.now() + 60_000)
      await a.send(new aws.PutObjectRetentionCommand({ ...which, Retention: { Mode: 'COMPLIANCE', RetainUntilDate } }))
      await expect(b.send(new aws.DeleteObjectCommand(which))).rejects.toMatchObject({ name: 'AccessDenied' })
      expect((await read(b, 'locked')).equals(large)).toBe(true)
    })

    it.each(['AES256', 'aws:kms'] as const)('the other decrypts what one encrypts with %s', async (algorithm) => {
      await newBucket(a)
      for (const [at, bytes] of [small, large].entries()) {
        await put(a, `sealed-${at}`, bytes, { ServerSideEncryption: algorithm })
        expect((await read(b, `sealed-${at}`)).equals(bytes)).toBe(true)
        const range = await read(b, `sealed-${at}`, { Range: 'bytes=5-9' })
        expect(range.equals(bytes.subarray(5, 10))).toBe(true)
        await b.send(new aws.CopyObjectCommand({ Bucket, Key: 'opened', CopySource: `${Bucket}/sealed-${at}` }))
        expect((await read(a, 'opened')).equals(bytes)).toBe(true)
      }
    })

    it('a quota is never exceeded by writes over both', async () => {
      await newBucket(a)
      const limited = await cluster.ask(first, 'PUT', `/_/quota/${Bucket}`, { objectCount: 10 })
      expect(limited.status).toBe(204)
      const write = (_: unknown, at: number) => put(at % 2 === 0 ? a : b, `key-${at}`, small)
      const written = await Promise.allSettled(Array.from({ length: 40 }, write))
      for (const one of written) if (one.status === 'rejected') expect(one.reason.name).toBe('QuotaExceeded')
      expect(written.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
      expect(await list(b)).toHaveLength(10)
      expect(await (await cluster.ask(second, 'GET', `/_/quota/${Bucket}`)).json()).toMatchObject({
        usage: { objectCount: 10 },
      })
    })
  })
})
