/** The content of errors: codes, messages and fields, as in S3. */
import { createHmac } from 'node:crypto'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'refusals'
const object = { Bucket, Key: 'object' }
let server: TestServer
beforeAll(async () => {
  server = await startServer({ engine: 'memory', regions: ['us-west-1', 'us-east-2'] })
  await server.client().send(new CreateBucketCommand({ Bucket }))
  for (const Key of ['object', 'source'])
    await server.client().send(new PutObjectCommand({ Bucket, Key, Body: '0123456789' }))
})
afterAll(() => server.close())

describe('a failed condition is named', () => {
  const past = new Date(0)
  it.each([
    ['If-Match', { IfMatch: '"other"' }],
    ['If-Unmodified-Since', { IfUnmodifiedSince: past }],
  ])('%s of a read', async (Condition, more) => {
    const refused = { name: 'PreconditionFailed', Condition }
    await expect(server.client().send(new GetObjectCommand({ ...object, ...more }))).rejects.toMatchObject(refused)
  })

  it.each([
    ['If-Match', () => ({ CopySourceIfMatch: '"other"' })],
    ['If-None-Match', () => ({ CopySourceIfNoneMatch: '*' })],
    ['If-Unmodified-Since', () => ({ CopySourceIfUnmodifiedSince: past })],
    ['If-Modified-Since', () => ({ CopySourceIfModifiedSince: new Date() })],
  ])('x-amz-copy-source-%s of a copy', async (name, more) => {
    const copy = { Bucket, Key: 'copy', CopySource: `${Bucket}/object`, ...more() }
    const refused = { name: 'PreconditionFailed', Condition: `x-amz-copy-source-${name}` }
    await expect(server.client().send(new CopyObjectCommand(copy))).rejects.toMatchObject(refused)
  })

  it.each(['put', 'copy', 'delete'] as const)('of a write, and a missing key of a %s too', async (kind) => {
    const send = (more: { Key: string; IfMatch?: string; IfNoneMatch?: string }): Promise<unknown> => {
      const asked = { Bucket, ...more }
      if (kind === 'put') return server.client().send(new PutObjectCommand(asked))
      if (kind === 'delete') return server.client().send(new DeleteObjectCommand(asked))
      return server.client().send(new CopyObjectCommand({ ...asked, CopySource: `${Bucket}/source` }))
    }
    const refused = { name: 'PreconditionFailed', Condition: 'If-Match' }
    await expect(send({ Key: 'object', IfMatch: '"other"' })).rejects.toMatchObject(refused)
    const missing = { name: 'NoSuchKey', Key: 'absent' }
    await expect(send({ Key: 'absent', IfMatch: '"other"' })).rejects.toMatchObject(missing)
    if (kind === 'delete') return
    await expect(send({ Key: 'object', IfNoneMatch: '*' })).rejects.toMatchObject({ Condition: 'If-None-Match' })
    await expect(send({ Key: 'object', IfNoneMatch: '*', IfMatch: '"x"' })).rejects.toMatchObject({
      name: 'NotImplemented',
      Header: 'If-Match,If-None-Match',
      additionalMessage: 'Multiple conditional request headers present in the request',
    })
  })
})

describe('a range of a copied part', () => {
  it.each([
    ['bytes=0-100', 'InvalidArgument', 'Range specified is not valid for source object of size: 10'],
    ['bytes=9-10', 'InvalidArgument', 'Range specified is not valid for source object of size: 10'],
    ['bytes=10-11', 'InvalidRequest', 'The specified copy range is invalid for the source object size'],
    ['bytes=100-200', 'InvalidRequest', 'The specified copy range is invalid for the source object size'],
  ])('%s lies past the end', async (CopySourceRange, name, message) => {
    const { UploadId } = await server.client().send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }))
    const part = { Bucket, Key: 'parts', UploadId, PartNumber: 1, CopySource: `${Bucket}/object`, CopySourceRange }
    await expect(server.client().send(new UploadPartCopyCommand(part))).rejects.toMatchObject({ name, message })
  })
})

describe('an expected owner', () => {
  it.each(['abcd', '12345678901', '1234567890123', '12345678901x'])('%s is no account', async (ExpectedBucketOwner) => {
    const message = `The value of the expected bucket owner parameter must be an AWS Account ID... [${ExpectedBucketOwner}]`
    const refused = { name: 'InvalidBucketOwnerAWSAccountID', message, $metadata: { httpStatusCode: 400 } }
    const asked = { ...object, ExpectedBucketOwner }
    await expect(server.client().send(new GetObjectCommand(asked))).rejects.toMatchObject(refused)
    await expect(server.client().send(new DeleteObjectCommand(asked))).rejects.toMatchObject(refused)
    const copy = { Bucket, Key: 'copy', CopySource: `${Bucket}/object`, ExpectedSourceBucketOwner: ExpectedBucketOwner }
    await expect(server.client().send(new CopyObjectCommand(copy))).rejects.toMatchObject(refused)
    const head = new HeadBucketCommand({ Bucket, ExpectedBucketOwner })
    await expect(server.client().send(head)).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } })
  })

  it('that is another account is denied', async () => {
    const asked = new GetObjectCommand({ ...object, ExpectedBucketOwner: '999999999999' })
    await expect(server.client().send(asked)).rejects.toMatchObject({ name: 'AccessDenied' })
  })
})

