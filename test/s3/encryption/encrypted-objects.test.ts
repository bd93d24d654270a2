/** SSE-S3, SSE-KMS and DSSE-KMS through the AWS SDK: what each operation takes, answers and gives back. */
import { hash, randomBytes } from 'node:crypto'
import * as aws from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'
import { changeKey, type MadeKey, makeKey } from './make-key.ts'

const Bucket = 'bucket'
let server: TestServer
let client: aws.S3Client
let key: MadeKey
let other: MadeKey

beforeAll(async () => {
  server = await startServer()
  client = server.client()
  for (const name of [Bucket, 'defaulting', 'versioned']) {
    await client.send(new aws.CreateBucketCommand({ Bucket: name }))
  }
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await client.send(new aws.PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration }))
  key = await makeKey(server.opened.keys.keyring, { alias: 'alias/photos' })
  other = await makeKey(server.opened.keys.keyring)
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

type Written = Pick<
  aws.PutObjectCommandInput,
  'ServerSideEncryption' | 'SSEKMSKeyId' | 'BucketKeyEnabled' | 'SSEKMSEncryptionContext'
>
/** The encryption in an answer. */
const told = ({
  ServerSideEncryption,
  SSEKMSKeyId,
  BucketKeyEnabled,
}: Pick<aws.HeadObjectCommandOutput, 'ServerSideEncryption' | 'SSEKMSKeyId' | 'BucketKeyEnabled'>) => ({
  ServerSideEncryption,
  SSEKMSKeyId,
  BucketKeyEnabled,
})
const md5 = (body: string | Buffer) => hash('md5', body, 'hex')
const put = (Key: string, Body: string | Buffer, how: Written = {}, name = Bucket) =>
  client.send(new aws.PutObjectCommand({ Bucket: name, Key, Body, ...how }))
const get = (Key: string, name = Bucket, more: Partial<aws.GetObjectCommandInput> = {}) =>
  client.send(new aws.GetObjectCommand({ Bucket: name, Key, ...more }))
const head = (Key: string, more: Partial<aws.HeadObjectCommandInput> = {}) =>
  client.send(new aws.HeadObjectCommand({ Bucket, Key, ...more }))
const text = async (Key: string, name = Bucket) => (await get(Key, name)).Body?.transformToString()
const setDefault = (rule: aws.ServerSideEncryptionRule | undefined) =>
  rule === undefined
    ? client.send(new aws.DeleteBucketEncryptionCommand({ Bucket: 'defaulting' }))
    : client.send(
        new aws.PutBucketEncryptionCommand({
          Bucket: 'defaulting',
          ServerSideEncryptionConfiguration: { Rules: [rule] },
        }),
      )
const ofKms = (SSEAlgorithm: aws.ServerSideEncryption, KMSMasterKeyID?: string) => ({
  ApplyServerSideEncryptionByDefault: { SSEAlgorithm, ...(KMSMasterKeyID && { KMSMasterKeyID }) },
})

const nothing = { ServerSideEncryption: undefined, SSEKMSKeyId: undefined, BucketKeyEnabled: undefined }
const sseS3 = { ...nothing, ServerSideEncryption: 'AES256' as const }
const sseKms = () => ({ ...nothing, ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: key.arn })
const dsseKms = () => ({ ...sseKms(), ServerSideEncryption: 'aws:kms:dsse' as const })
const methods = [
  ['SSE-S3', () => sseS3],
  ['SSE-KMS', sseKms],
  ['SSE-KMS with a bucket key', () => ({ ...sseKms(), BucketKeyEnabled: true })],
  ['DSSE-KMS', dsseKms],
] as const

