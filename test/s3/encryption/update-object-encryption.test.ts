/** UpdateObjectEncryption: another key for a stored object; everything else stays. */
import { hash } from 'node:crypto'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signHeadersV2 } from '../../input/signer-v2.ts'
import { startServer, type TestServer } from '../start-server.ts'
import { customerKey, refusal, refusalIn } from './ask.ts'
import { type MadeKey, makeKey } from './make-key.ts'

const Bucket = 'bucket'
let server: TestServer
let client: aws.S3Client
let key: MadeKey
let other: MadeKey

beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  client = server.client()
  await client.send(new aws.CreateBucketCommand({ Bucket }))
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await client.send(new aws.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
  key = await makeKey(server.opened.keys.keyring)
  other = await makeKey(server.opened.keys.keyring)
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

const put = (Key: string, how: Partial<aws.PutObjectCommandInput> = {}) =>
  client.send(new aws.PutObjectCommand({ Bucket, Key, Body: 'content', Metadata: { a: 'b' }, ...how }))
const update = (Key: string, SSEKMS: aws.SSEKMSEncryption, more: object = {}, from = client) =>
  from.send(new aws.UpdateObjectEncryptionCommand({ Bucket, Key, ObjectEncryption: { SSEKMS }, ...more }))
const get = (Key: string, VersionId?: string) => client.send(new aws.GetObjectCommand({ Bucket, Key, VersionId }))
const text = async (Key: string) => (await get(Key)).Body?.transformToString()

describe('the encryption of an object', () => {
  it.each([
    ['SSE-S3', () => ({ ServerSideEncryption: 'AES256' as const })],
    ['SSE-KMS', () => ({ ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: other.arn })],
  ])('becomes SSE-KMS with another key, of %s', async (_, how) => {
    await put('object', how())
    const before = await client.send(new aws.HeadObjectCommand({ Bucket, Key: 'object', ChecksumMode: 'ENABLED' }))
    expect((await update('object', { KMSKeyArn: key.arn })).$metadata.httpStatusCode).toBe(200)
    const after = await client.send(new aws.HeadObjectCommand({ Bucket, Key: 'object', ChecksumMode: 'ENABLED' }))
    expect({ ...after, $metadata: {} }).toEqual({
      ...before,
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: key.arn,
      $metadata: {},
    })
    expect(await text('object')).toBe('content')
  })

  it('gets a bucket key, and loses it', async () => {
    await put('keyed', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key.arn })
    await update('keyed', { KMSKeyArn: key.arn, BucketKeyEnabled: true })
    expect((await get('keyed')).BucketKeyEnabled).toBe(true)
    await update('keyed', { KMSKeyArn: key.arn, BucketKeyEnabled: false })
    expect((await get('keyed')).BucketKeyEnabled).toBeUndefined()
    expect(await text('keyed')).toBe('content')
  })

  it('is that of the version which is named', async () => {
    const { VersionId } = await put('versions', { ServerSideEncryption: 'AES256' })
    await put('versions', { ServerSideEncryption: 'AES256' })
    await update('versions', { KMSKeyArn: key.arn }, { VersionId })
    expect((await get('versions', VersionId)).SSEKMSKeyId).toBe(key.arn)
    expect((await get('versions')).ServerSideEncryption).toBe('AES256')
  })

  it('is updated by those with s3:UpdateObjectEncryption and the rights to both keys', async () => {
    await put('guarded', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: other.arn })
    await expect(update('guarded', { KMSKeyArn: key.arn }, {}, server.client('reader'))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('s3:UpdateObjectEncryption'),
    })
    for (const action of ['kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptTo']) {
      const Statement = [
        { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'kms:*', Resource: '*' },
        { Effect: 'Deny', Principal: '*', Action: action, Resource: '*' },
      ]
      const closed = await makeKey(server.opened.keys.keyring, { policy: { Version: '2012-10-17', Statement } })
      await expect(update('guarded', { KMSKeyArn: closed.arn })).rejects.toMatchObject({
        name: 'AccessDenied',
        message: expect.stringContaining(action),
      })
    }
    expect((await get('guarded')).SSEKMSKeyId).toBe(other.arn)
  })
})

const invalid = (message: string) => ({ status: 400, code: 'InvalidRequest', message })
const needsType = invalid(
  'Requests that modify an object encryption configuration require a valid new encryption type. Valid values are SSEKMS. Modify the request to specify SSE-KMS for the updated encryption type, and then try again.',
)
const otherType = invalid(
  "The UpdateObjectEncryption operation doesn't support updating the encryption type to DSSE-KMS or SSE-C. Modify the request to specify SSE-KMS for the updated encryption type, and then try again.",
)
const needsArn = invalid(
  "Requests that modify an object's encryption type to SSE-KMS require an AWS KMS key Amazon Resource Name (ARN). Modify the request to specify a KMS key ARN, and then try again.",
)
const badArn = invalid(
  "Requests that modify an object's encryption type to SSE-KMS require a valid AWS KMS key Amazon Resource Name (ARN). Confirm that you have a correctly formatted KMS key ARN in your request, and then try again.",
)
const badBucketKey = invalid(
  "The BucketKeyEnabled value isn't valid. Valid values are true or false. Modify the request to specify a valid value, and then try again.",
)
const needsV4 = invalid(
  'Requests that modify an object encryption configuration require AWS Signature Version 4. Modify the request to use AWS Signature Version 4, and then try again.',
)
const arn = 'arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555'

