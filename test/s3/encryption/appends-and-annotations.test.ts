/** Appended bytes and annotations of an encrypted object are encrypted like the object. */
import { hash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'
import { customerKey } from './ask.ts'
import { type MadeKey, makeKey } from './make-key.ts'

const Bucket = 'bucket'
const mine = customerKey('mine')
let server: TestServer
let client: aws.S3Client
let key: MadeKey
let other: MadeKey

beforeAll(async () => {
  server = await startServer()
  client = server.client()
  for (const name of [Bucket, 'versioned']) await client.send(new aws.CreateBucketCommand({ Bucket: name }))
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await client.send(new aws.PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration }))
  key = await makeKey(server.opened.keys.keyring, { alias: 'alias/photos' })
  other = await makeKey(server.opened.keys.keyring)
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

type Put = Partial<aws.PutObjectCommandInput>
const put = (Key: string, Body: Buffer | string, more: Put = {}) =>
  client.send(new aws.PutObjectCommand({ Bucket, Key, Body, ...more }))
const append = (Key: string, WriteOffsetBytes: number, Body: Buffer | string, more: Put = {}) =>
  put(Key, Body, { WriteOffsetBytes, ...more })
async function read(Key: string, more: Partial<aws.GetObjectCommandInput> = {}) {
  const answer = await client.send(new aws.GetObjectCommand({ Bucket, Key, ...more }))
  return { ...answer, bytes: Buffer.from((await answer.Body?.transformToByteArray()) ?? []) }
}
const onDisk = (): Buffer => {
  const root = join(server.root, 'data')
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Buffer.concat(files.map(({ parentPath, name }) => readFileSync(join(parentPath, name))))
}

/** How objects are written, and read. */
const ways: Readonly<Record<string, () => { readonly put: Put; readonly read: Put; readonly isDigest: boolean }>> = {
  'SSE-S3': () => ({ put: { ServerSideEncryption: 'AES256' }, read: {}, isDigest: true }),
  'SSE-KMS': () => ({ put: { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key.id }, read: {}, isDigest: false }),
  'DSSE-KMS': () => ({ put: { ServerSideEncryption: 'aws:kms:dsse' }, read: {}, isDigest: false }),
  'SSE-C': () => ({ put: mine.sdk, read: mine.sdk, isDigest: false }),
}

describe.each(Object.keys(ways))('an append to an object with %s', (name) => {
  const way = () => ways[name]?.() as ReturnType<NonNullable<(typeof ways)['SSE-S3']>>

  it.each([
    ['small', 100, 200],
    ['large', 200_000, 150_000],
    ['to one that fits into the commit', 60_000, 5000],
    ['to a chunk that is full', 65_536, 65_536],
    ['to an empty one', 0, 100],
  ])('is encrypted by its keys: %s', async (_title, a, b) => {
    const { put: how, read: opens, isDigest } = way()
    const Key = `${name}-${a}`
    const pieces = [randomBytes(a), randomBytes(b), randomBytes(10)]
    const [first, second, third] = pieces as [Buffer, Buffer, Buffer]
    await put(Key, first, how)
    const answer = await append(Key, a, second, opens)
    expect(answer).toMatchObject({
      Size: a + b,
      ...(how.ServerSideEncryption && { ServerSideEncryption: how.ServerSideEncryption }),
      ...(how.SSECustomerKeyMD5 && { SSECustomerKeyMD5: how.SSECustomerKeyMD5 }),
    })
    await append(Key, a + b, third, opens)
    const all = Buffer.concat(pieces)
    const got = await read(Key, opens)
    expect([got.bytes.equals(all), got.ContentLength]).toEqual([true, all.length])
    const digests = [first, second].map((piece) => hash('md5', piece, 'buffer'))
    const plain = a === 0 ? hash('md5', second, 'hex') : `${hash('md5', Buffer.concat(digests), 'hex')}-2`
    expect(answer.ETag === `"${plain}"`).toBe(isDigest)
    for (const [start, end] of [
      [Math.max(0, a - 5), a + 5],
      [a + b - 3, a + b + 3],
      [a + 1, all.length],
    ] as const) {
      const range = await read(Key, { ...opens, Range: `bytes=${start}-${end - 1}` })
      expect(range.bytes.equals(all.subarray(start, end))).toBe(true)
    }
    const PartNumber = a === 0 ? 1 : 2
    expect((await read(Key, { ...opens, PartNumber })).bytes.equals(second)).toBe(true)
    expect(onDisk().includes(second)).toBe(false)
  })
})

describe('an append', () => {
  it('continues an encrypted object of parts, copied and renamed', async () => {
    const Key = 'parts'
    const how = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key.id, ChecksumAlgorithm: 'CRC32' } as const
    const begun = { Bucket, Key, ...how, ChecksumType: 'FULL_OBJECT' } as const
    const { UploadId } = await client.send(new aws.CreateMultipartUploadCommand(begun))
    const parts = [randomBytes(5 * 1024 * 1024), randomBytes(10)]
    const Parts = []
    for (const [at, Body] of parts.entries()) {
      const part = { Bucket, Key, UploadId, PartNumber: at + 1, Body, ChecksumAlgorithm: 'CRC32' } as const
      const { ETag, ChecksumCRC32 } = await client.send(new aws.UploadPartCommand(part))
      Parts.push({ ETag, ChecksumCRC32, PartNumber: at + 1 })
    }
    const done = { Bucket, Key, UploadId, MultipartUpload: { Parts }, ChecksumType: 'FULL_OBJECT' } as const
    await client.send(new aws.CompleteMultipartUploadCommand(done))
    const size = 5 * 1024 * 1024 + 10
    const more = randomBytes(70_000)
    await append(Key, size, more)
    await client.send(new aws.RenameObjectCommand({ Bucket, Key: 'renamed', RenameSource: `${Bucket}/${Key}` }))
    await append('renamed', size + 70_000, more)
    const all = Buffer.concat([...parts, more, more])
    expect((await read('renamed')).bytes.equals(all)).toBe(true)
    const copy = { Bucket, Key: 'copied', CopySource: `${Bucket}/renamed` } as const
    await client.send(new aws.CopyObjectCommand({ ...copy, ServerSideEncryption: 'AES256' }))
    expect((await read('copied')).bytes.equals(all)).toBe(true)
  })

  it('is refused where it asks for another encryption than the object has', async () => {
    const mismatch = { name: 'EncryptionTypeMismatch', $metadata: { httpStatusCode: 400 } }
    await put('sealed', 'x', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key.id })
    await put('plain', 'x')
    await expect(append('sealed', 1, 'y', { ServerSideEncryption: 'AES256' })).rejects.toMatchObject(mismatch)
    const byOther = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: other.id } as const
    await expect(append('sealed', 1, 'y', byOther)).rejects.toMatchObject(mismatch)
    await expect(append('plain', 1, 'y', { ServerSideEncryption: 'AES256' })).rejects.toMatchObject(mismatch)
    await append('sealed', 1, 'y', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'alias/photos' })
    expect((await read('sealed')).bytes.toString()).toBe('xy')
  })

  it('needs the key of the customer, and no other', async () => {
    await put('theirs', 'x', mine.sdk)
    await expect(append('theirs', 1, 'y')).rejects.toMatchObject({ name: 'InvalidRequest' })
    await expect(append('theirs', 1, 'y', customerKey('two').sdk)).rejects.toMatchObject({ name: 'AccessDenied' })
    await put('plain', 'x')
    await expect(append('plain', 1, 'y', mine.sdk)).rejects.toMatchObject({ name: 'InvalidRequest' })
  })

  it('leaves the version before as it was', async () => {
    const at = { Bucket: 'versioned', Key: 'log' }
    const first = randomBytes(100_000)
    const how = { ServerSideEncryption: 'AES256' } as const
    const { VersionId } = await client.send(new aws.PutObjectCommand({ ...at, Body: first, ...how }))
    await client.send(new aws.PutObjectCommand({ ...at, Body: 'more', WriteOffsetBytes: 100_000 }))
    expect((await read('log', { Bucket: 'versioned', VersionId })).bytes.equals(first)).toBe(true)
    expect((await read('log', { Bucket: 'versioned' })).bytes).toHaveLength(100_004)
  })
})