describe.each(methods)('an object with %s', (title, how) => {
  const Key = `folder/${title} ü.txt`
  const body = randomBytes(200_000)

  it('says so in the answer to its write, to GET and to HEAD, and keeps its bytes', async () => {
    const written = await put(Key, body, how())
    expect(told(written)).toEqual(how())
    const read = await get(Key)
    expect(told(read)).toEqual(how())
    expect(Buffer.from((await read.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true)
    const described = await head(Key)
    expect(told(described)).toEqual(how())
    expect([described.ETag, described.ContentLength]).toEqual([written.ETag, body.length])
  })

  it('has the MD5 as its ETag with SSE-S3 only, and else another one each time', async () => {
    const [first, second] = [await put(`${Key}.1`, body, how()), await put(`${Key}.2`, body, how())]
    expect(first.ETag).toMatch(/^"[0-9a-f]{32}"$/)
    expect(first.ETag === `"${md5(body)}"`).toBe(title === 'SSE-S3')
    expect(first.ETag === second.ETag).toBe(title === 'SSE-S3')
  })

  it('has the checksum of what was sent, which is verified', async () => {
    const ChecksumAlgorithm = 'SHA256' as const
    const sum = hash('sha256', body, 'base64')
    const written = await client.send(
      new aws.PutObjectCommand({ Bucket, Key, Body: body, ChecksumAlgorithm, ...how() }),
    )
    expect(written.ChecksumSHA256).toBe(sum)
    expect((await head(Key, { ChecksumMode: 'ENABLED' })).ChecksumSHA256).toBe(sum)
    const wrong = new aws.PutObjectCommand({
      Bucket,
      Key,
      Body: body,
      ContentMD5: hash('md5', 'x', 'base64'),
      ...how(),
    })
    await expect(client.send(wrong)).rejects.toMatchObject({ name: 'BadDigest' })
  })

  it('is read in ranges, by presigned URL and under conditions as any other', async () => {
    const { ETag = '' } = await put(Key, body, how())
    for (const [from, to] of [
      [0, 0],
      [65_530, 65_545],
      [131_072, 199_999],
      [199_999, 250_000],
    ] as const) {
      const part = await get(Key, Bucket, { Range: `bytes=${from}-${to}` })
      expect(Buffer.from((await part.Body?.transformToByteArray()) ?? [])).toEqual(body.subarray(from, to + 1))
      expect(part.ContentRange).toBe(`bytes ${from}-${Math.min(to, 199_999)}/200000`)
    }
    const answer = await fetch(await getSignedUrl(client, new aws.GetObjectCommand({ Bucket, Key })))
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true)
    await expect(get(Key, Bucket, { IfNoneMatch: ETag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } })
    await expect(get(Key, Bucket, { IfMatch: '"x"' })).rejects.toMatchObject({ name: 'PreconditionFailed' })
  })

  it('keeps its bytes and its ETag when it is renamed', async () => {
    const { ETag } = await put(`${Key}.old`, body, how())
    const renamed = new aws.RenameObjectCommand({
      Bucket,
      Key: `${Key}.new`,
      RenameSource: `${Bucket}/${encodeURIComponent(`${Key}.old`)}`,
    })
    await client.send(renamed)
    const read = await get(`${Key}.new`)
    expect([read.ETag, told(read)]).toEqual([ETag, how()])
    expect(Buffer.from((await read.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true)
  })

  it('is uploaded in parts, each with an ETag of the same kind, and read by part number', async () => {
    const parts = [randomBytes(5 * 1024 ** 2), randomBytes(70_000)]
    const created = await client.send(new aws.CreateMultipartUploadCommand({ Bucket, Key, ...how() }))
    expect(told(created)).toEqual(how())
    const place = { Bucket, Key, UploadId: created.UploadId }
    const etags: string[] = []
    for (const [at, Body] of parts.entries()) {
      const part = await client.send(new aws.UploadPartCommand({ ...place, PartNumber: at + 1, Body }))
      expect(told(part)).toEqual(how())
      expect(part.ETag === `"${md5(Body)}"`).toBe(title === 'SSE-S3')
      etags.push(part.ETag ?? '')
    }
    const MultipartUpload = { Parts: etags.map((ETag, at) => ({ ETag, PartNumber: at + 1 })) }
    const done = await client.send(new aws.CompleteMultipartUploadCommand({ ...place, MultipartUpload }))
    expect(told(done)).toEqual(how())
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/)
    const second = await get(Key, Bucket, { PartNumber: 2 })
    expect([second.PartsCount, second.ContentLength]).toEqual([2, 70_000])
    expect(Buffer.from((await second.Body?.transformToByteArray()) ?? []).equals(parts[1] ?? Buffer.alloc(0))).toBe(
      true,
    )
    const across = await get(Key, Bucket, { Range: `bytes=${5 * 1024 ** 2 - 10}-${5 * 1024 ** 2 + 9}` })
    const whole = Buffer.concat(parts)
    expect(Buffer.from((await across.Body?.transformToByteArray()) ?? [])).toEqual(
      whole.subarray(5 * 1024 ** 2 - 10, 5 * 1024 ** 2 + 10),
    )
  })

  it('may be empty', async () => {
    await put(`${Key}.empty`, '', how())
    expect(await text(`${Key}.empty`)).toBe('')
  })
})

describe('a key', () => {
  it.each([
    ['its id', () => key.id],
    ['its ARN', () => key.arn],
    ['an alias', () => 'alias/photos'],
    ['the ARN of an alias', () => 'arn:aws:kms:us-east-1:000000000000:alias/photos'],
  ])('may be named by %s, and is always answered as its ARN', async (_, name) => {
    const written = await put('named', 'x', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: name() })
    expect(written.SSEKMSKeyId).toBe(key.arn)
    expect((await get('named')).SSEKMSKeyId).toBe(key.arn)
  })

  it('is made where alias/aws/s3 is named for the first time', async () => {
    const first = await put('managed', 'x', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'alias/aws/s3' })
    expect(first.SSEKMSKeyId).toMatch(/^arn:aws:kms:us-east-1:000000000000:key/)
    const SSEKMSKeyId = 'arn:aws:kms:us-east-1:000000000000:alias/aws/s3'
    expect((await put('managed', 'x', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId })).SSEKMSKeyId).toBe(
      first.SSEKMSKeyId,
    )
  })

  it('is alias/aws/s3 where none is named', async () => {
    const first = await put('managed', 'x', { ServerSideEncryption: 'aws:kms' })
    expect(first.SSEKMSKeyId).toMatch(/^arn:aws:kms:us-east-1:000000000000:key\/[0-9a-f-]{36}$/)
    expect((await put('managed', 'y', { ServerSideEncryption: 'aws:kms' })).SSEKMSKeyId).toBe(first.SSEKMSKeyId)
    expect(await text('managed')).toBe('y')
  })

  it('that is disabled or will be deleted refuses writes and reads, while HEAD needs none', async () => {
    const mine = await makeKey(server.opened.keys.keyring)
    const how = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: mine.arn } as const
    await put('locked', 'x', how)
    for (const [change, name, message] of [
      [{ isEnabled: false }, 'KMS.DisabledException', `${mine.arn} is disabled.`],
      [
        { isEnabled: false, deletesAt: '2999-01-01T00:00:00.000Z' },
        'KMS.KMSInvalidStateException',
        `${mine.arn} is pending deletion.`,
      ],
    ] as const) {
      await changeKey(server.opened.keys.keyring, mine, change)
      const refused = { name, message, $metadata: { httpStatusCode: 400 } }
      await expect(put('locked', 'y', how)).rejects.toMatchObject(refused)
      await expect(get('locked')).rejects.toMatchObject(refused)
      expect((await head('locked')).ContentLength).toBe(1)
      await expect(head('locked', { ChecksumMode: 'ENABLED' })).rejects.toMatchObject({
        $metadata: { httpStatusCode: 400 },
      })
    }
  })

  it('is used with the context that the write gave, which its answer alone tells', async () => {
    const SSEKMSEncryptionContext = Buffer.from('{"team":"blue"}').toString('base64')
    const written = await put('context', 'x', { ...sseKms(), SSEKMSEncryptionContext })
    expect(written.SSEKMSEncryptionContext).toBe(SSEKMSEncryptionContext)
    const read = await get('context')
    expect(await read.Body?.transformToString()).toBe('x')
    expect(read).not.toHaveProperty('SSEKMSEncryptionContext')
  })
})

