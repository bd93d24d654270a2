/** A server with its bytes in another S3 store, as clients see it. */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProgram, type TestProgram } from '../support/program.ts'
import { type TestUpstream, upstreamStores } from '../support/upstream.ts'
import { clientOf, listUpstream, readBody } from './reading.ts'

const MiB = 1024 * 1024
const small = Buffer.from('a small body')
const large = randomBytes(3 * MiB)

describe.each(upstreamStores)('objects with bytes in $name', ({ isThere, start }) => {
  let upstream: TestUpstream
  let program: TestProgram
  let s3: aws.S3Client
  const Bucket = 'bucket'

  beforeAll(async () => {
    if (!isThere) return
    upstream = await start()
    program = await startProgram('api', { env: { ...upstream.env, MYFSIO_BUCKETS: 'bucket,versions' } })
    s3 = clientOf(program)
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await s3.send(new aws.PutBucketVersioningCommand({ Bucket: 'versions', VersioningConfiguration }))
  })
  afterAll(async () => {
    s3?.destroy()
    await program?.close()
    await upstream?.close()
  })

  const get = async (Key: string, more: Partial<aws.GetObjectCommandInput> = {}) =>
    readBody(await s3.send(new aws.GetObjectCommand({ Bucket, Key, ...more })))
  const countUpstream = async () => (await listUpstream(upstream)).length

  it.skipIf(!isThere)('come back as they were put, whole and in ranges', async () => {
    for (const [Key, Body] of Object.entries({ small, large, empty: Buffer.alloc(0) })) {
      const put = await s3.send(new aws.PutObjectCommand({ Bucket, Key, Body, ChecksumAlgorithm: 'SHA256' }))
      expect((await get(Key)).equals(Body)).toBe(true)
      const head = await s3.send(new aws.HeadObjectCommand({ Bucket, Key }))
      expect([head.ContentLength, head.ETag]).toEqual([Body.length, put.ETag])
      if (Body.length > 0) expect(await get(Key, { Range: 'bytes=3-9' })).toEqual(Body.subarray(3, 10))
    }
    expect((await get('large', { Range: `bytes=${2 * MiB}-` })).equals(large.subarray(2 * MiB))).toBe(true)
    expect(await get('large', { Range: 'bytes=-5' })).toEqual(large.subarray(-5))
  })

  it.skipIf(!isThere)('are only in the index if they are small', async () => {
    const before = await countUpstream()
    await s3.send(new aws.PutObjectCommand({ Bucket, Key: 'in the index', Body: Buffer.alloc(64 * 1024, 'x') }))
    await s3.send(new aws.CopyObjectCommand({ Bucket, Key: 'a copy', CopySource: `${Bucket}/in%20the%20index` }))
    expect((await get('a copy')).equals(Buffer.alloc(64 * 1024, 'x'))).toBe(true)
    expect(await countUpstream()).toBe(before)
  })

  it.skipIf(!isThere)('may be uploaded without their size', async () => {
    for (const body of [small, large, randomBytes(20 * MiB)]) {
      const source = Readable.from(
        (function* () {
          for (let at = 0; at < body.length; at += 100_000) yield body.subarray(at, at + 100_000)
        })(),
        { objectMode: false },
      )
      const bucket = await program.opened.services.store.getBucket(Bucket)
      const { store } = program.opened.services
      const staged = await store.stage({ source, sizeBytes: undefined, maxBytes: 100 * MiB, algorithms: [] })
      const value = staged.digests.get('CRC64NVME')?.toString('base64') ?? ''
      await store.putObject({
        bucket,
        key: 'unknown size',
        staged,
        attributes: { headers: {}, userMetadata: {}, storageClass: 'STANDARD', ownerId: bucket.ownerId },
        checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value },
        conditions: {},
      })
      expect((await get('unknown size')).equals(body)).toBe(true)
    }
  })

  it.skipIf(!isThere)('are copied without a byte more upstream, and outlive their source', async () => {
    await s3.send(new aws.PutObjectCommand({ Bucket, Key: 'source', Body: large }))
    const before = await countUpstream()
    const copied = await s3.send(new aws.CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/source` }))
    const head = await s3.send(new aws.HeadObjectCommand({ Bucket, Key: 'source' }))
    expect(copied.CopyObjectResult?.ETag).toBe(head.ETag)
    await s3.send(new aws.DeleteObjectCommand({ Bucket, Key: 'source' }))
    expect((await get('copy')).equals(large)).toBe(true)
    expect(await countUpstream()).toBe(before)
  })

  it.skipIf(!isThere)('have uploaded and copied parts, which are read by their numbers', async () => {
    await s3.send(new aws.PutObjectCommand({ Bucket, Key: 'of parts/source', Body: randomBytes(6 * MiB) }))
    const source = await get('of parts/source')
    const Key = 'of parts'
    const { UploadId } = await s3.send(new aws.CreateMultipartUploadCommand({ Bucket, Key }))
    const first = randomBytes(5 * MiB)
    const last = Buffer.from('the end')
    const put = async (PartNumber: number, Body: Buffer) => {
      const { ETag } = await s3.send(new aws.UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))
      return { PartNumber, ETag }
    }
    await put(1, randomBytes(5 * MiB))
    const parts = [await put(1, first)]
    const CopySource = `${Bucket}/of%20parts/source`
    const range = { CopySourceRange: `bytes=100-${100 + 5 * MiB - 1}` }
    const copied = await s3.send(
      new aws.UploadPartCopyCommand({ Bucket, Key, UploadId, PartNumber: 2, CopySource, ...range }),
    )
    parts.push({ PartNumber: 2, ETag: copied.CopyPartResult?.ETag })
    parts.push(await put(3, last))
    await put(4, randomBytes(MiB))
    const before = await countUpstream()
    await s3.send(new aws.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts: parts } }))
    expect(await countUpstream()).toBe(before)
    const whole = Buffer.concat([first, source.subarray(100, 100 + 5 * MiB), last])
    expect((await get(Key)).equals(whole)).toBe(true)
    const across = { start: 5 * MiB - 10, end: 10 * MiB + 3 }
    expect(
      (await get(Key, { Range: `bytes=${across.start}-${across.end - 1}` })).equals(
        whole.subarray(across.start, across.end),
      ),
    ).toBe(true)
    expect((await get(Key, { PartNumber: 2 })).equals(source.subarray(100, 100 + 5 * MiB))).toBe(true)
    expect(await get(Key, { PartNumber: 3 })).toEqual(last)
    await s3.send(new aws.CopyObjectCommand({ Bucket, Key: 'copy of parts', CopySource: `${Bucket}/of%20parts` }))
    expect((await get('copy of parts')).equals(whole)).toBe(true)
  })

  it.skipIf(!isThere)('grow by appends, and only the new bytes go upstream', async () => {
    const Key = 'appended'
    await s3.send(new aws.PutObjectCommand({ Bucket, Key, Body: large }))
    let whole = large
    const append = async (Body: Buffer) => {
      await s3.send(new aws.PutObjectCommand({ Bucket, Key, Body, WriteOffsetBytes: whole.length }))
      whole = Buffer.concat([whole, Body])
    }
    const before = await countUpstream()
    for (let line = 0; line < 20; line++) await append(Buffer.from(`line ${line}\n`))
    expect(await countUpstream()).toBe(before)
    await append(large)
    expect(await countUpstream()).toBe(before + 1)
    await append(small)
    expect((await get(Key)).equals(whole)).toBe(true)
  })

  it.skipIf(!isThere)('have versions that are deleted one by one', async () => {
    const bucket = { Bucket: 'versions', Key: 'key' }
    const versions = [large, small, randomBytes(MiB)]
    const ids: string[] = []
    for (const Body of versions) {
      const { VersionId = '' } = await s3.send(new aws.PutObjectCommand({ ...bucket, Body }))
      ids.push(VersionId)
    }
    for (const [at, VersionId] of ids.entries()) {
      expect((await get('key', { Bucket: 'versions', VersionId })).equals(versions[at] as Buffer)).toBe(true)
    }
    await s3.send(new aws.DeleteObjectCommand(bucket))
    await s3.send(new aws.DeleteObjectCommand({ ...bucket, VersionId: ids[2] }))
    await expect(s3.send(new aws.GetObjectCommand(bucket))).rejects.toMatchObject({ name: 'NoSuchKey' })
    expect((await get('key', { Bucket: 'versions', VersionId: ids[0] })).equals(large)).toBe(true)
    await s3.send(new aws.RenameObjectCommand({ Bucket, Key: 'renamed', RenameSource: `/${Bucket}/large` }))
    expect((await get('renamed')).equals(large)).toBe(true)
  })

  it.skipIf(!isThere)('are encrypted before they go upstream', async () => {
    const text = Buffer.alloc(3 * MiB, 'to be read by nobody else ')
    for (const ServerSideEncryption of ['AES256', 'aws:kms'] as const) {
      const Key = `sealed by ${ServerSideEncryption}`
      await s3.send(new aws.PutObjectCommand({ Bucket, Key, Body: text, ServerSideEncryption }))
      expect((await get(Key)).equals(text)).toBe(true)
      expect(await get(Key, { Range: 'bytes=2000000-2000100' })).toEqual(text.subarray(2_000_000, 2_000_101))
    }
    for (const { Key, Size = 0 } of await listUpstream(upstream)) {
      if (Size < text.length) continue
      const { bucket } = upstream.settings
      const kept = await readBody(await upstream.client.send(new aws.GetObjectCommand({ Bucket: bucket, Key })))
      expect(kept.includes('to be read by nobody else')).toBe(false)
    }
  })

  it.skipIf(!isThere)('stay while they are locked', async () => {
    const locked = { Bucket: 'locked', Key: 'key' }
    await s3.send(new aws.CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }))
    const ObjectLockRetainUntilDate = new Date(Date.now() + 86_400_000)
    const { VersionId } = await s3.send(
      new aws.PutObjectCommand({ ...locked, Body: large, ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate }),
    )
    await expect(s3.send(new aws.DeleteObjectCommand({ ...locked, VersionId }))).rejects.toMatchObject({
      name: 'AccessDenied',
    })
    expect((await get('key', { Bucket: 'locked', VersionId })).equals(large)).toBe(true)
  })
})