describe('annotations of an encrypted object', () => {
  const annotate = (Key: string, AnnotationPayload: string) =>
    client.send(new aws.PutObjectAnnotationCommand({ Bucket, Key, AnnotationName: 'note', AnnotationPayload }))
  const note = async (Key: string) => {
    const answer = await client.send(new aws.GetObjectAnnotationCommand({ Bucket, Key, AnnotationName: 'note' }))
    return { ...answer, text: await answer.AnnotationPayload?.transformToString() }
  }
  const texts = { short: 'a secret that is short', long: 'a secret that is long; '.repeat(10_000) }

  it.each([
    ['AES256', 'short'],
    ['AES256', 'long'],
    ['aws:kms', 'short'],
    ['aws:kms:dsse', 'long'],
  ] as const)('are encrypted with %s, as it is: %s', async (ServerSideEncryption, which) => {
    const Key = `noted-${ServerSideEncryption}-${which}`
    await put(Key, 'x', { ServerSideEncryption })
    expect((await annotate(Key, texts[which])).ServerSideEncryption).toBe(ServerSideEncryption)
    expect(await note(Key)).toMatchObject({ text: texts[which], ServerSideEncryption })
    expect(onDisk().includes(texts[which].slice(0, 20))).toBe(false)
  })

  it('are read after a rename, another key, and an append', async () => {
    await put('noted', 'x', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key.id })
    await annotate('noted', texts.short)
    await client.send(new aws.RenameObjectCommand({ Bucket, Key: 'moved', RenameSource: `${Bucket}/noted` }))
    const ObjectEncryption = { SSEKMS: { KMSKeyArn: other.arn } }
    await client.send(new aws.UpdateObjectEncryptionCommand({ Bucket, Key: 'moved', ObjectEncryption }))
    await append('moved', 1, 'y')
    expect((await note('moved')).text).toBe(texts.short)
  })

  it('are encrypted anew in a copy, or not at all', async () => {
    await put('from', 'x', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key.id })
    await annotate('from', texts.long)
    const CopySource = `${Bucket}/from`
    const copy = (Key: string, more: Partial<aws.CopyObjectCommandInput> = {}) =>
      client.send(new aws.CopyObjectCommand({ Bucket, Key, CopySource, ...more }))
    await copy('to', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: other.id })
    await copy('bare')
    for (const Key of ['to', 'bare']) expect((await note(Key)).text).toBe(texts.long)
    const copies = { Bucket, Key: 'again', CopySource: `${Bucket}/bare`, ServerSideEncryption: 'AES256' } as const
    await client.send(new aws.CopyObjectCommand(copies))
    expect((await note('again')).text).toBe(texts.long)
    await expect(copy('customer', mine.sdk)).rejects.toMatchObject({ name: 'InvalidRequest' })
    await copy('customer', { ...mine.sdk, AnnotationDirective: 'EXCLUDE' })
  })

  it('cannot be where the key is the customer’s', async () => {
    await put('customers', 'x', mine.sdk)
    await expect(annotate('customers', 'x')).rejects.toMatchObject({
      name: 'InvalidRequest',
      $metadata: { httpStatusCode: 400 },
    })
  })
})