describe('the default of a bucket', () => {
  const object = async (how: Written = {}) => {
    await put('object', 'content', how, 'defaulting')
    const read = await get('object', 'defaulting')
    expect(await read.Body?.transformToString()).toBe('content')
    return told(read)
  }

  it('is what a request without a word of it gets', async () => {
    await setDefault(undefined)
    expect(await object()).toEqual(nothing)
    await setDefault(ofKms('AES256'))
    expect(await object()).toEqual(sseS3)
    await setDefault({ ...ofKms('aws:kms', 'alias/photos'), BucketKeyEnabled: true })
    expect(await object()).toEqual({ ...sseKms(), BucketKeyEnabled: true })
    await setDefault(ofKms('aws:kms:dsse', key.id))
    expect(await object()).toEqual(dsseKms())
  })

  it('gives way to what the request says, but for the bucket key', async () => {
    await setDefault({ ...ofKms('aws:kms', key.arn), BucketKeyEnabled: true })
    expect(await object({ ServerSideEncryption: 'AES256' })).toEqual(sseS3)
    const named = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: other.arn } as const
    expect(await object(named)).toEqual({ ...named, BucketKeyEnabled: true })
    expect(await object({ ...named, BucketKeyEnabled: false })).toEqual({ ...named, BucketKeyEnabled: undefined })
    expect(await object({ BucketKeyEnabled: false })).toEqual(sseKms())
  })

  it('names a key that is looked up when an object is written', async () => {
    await setDefault(ofKms('aws:kms', 'no-such-key'))
    await expect(object()).rejects.toMatchObject({
      name: 'KMS.NotFoundException',
      message: "Invalid keyId 'no-such-key'",
    })
    await setDefault(undefined)
  })

  it('changes nothing of the objects that are there', async () => {
    await setDefault(ofKms('AES256'))
    await put('earlier', 'content', {}, 'defaulting')
    await setDefault(ofKms('aws:kms'))
    expect(told(await get('earlier', 'defaulting'))).toEqual(sseS3)
    await setDefault(undefined)
    expect(await text('earlier', 'defaulting')).toBe('content')
  })
})

