/** PutObject with x-amz-write-offset-bytes, in every bucket: bytes at the end of an object, in one commit. */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { combineCrc } from '#lib/digest/combine.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import { openFilesBelow } from '../../faults/open-files.ts'
import { stagedFiles } from '../../staged-files.ts'
import { startServer, type TestServer } from '../start-server.ts'

const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest()
const crc = (bytes: Buffer, name: 'CRC32' | 'CRC64NVME' = 'CRC32') =>
  digestOnce([name], bytes).get(name)?.toString('base64')
const invalidOffset = {
  name: 'InvalidWriteOffset',
  message: 'The write offset value that you specified does not match the current object size.',
  $metadata: { httpStatusCode: 400 },
}

describe.each(['lmdb', 'memory'] as const)('appending (%s)', (engine) => {
  let server: TestServer
  let s3: aws.S3Client
  let count = 0
  let Bucket = ''

  beforeAll(async () => {
    server = await startServer({ engine })
    s3 = server.client()
  })
  beforeEach(async () => {
    Bucket = `append-${count++}`
    await s3.send(new aws.CreateBucketCommand({ Bucket }))
  })
  afterAll(async () => {
    s3.destroy()
    await server.close()
  })

  type More = Partial<aws.PutObjectCommandInput>
  const put = (Key: string, Body: Buffer, more: More = {}) =>
    s3.send(new aws.PutObjectCommand({ Bucket, Key, Body, ...more }))
  const append = (Key: string, WriteOffsetBytes: number, Body: Buffer, more: More = {}) =>
    put(Key, Body, { WriteOffsetBytes, ...more })
  async function read(Key: string, more: Partial<aws.GetObjectCommandInput> = {}) {
    const answer = await s3.send(new aws.GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED', ...more }))
    return { ...answer, bytes: Buffer.from((await answer.Body?.transformToByteArray()) ?? []) }
  }
  /** A replaced file is there until it is made a spare, or removed. */
  const nothingStaged = () => expect.poll(() => stagedFiles(join(server.root, 'data'))).toEqual([])
  const version = (Status: 'Enabled' | 'Suspended') =>
    s3.send(new aws.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))

  it.each([
    ['small and small', 100, 200],
    ['small and large', 100, 200_000],
    ['large and small', 200_000, 100],
    ['across the size up to which bodies are in the commit', 65_000, 1000],
    ['large and large', 3_000_000, 2_000_000],
  ])('%s makes one object of both, which is read as one', async (_title, a, b) => {
    const [first, second] = [randomBytes(a), randomBytes(b)]
    await put('key', first, { ContentType: 'text/log', Metadata: { by: 'me' }, Tagging: 'a=1' })
    const answer = await append('key', a, second)
    const all = Buffer.concat([first, second])
    const ETag = `"${md5(Buffer.concat([md5(first), md5(second)])).toString('hex')}-2"`
    expect(answer).toMatchObject({ ETag, Size: a + b, ChecksumCRC32: crc(all), ChecksumType: 'FULL_OBJECT' })
    const got = await read('key')
    expect(got.bytes.equals(all)).toBe(true)
    expect(got).toMatchObject({
      ETag,
      ContentType: 'text/log',
      Metadata: { by: 'me' },
      TagCount: 1,
      ChecksumCRC32: crc(all),
    })
    const { Contents } = await s3.send(new aws.ListObjectsV2Command({ Bucket }))
    expect(Contents).toMatchObject([{ Key: 'key', Size: a + b, ETag }])
    if (engine === 'lmdb') expect(readFileSync(join(server.root, 'data', Bucket, 'key')).equals(all)).toBe(true)
  })

  it('grows an object piece by piece, whose parts are what was written at once', async () => {
    const pieces = [10, 70_000, 1, 30].map((size) => randomBytes(size))
    let size = 0
    for (const piece of pieces) {
      const { Size } = await append('log', size, piece)
      size += piece.length
      expect(Size).toBe(size)
    }
    const got = await read('log')
    expect(got.bytes.equals(Buffer.concat(pieces))).toBe(true)
    expect(got.ETag).toMatch(/^"[0-9a-f]{32}-4"$/)
    for (const [at, piece] of pieces.entries()) {
      const part = await read('log', { PartNumber: at + 1 })
      expect([part.PartsCount, part.bytes.equals(piece), part.ChecksumCRC32]).toEqual([4, true, crc(piece)])
    }
    const attributes = { Bucket, Key: 'log', ObjectAttributes: ['ObjectParts', 'ObjectSize'] as aws.ObjectAttributes[] }
    const { ObjectParts, ObjectSize } = await s3.send(new aws.GetObjectAttributesCommand(attributes))
    expect([ObjectParts?.TotalPartsCount, ObjectSize]).toEqual([4, size])
  })

  it('creates an object at 0, and fills an empty one, as a PutObject does', async () => {
    const body = randomBytes(50)
    const ETag = `"${md5(body).toString('hex')}"`
    expect(await append('new', 0, body, { Metadata: { a: '1' } })).toMatchObject({ ETag, Size: 50 })
    expect((await read('new')).Metadata).toEqual({ a: '1' })
    await put('empty', Buffer.alloc(0))
    expect(await append('empty', 0, body)).toMatchObject({ ETag, Size: 50, ChecksumCRC32: crc(body) })
    expect((await read('empty')).PartsCount).toBeUndefined()
  })

  it('of nothing is refused, whether its length is announced or not', async () => {
    await put('key', randomBytes(10))
    const refused = {
      name: 'InvalidRequest',
      message: "Request body cannot be empty when 'write offset' is specified.",
    }
    for (const [key, offset] of [
      ['key', 10],
      ['absent', 0],
    ] as const) {
      await expect(append(key, offset, Buffer.alloc(0))).rejects.toMatchObject(refused)
    }
    await expect(read('absent')).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  it('names no metadata for an object that is there', async () => {
    await put('key', randomBytes(10))
    await expect(append('key', 10, randomBytes(1), { Metadata: { a: '1' } })).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: 'Cannot specify both a write offset value and user-defined object metadata for existing objects.',
    })
  })

  it.each([0, 9, 11, 1e15 - 1])('is refused at %i of an object of 10 bytes', async (offset) => {
    await put('key', randomBytes(10))
    await expect(append('key', offset, randomBytes(5))).rejects.toMatchObject(invalidOffset)
    expect((await read('key')).bytes).toHaveLength(10)
  })

  it('is refused beyond 0 where there is no object', async () => {
    await expect(append('absent', 1, randomBytes(5))).rejects.toMatchObject(invalidOffset)
    await expect(read('absent')).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  it('of many at once to one end lets one of them win', async () => {
    await put('key', randomBytes(10))
    const bodies = Array.from({ length: 12 }, (_, at) => randomBytes(at % 2 === 0 ? 20 : 70_000))
    const outcomes = await Promise.allSettled(bodies.map((body) => append('key', 10, body)))
    const won = outcomes.flatMap(({ status }, at) => (status === 'fulfilled' ? [at] : []))
    expect(won).toHaveLength(1)
    for (const one of outcomes) if (one.status === 'rejected') expect(one.reason).toMatchObject(invalidOffset)
    expect((await read('key')).bytes.subarray(10).equals(bodies[won[0] ?? 0] ?? Buffer.alloc(0))).toBe(true)
    const made = await Promise.allSettled(bodies.map((body) => append('made', 0, body)))
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    if (engine === 'lmdb') await nothingStaged()
  })

  it('keeps what a reader has opened as it was', async () => {
    const first = randomBytes(8_000_000)
    await put('key', first)
    const { Body } = await s3.send(new aws.GetObjectCommand({ Bucket, Key: 'key' }))
    for (let at = 0; at < 3; at++) await append('key', 8_000_000 + at * 10, randomBytes(10))
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(first)).toBe(true)
  })

  it('keeps to If-Match and If-None-Match', async () => {
    const { ETag } = await put('key', randomBytes(10))
    const failed = { name: 'PreconditionFailed' }
    await expect(append('key', 10, randomBytes(5), { IfMatch: '"0"' })).rejects.toMatchObject(failed)
    await expect(append('key', 10, randomBytes(5), { IfNoneMatch: '*' })).rejects.toMatchObject(failed)
    await append('key', 10, randomBytes(5), { IfMatch: ETag })
    await expect(append('key', 15, randomBytes(5), { IfMatch: ETag })).rejects.toMatchObject(failed)
    await expect(append('absent', 0, randomBytes(5), { IfMatch: ETag })).rejects.toMatchObject({ name: 'NoSuchKey' })
    await append('absent', 0, randomBytes(5), { IfNoneMatch: '*' })
  })

  it('makes a new version where versions are kept, with all that was said of the one before', async () => {
    await version('Enabled')
    const [first, second] = [randomBytes(70_000), randomBytes(30)]
    const before = await put('key', first, { Metadata: { a: '1' } })
    const after = await append('key', 70_000, second)
    expect(after.VersionId).not.toBe(before.VersionId)
    expect((await read('key')).bytes.equals(Buffer.concat([first, second]))).toBe(true)
    const older = await read('key', { VersionId: before.VersionId })
    expect([older.bytes.equals(first), older.ETag]).toEqual([true, before.ETag])
    await s3.send(new aws.DeleteObjectCommand({ Bucket, Key: 'key', VersionId: after.VersionId }))
    expect((await read('key')).ETag).toBe(before.ETag)
    await s3.send(new aws.DeleteObjectCommand({ Bucket, Key: 'key' }))
    await expect(append('key', 70_000, second)).rejects.toMatchObject(invalidOffset)
    await append('key', 0, second)
  })

  it('replaces the null version while versioning is suspended', async () => {
    await version('Enabled')
    await put('key', randomBytes(10))
    await version('Suspended')
    expect((await append('key', 10, randomBytes(5))).VersionId).toBeUndefined()
    await append('key', 15, randomBytes(5))
    const { Versions } = await s3.send(new aws.ListObjectVersionsCommand({ Bucket }))
    expect(Versions?.map(({ Size, VersionId }) => [Size, VersionId === 'null'])).toEqual([
      [20, true],
      [10, false],
    ])
  })

  it('continues objects of uploads, keys that can be no file, and what was renamed a moment ago', async () => {
    const Key = 'odd//key'
    const { UploadId } = await s3.send(
      new aws.CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' }),
    )
    const parts = [randomBytes(5 * 1024 * 1024), randomBytes(100)]
    const Parts = []
    for (const [at, Body] of parts.entries()) {
      const part = { Bucket, Key, UploadId, PartNumber: at + 1, Body, ChecksumAlgorithm: 'CRC32' } as const
      const { ETag, ChecksumCRC32 } = await s3.send(new aws.UploadPartCommand(part))
      Parts.push({ ETag, ChecksumCRC32, PartNumber: at + 1 })
    }
    const done = { Bucket, Key, UploadId, MultipartUpload: { Parts }, ChecksumType: 'FULL_OBJECT' } as const
    await s3.send(new aws.CompleteMultipartUploadCommand(done))
    const size = 5 * 1024 * 1024 + 100
    const more = randomBytes(20)
    expect((await append(Key, size, more)).ETag).toMatch(/-3"$/)
    for (const [from, to] of [
      [Key, 'plain'],
      ['plain', 'other//key'],
    ] as const) {
      await s3.send(new aws.RenameObjectCommand({ Bucket, Key: to, RenameSource: `${Bucket}/${from}` }))
    }
    await append('other//key', size + 20, more)
    const got = await read('other//key')
    expect(got.bytes.equals(Buffer.concat([...parts, more, more]))).toBe(true)
    expect((await read('other//key', { PartNumber: 3 })).bytes.equals(more)).toBe(true)
  })

  it('combines the checksum of the object with that of the body, in its algorithm alone', async () => {
    const [first, second] = [randomBytes(100), randomBytes(50)]
    await put('key', first, { ChecksumAlgorithm: 'CRC64NVME' })
    await expect(append('key', 100, second)).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: 'Checksum Type mismatch occurred, expected checksum Type: crc64nvme, actual checksum Type: crc32',
    })
    const { ChecksumCRC64NVME } = await append('key', 100, second, { ChecksumAlgorithm: 'CRC64NVME' })
    const [a, b] = [first, second].map((bytes) => digestOnce(['CRC64NVME'], bytes).get('CRC64NVME') as Buffer)
    expect(ChecksumCRC64NVME).toBe(combineCrc('CRC64NVME', a as Buffer, b as Buffer, 50).toString('base64'))
    expect(ChecksumCRC64NVME).toBe(crc(Buffer.concat([first, second]), 'CRC64NVME'))
    for (const ChecksumAlgorithm of ['SHA256', 'SHA1'] as const) {
      await put('key', first, { ChecksumAlgorithm })
      await expect(append('key', 100, second, { ChecksumAlgorithm })).rejects.toMatchObject({ name: 'InvalidRequest' })
    }
  })

  it('refuses what a wrong checksum announces, and leaves the object', async () => {
    await put('key', randomBytes(10))
    await expect(append('key', 10, randomBytes(5), { ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject({
      name: 'BadDigest',
    })
    await expect(
      append('key', 10, randomBytes(5), { ContentMD5: md5(Buffer.from('x')).toString('base64') }),
    ).rejects.toMatchObject({ name: 'BadDigest' })
    expect((await read('key')).bytes).toHaveLength(10)
    if (engine === 'lmdb') await nothingStaged()
  })

  it('takes streams with a trailing checksum', async () => {
    const body = randomBytes(300_000)
    await put('key', randomBytes(10))
    await s3.send(
      new aws.PutObjectCommand({
        Bucket,
        Key: 'key',
        Body: Readable.from([body.subarray(0, 100_000), body.subarray(100_000)], { objectMode: false }),
        ContentLength: body.length,
        WriteOffsetBytes: 10,
      }),
    )
    expect((await read('key')).bytes.subarray(10).equals(body)).toBe(true)
  })

  it.each<[string, More]>([
    ['metadata', { Metadata: { a: '2' } }],
    ['tags', { Tagging: 'a=2' }],
    ['an ACL', { ACL: 'bucket-owner-full-control' }],
    ['a storage class', { StorageClass: 'STANDARD_IA' }],
    ['a redirect', { WebsiteRedirectLocation: '/x' }],
  ])('does not change %s', async (_title, more) => {
    await put('key', randomBytes(10))
    await expect(append('key', 10, randomBytes(5), more)).rejects.toMatchObject({ name: 'InvalidRequest' })
    await append('key', 10, randomBytes(5), { StorageClass: 'STANDARD', ContentType: 'text/other' })
  })

  it('counts for usage and closes what it has opened', async () => {
    await put('key', randomBytes(100_000))
    for (const offset of [1, 100_000, 100_000]) await append('key', offset, randomBytes(10)).catch(() => undefined)
    const open = () => openFilesBelow(join(server.root, 'data', Bucket))
    if (engine === 'lmdb') await expect.poll(open).toEqual([])
  })
})