describe('a delete marker', () => {
  const marked = { Bucket: 'marked', Key: 'gone' }
  let VersionId: string | undefined
  beforeAll(async () => {
    const client = server.client()
    await client.send(new CreateBucketCommand({ Bucket: 'marked' }))
    const OwnershipControls = { Rules: [{ ObjectOwnership: 'ObjectWriter' as const }] }
    await client.send(new PutBucketOwnershipControlsCommand({ Bucket: 'marked', OwnershipControls }))
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await client.send(new PutBucketVersioningCommand({ Bucket: 'marked', VersioningConfiguration }))
    await client.send(new PutObjectCommand(marked))
    VersionId = (await client.send(new DeleteObjectCommand(marked))).VersionId
  })

  it('has no tags, and its ACL cannot be set, by its id or as the current version', async () => {
    const Tagging = { TagSet: [{ Key: 'a', Value: '1' }] }
    for (const target of [marked, { ...marked, VersionId }]) {
      const asked: [string, () => Promise<unknown>][] = [
        ['GET', () => server.client().send(new GetObjectTaggingCommand(target))],
        ['PUT', () => server.client().send(new PutObjectTaggingCommand({ ...target, Tagging }))],
        ['DELETE', () => server.client().send(new DeleteObjectTaggingCommand(target))],
        ['PUT', () => server.client().send(new PutObjectAclCommand({ ...target, ACL: 'private' }))],
      ]
      for (const [Method, refused] of asked) {
        const told = { name: 'MethodNotAllowed', Method, ResourceType: 'DeleteMarker' }
        await expect(refused()).rejects.toMatchObject({ ...told, $metadata: { httpStatusCode: 405 } })
      }
    }
  })

  it('hides the ACL of its key as it hides the object', async () => {
    await expect(server.client().send(new GetObjectAclCommand(marked))).rejects.toMatchObject({ name: 'NoSuchKey' })
    const byId = new GetObjectAclCommand({ ...marked, VersionId })
    await expect(server.client().send(byId)).rejects.toMatchObject({ name: 'MethodNotAllowed' })
  })
})

describe('an expired link', () => {
  const seconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
  const element = (text: string, name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]
  const old = new Date(Date.now() - 10_000)

  it('of Version 4 says when it expired, and what time it is', async () => {
    const url = await getSignedUrl(server.client(), new GetObjectCommand(object), { expiresIn: 2, signingDate: old })
    const text = await (await fetch(url)).text()
    expect([element(text, 'Code'), element(text, 'X-Amz-Expires')]).toEqual(['AccessDenied', '2'])
    for (const name of ['Expires', 'ServerTime']) expect(element(text, name)).toMatch(seconds)
  })

  it('of Version 2 does too, and one that does not match says what was to be signed', async () => {
    const link = (expires: number, secret: string) => {
      const toSign = `GET\n\n\n${expires}\n/${Bucket}/object`
      const signature = encodeURIComponent(createHmac('sha1', secret).update(toSign).digest('base64'))
      return `${server.endpoint}/${Bucket}/object?AWSAccessKeyId=main&Expires=${expires}&Signature=${signature}`
    }
    const expired = Math.floor(old.getTime() / 1000)
    const text = await (await fetch(link(expired, 'main-secret'))).text()
    expect([element(text, 'Code'), element(text, 'Message')]).toEqual(['AccessDenied', 'Request has expired'])
    expect(element(text, 'Expires')).toBe(new Date(expired * 1000).toISOString().replace('.000', ''))
    expect(element(text, 'ServerTime')).toMatch(seconds)
    const wrong = await (await fetch(link(expired + 1000, 'wrong'))).text()
    const toSign = `GET\n\n\n${expired + 1000}\n/${Bucket}/object`
    expect([element(wrong, 'Code'), element(wrong, 'StringToSign')]).toEqual(['SignatureDoesNotMatch', toSign])
    const bytes = element(wrong, 'StringToSignBytes')
      ?.split(' ')
      .map((hex) => Number.parseInt(hex, 16))
    expect(Buffer.from(bytes ?? []).toString()).toBe(toSign)
  })
})

it('takes the type of a checksum in any case', async () => {
  const sum = { Bucket, Key: 'typed', ChecksumAlgorithm: 'crc32' as 'CRC32' }
  for (const [ChecksumType, told] of [
    ['composite', 'COMPOSITE'],
    ['Full_Object', 'FULL_OBJECT'],
  ] as const) {
    const type = ChecksumType as 'COMPOSITE'
    const begun = await server.client().send(new CreateMultipartUploadCommand({ ...sum, ChecksumType: type }))
    expect([begun.ChecksumAlgorithm, begun.ChecksumType]).toEqual(['CRC32', told])
    const upload = { Bucket, Key: 'typed', UploadId: begun.UploadId }
    const part = { ...upload, PartNumber: 1, Body: 'x', ChecksumAlgorithm: 'CRC32' as const }
    const { ETag, ChecksumCRC32 } = await server.client().send(new UploadPartCommand(part))
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32 }] }
    const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload, ChecksumType: type })
    expect((await server.client().send(complete)).ChecksumType).toBe(told)
  }
  const wrong = { ...sum, ChecksumType: 'partial' as 'COMPOSITE' }
  await expect(server.client().send(new CreateMultipartUploadCommand(wrong))).rejects.toMatchObject({
    name: 'InvalidRequest',
  })
})

describe('a bucket that is made again', () => {
  const make = (name: string, LocationConstraint?: 'us-west-1' | 'us-east-2') => {
    const location = LocationConstraint && { CreateBucketConfiguration: { LocationConstraint } }
    return server.client().send(new CreateBucketCommand({ Bucket: name, ...location }))
  }
  const refused = { name: 'BucketAlreadyOwnedByYou', $metadata: { httpStatusCode: 409 } }

  it('is refused unless it is in us-east-1, before and now', async () => {
    await make('home')
    await make('home')
    await expect(make('home', 'us-west-1')).rejects.toMatchObject(refused)
    await make('away', 'us-west-1')
    for (const location of ['us-west-1', 'us-east-2', undefined] as const)
      await expect(make('away', location)).rejects.toMatchObject(refused)
  })
})