describe('a copy', () => {
  const copy = (from: string, Key: string, how: Partial<aws.CopyObjectCommandInput> = {}, name = Bucket) =>
    client.send(new aws.CopyObjectCommand({ Bucket: name, Key, CopySource: `${Bucket}/${from}`, ...how }))

  it('is encrypted as its request says, else as its bucket, and never as its source', async () => {
    await put('source', 'content', sseKms())
    expect(told(await copy('source', 'copied'))).toEqual(nothing)
    expect(told(await get('copied'))).toEqual(nothing)
    expect(told(await copy('source', 'copied', sseS3))).toEqual(sseS3)
    await setDefault(ofKms('aws:kms:dsse', key.arn))
    expect(told(await copy('source', 'copied', {}, 'defaulting'))).toEqual(dsseKms())
    expect(await text('copied', 'defaulting')).toBe('content')
    await setDefault(undefined)
  })

  it('onto itself is allowed where its encryption changes, or is named', async () => {
    await put('self', 'content', sseKms())
    await copy('self', 'self', sseKms())
    expect(told(await copy('self', 'self'))).toEqual(nothing)
    await expect(copy('self', 'self')).rejects.toMatchObject({
      name: 'InvalidRequest',
      message:
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    })
    expect(told(await copy('self', 'self', sseS3))).toEqual(sseS3)
    expect(await text('self')).toBe('content')
  })

  it('of a part takes the encryption of its upload', async () => {
    await put('source', 'content', sseKms())
    const { UploadId } = await client.send(new aws.CreateMultipartUploadCommand({ Bucket, Key: 'parts', ...sseS3 }))
    const place = { Bucket, Key: 'parts', UploadId }
    const part = await client.send(
      new aws.UploadPartCopyCommand({
        ...place,
        PartNumber: 1,
        CopySource: `${Bucket}/source`,
        CopySourceRange: 'bytes=2-4',
      }),
    )
    expect(told(part)).toEqual(sseS3)
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.CopyPartResult?.ETag }] }
    await client.send(new aws.CompleteMultipartUploadCommand({ ...place, MultipartUpload }))
    expect(await text('parts')).toBe('nte')
  })
})

it('each version of a key has its own encryption', async () => {
  const name = 'versioned'
  const versions: (string | undefined)[] = []
  for (const how of [{}, sseS3, sseKms(), dsseKms()]) {
    versions.push((await put('object', `v${versions.length}`, how, name)).VersionId)
  }
  for (const [at, VersionId] of versions.entries()) {
    const read = await get('object', name, { VersionId })
    expect(await read.Body?.transformToString()).toBe(`v${at}`)
    expect(told(read)).toEqual([nothing, sseS3, sseKms(), dsseKms()][at])
  }
})

it('listings and attributes say nothing of encryption', async () => {
  await put('listed', 'content', sseKms())
  const { Contents = [] } = await client.send(new aws.ListObjectsV2Command({ Bucket, Prefix: 'listed' }))
  expect(Object.keys(Contents[0] ?? {}).sort()).toEqual(
    ['ChecksumAlgorithm', 'ChecksumType', 'ETag', 'Key', 'LastModified', 'Size', 'StorageClass'].sort(),
  )
  expect(Contents[0]?.Size).toBe(7)
  const ObjectAttributes = ['ETag', 'ObjectSize'] as aws.ObjectAttributes[]
  const { $metadata, LastModified, ...attributes } = await client.send(
    new aws.GetObjectAttributesCommand({ Bucket, Key: 'listed', ObjectAttributes }),
  )
  expect(attributes).toEqual({ ETag: Contents[0]?.ETag?.replaceAll('"', ''), ObjectSize: 7 })
})