describe('a locked version', () => {
  const Locked = 'locked'
  const day = () => new Date(Date.now() + 86_400_000)
  const lock = (mode: 'GOVERNANCE' | 'COMPLIANCE') => ({
    ObjectLockMode: mode,
    ObjectLockRetainUntilDate: day(),
  })

  beforeAll(async () => {
    await client.send(new aws.CreateBucketCommand({ Bucket: Locked, ObjectLockEnabledForBucket: true }))
  })

  it('stays as it is where something is appended, and the new one is not locked', async () => {
    const first = randomBytes(100_000)
    const at = { Bucket: Locked, Key: 'log' }
    const { VersionId } = await client.send(new aws.PutObjectCommand({ ...at, Body: first, ...lock('COMPLIANCE') }))
    const appended = await client.send(new aws.PutObjectCommand({ ...at, Body: 'more', WriteOffsetBytes: 100_000 }))
    expect(appended.VersionId).not.toBe(VersionId)
    const before = await read('log', { Bucket: Locked, VersionId })
    expect([before.bytes.equals(first), before.ObjectLockMode]).toEqual([true, 'COMPLIANCE'])
    const after = await read('log', { Bucket: Locked })
    expect([after.bytes.length, after.ObjectLockMode]).toEqual([100_004, undefined])
    const again = { ...at, Body: 'x', WriteOffsetBytes: 100_004, ...lock('COMPLIANCE') }
    await expect(client.send(new aws.PutObjectCommand(again))).rejects.toMatchObject({ name: 'InvalidRequest' })
  })

  it.each(['GOVERNANCE', 'COMPLIANCE'] as const)('keeps its annotations in %s mode', async (mode) => {
    const at = { Bucket: Locked, Key: mode, AnnotationName: 'note' }
    await client.send(new aws.PutObjectCommand({ Bucket: Locked, Key: mode, Body: 'x' }))
    await client.send(new aws.PutObjectAnnotationCommand({ ...at, AnnotationPayload: 'before' }))
    const retention = { Mode: mode, RetainUntilDate: day() }
    await client.send(new aws.PutObjectRetentionCommand({ Bucket: Locked, Key: mode, Retention: retention }))
    const denied = {
      name: 'AccessDenied',
      message: 'Access Denied because object protected by object lock.',
      $metadata: { httpStatusCode: 403 },
    }
    const annotate = new aws.PutObjectAnnotationCommand({ ...at, AnnotationPayload: 'after' })
    await expect(client.send(annotate)).rejects.toMatchObject(denied)
    await expect(client.send(new aws.DeleteObjectAnnotationCommand(at))).rejects.toMatchObject(denied)
    const text = async () =>
      (await client.send(new aws.GetObjectAnnotationCommand(at))).AnnotationPayload?.transformToString()
    expect(await text()).toBe('before')
    const passing = new aws.DeleteObjectAnnotationCommand(at)
    passing.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: object }).headers, { 'x-amz-bypass-governance-retention': 'true' })
        return next(args)
      },
      { step: 'build' },
    )
    if (mode === 'COMPLIANCE') await expect(client.send(passing)).rejects.toMatchObject(denied)
    else {
      await client.send(passing)
      await expect(text()).rejects.toMatchObject({ name: 'NoSuchAnnotation' })
    }
  })
})