describe('is refused', () => {
  const document = (content: string) => `<ObjectEncryption>${content}</ObjectEncryption>`
  const send = (Key: string, body: string, headers: Record<string, string> = {}) =>
    refusal(server, `${Bucket}/${Key}?encryption`, {
      method: 'PUT',
      headers: { 'content-md5': hash('md5', body, 'base64'), ...headers },
      body,
    })
  beforeAll(async () => {
    await put('sealed', { ServerSideEncryption: 'AES256' })
  })

  it.each([
    ['no type', '', needsType],
    ['SSE-S3', '<SSE-S3/>', needsType],
    ['two types', '<SSE-S3/><SSE-KMS/>', needsType],
    ['DSSE-KMS', '<DSSE-KMS/>', otherType],
    ['SSE-C', '<SSE-C/>', otherType],
    ['no ARN', '<SSE-KMS></SSE-KMS>', needsArn],
    ['an empty ARN', '<SSE-KMS><KMSKeyArn/></SSE-KMS>', needsArn],
    ['an alias', '<SSE-KMS><KMSKeyArn>alias/photos</KMSKeyArn></SSE-KMS>', badArn],
    ['an ARN of S3', '<SSE-KMS><KMSKeyArn>arn:aws:s3:::bucket/object</KMSKeyArn></SSE-KMS>', badArn],
    [
      'a bucket key that is neither true nor false',
      `<SSE-KMS><KMSKeyArn>${arn}</KMSKeyArn><BucketKeyEnabled>yes</BucketKeyEnabled></SSE-KMS>`,
      badBucketKey,
    ],
    [
      'a key that is not there',
      `<SSE-KMS><KMSKeyArn>${arn}</KMSKeyArn></SSE-KMS>`,
      { status: 400, code: 'KMS.NotFoundException', message: `Key '${arn}' does not exist` },
    ],
  ])('%s', async (_, content, refused) => {
    expect(await send('sealed', document(content))).toEqual(refused)
    expect((await get('sealed')).ServerSideEncryption).toBe('AES256')
  })

  it('what is no XML, empty, or without a checksum', async () => {
    expect(await send('sealed', '<ObjectEncryption>')).toMatchObject({ code: 'MalformedXML' })
    expect(await send('sealed', '')).toMatchObject({ code: 'MissingRequestBodyError' })
    const body = document('<SSE-KMS/>')
    expect(await refusal(server, `${Bucket}/sealed?encryption`, { method: 'PUT', body })).toMatchObject({
      message: 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    })
  })

  it('a signature of Version 2', async () => {
    const target = `/${Bucket}/sealed?encryption`
    const headers = signHeadersV2({ method: 'PUT', target, resource: target })
    const body = Buffer.from(document('<SSE-KMS/>'))
    expect(await refusalIn(await fetch(server.endpoint + target, { method: 'PUT', headers, body }))).toEqual(needsV4)
  })

  it('an object that is not encrypted with SSE-S3 or SSE-KMS', async () => {
    await put('plain')
    await expect(update('plain', { KMSKeyArn: key.arn })).rejects.toMatchObject({
      name: 'InvalidRequest',
      message:
        "The UpdateObjectEncryption operation doesn't supported unencrypted source objects. Only source objects encrypted with SSE-S3 or SSE-KMS are supported.",
    })
    const unsupported = {
      name: 'InvalidRequest',
      message:
        "The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or SSE-C. Only source objects encrypted with SSE-S3 or SSE-KMS are supported.",
    }
    await put('double', { ServerSideEncryption: 'aws:kms:dsse', SSEKMSKeyId: key.arn })
    await expect(update('double', { KMSKeyArn: key.arn })).rejects.toMatchObject(unsupported)
    await put('customers', customerKey('one').sdk)
    await expect(update('customers', { KMSKeyArn: key.arn })).rejects.toMatchObject(unsupported)
  })

  it('an object that is not there, and a delete marker', async () => {
    await expect(update('absent', { KMSKeyArn: key.arn })).rejects.toMatchObject({ name: 'NoSuchKey' })
    await put('deleted', { ServerSideEncryption: 'AES256' })
    const { VersionId } = await client.send(new aws.DeleteObjectCommand({ Bucket, Key: 'deleted' }))
    const refused = { name: 'MethodNotAllowed' }
    await expect(update('deleted', { KMSKeyArn: key.arn }, { VersionId })).rejects.toMatchObject(refused)
  })

  it('a version that is locked, by retention or legal hold', async () => {
    await client.send(new aws.CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }))
    const place = { Bucket: 'locked', Key: 'object' }
    await client.send(new aws.PutObjectCommand({ ...place, Body: 'x', ServerSideEncryption: 'AES256' }))
    const hold = (Status: 'ON' | 'OFF') =>
      client.send(new aws.PutObjectLegalHoldCommand({ ...place, LegalHold: { Status } }))
    const change = () => update('object', { KMSKeyArn: key.arn }, place)
    await hold('ON')
    await expect(change()).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('protected by S3 Object Lock'),
    })
    await hold('OFF')
    await change()
    const read = await client.send(new aws.GetObjectCommand(place))
    expect([read.SSEKMSKeyId, await read.Body?.transformToString()]).toEqual([key.arn, 'x'])
  })

  it('a key of another account', async () => {
    await put('mine', { ServerSideEncryption: 'AES256' })
    const { arn: foreign } = await makeKey(server.opened.keys.keyring, { account: '111111111111' })
    await expect(update('mine', { KMSKeyArn: foreign })).rejects.toMatchObject({
      name: 'AccessDenied',
      message:
        'The AWS KMS key in the request must be owned by the same account as the bucket. Modify the request to specify a KMS key from the same account, and then try again.',
    })
  })
})
