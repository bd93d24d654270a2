/**
 * Who may use the key of an object: the caller is asked, in the context that AWS documents, and a denial is explained.
 */
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { presignV2 } from '../../input/signer-v2.ts'
import { startServer, type TestServer } from '../start-server.ts'
import { ask, refusal, refusalIn } from './ask.ts'
import { changeKey, type MadeKey, makeKey } from './make-key.ts'

const Bucket = 'bucket'
const arn = `arn:aws:s3:::${Bucket}`
let server: TestServer
let client: aws.S3Client
let key: MadeKey

beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  client = server.client()
  await client.send(new aws.CreateBucketCommand({ Bucket }))
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `${arn}/*` },
  })
  await client.send(new aws.PutBucketPolicyCommand({ Bucket, Policy }))
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

const everything = {
  Effect: 'Allow',
  Principal: { AWS: 'arn:aws:iam::000000000000:root' },
  Action: 'kms:*',
  Resource: '*',
}
const deny = (Action: string, Condition: object = {}) => ({
  Effect: 'Deny',
  Principal: '*',
  Action,
  Resource: '*',
  Condition,
})
const forContext = (value: string) => ({ StringEquals: { 'kms:EncryptionContext:aws:s3:arn': value } })

/** A key with another policy, for the tests that follow. */
async function keyWith(...statements: object[]): Promise<void> {
  key = await makeKey(server.opened.keys.keyring, { policy: { Version: '2012-10-17', Statement: statements } })
}
const setPolicy = (...statements: object[]) =>
  changeKey(server.opened.keys.keyring, key, { policy: { Version: '2012-10-17', Statement: statements } })

const how = (BucketKeyEnabled?: boolean) => ({
  ServerSideEncryption: 'aws:kms' as const,
  SSEKMSKeyId: key.arn,
  ...(BucketKeyEnabled && { BucketKeyEnabled }),
})
const put = (Key: string, BucketKeyEnabled?: boolean) =>
  client.send(new aws.PutObjectCommand({ Bucket, Key, Body: 'content', ...how(BucketKeyEnabled) }))
const get = (Key: string) => client.send(new aws.GetObjectCommand({ Bucket, Key }))
const head = (Key: string, more: object = {}) => client.send(new aws.HeadObjectCommand({ Bucket, Key, ...more }))
const denied = (action: string) => ({
  name: 'AccessDenied',
  message: `User: arn:aws:iam::000000000000:user/Main is not authorized to perform: ${action} on resource: ${key.arn} with an explicit deny in a resource-based policy`,
  $metadata: { httpStatusCode: 403 },
})

describe('a caller without kms:GenerateDataKey', () => {
  it('writes nothing with the key, by none of the operations that write', async () => {
    await keyWith(everything, deny('kms:GenerateDataKey'))
    await client.send(new aws.PutObjectCommand({ Bucket, Key: 'source', Body: 'x' }))
    const refused = denied('kms:GenerateDataKey')
    await expect(put('new')).rejects.toMatchObject(refused)
    const CopySource = `${Bucket}/source`
    const copy = client.send(new aws.CopyObjectCommand({ Bucket, Key: 'new', CopySource, ...how() }))
    await expect(copy).rejects.toMatchObject(refused)
    const create = client.send(new aws.CreateMultipartUploadCommand({ Bucket, Key: 'new', ...how() }))
    await expect(create).rejects.toMatchObject(refused)
    await expect(head('new')).rejects.toMatchObject({ name: 'NotFound' })
  })
})

describe('a caller without kms:Decrypt', () => {
  it('writes an object, but neither reads nor copies it, nor sees its checksum', async () => {
    await keyWith(everything, deny('kms:Decrypt'))
    await put('sealed')
    await expect(get('sealed')).rejects.toMatchObject(denied('kms:Decrypt'))
    const CopySource = `${Bucket}/sealed`
    const copy = client.send(new aws.CopyObjectCommand({ Bucket, Key: 'new', CopySource }))
    await expect(copy).rejects.toMatchObject(denied('kms:Decrypt'))
    expect((await head('sealed')).SSEKMSKeyId).toBe(key.arn)
    await expect(head('sealed', { ChecksumMode: 'ENABLED' })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    })
  })

  it('begins no upload, since its parts would need it', async () => {
    const create = client.send(new aws.CreateMultipartUploadCommand({ Bucket, Key: 'parts', ...how() }))
    await expect(create).rejects.toMatchObject(denied('kms:Decrypt'))
  })
})

describe('the context', () => {
  it('is the ARN of the object, or of its bucket with a bucket key', async () => {
    await keyWith(everything, deny('kms:GenerateDataKey', forContext(`${arn}/a`)))
    await expect(put('a')).rejects.toMatchObject(denied('kms:GenerateDataKey'))
    await put('a', true)
    await put('b')
    await setPolicy(everything, deny('kms:GenerateDataKey', forContext(arn)))
    await expect(put('a', true)).rejects.toMatchObject(denied('kms:GenerateDataKey'))
    await put('a')
  })

  it('is asked about for each object, also where the bucket key is known already', async () => {
    await keyWith(everything)
    await put('shared', true)
    expect(await (await get('shared')).Body?.transformToString()).toBe('content')
    await setPolicy(everything, deny('kms:*'))
    await expect(put('shared', true)).rejects.toMatchObject(denied('kms:GenerateDataKey'))
    await expect(get('shared')).rejects.toMatchObject(denied('kms:Decrypt'))
  })

  it('follows an object that is renamed', async () => {
    await keyWith(everything)
    await put('before')
    await setPolicy(everything, deny('kms:*', forContext(`${arn}/after`)))
    const rename = new aws.RenameObjectCommand({ Bucket, Key: 'after', RenameSource: `${Bucket}/before` })
    await expect(client.send(rename)).rejects.toMatchObject(denied('kms:GenerateDataKey'))
    await setPolicy(everything)
    await client.send(rename)
    await setPolicy(everything, deny('kms:Decrypt', forContext(`${arn}/before`)))
    expect(await (await get('after')).Body?.transformToString()).toBe('content')
  })

  it('tells that S3 asks', async () => {
    const byS3 = { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } }
    await keyWith({ ...everything, Condition: byS3 })
    await put('through')
    expect(await (await get('through')).Body?.transformToString()).toBe('content')
  })
})

describe('a request without a signature of Version 4', () => {
  const needsV4 = {
    status: 400,
    code: 'InvalidArgument',
    message: 'Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.',
    argumentName: 'Authorization',
    argumentValue: 'null',
  }

  it('reads no object with a KMS key, though everyone may read the bucket', async () => {
    await keyWith({ ...everything, Principal: '*' })
    await put('public')
    expect(await refusalIn(await fetch(`${server.endpoint}/${Bucket}/public`))).toEqual(needsV4)
    await client.send(new aws.PutObjectCommand({ Bucket, Key: 'public', Body: 'x', ServerSideEncryption: 'AES256' }))
    expect(await (await fetch(`${server.endpoint}/${Bucket}/public`)).text()).toBe('x')
  })

  it('reads none by a URL that was signed with Version 2', async () => {
    await put('public')
    const answer = await fetch(`${server.endpoint}${presignV2({ method: 'GET', target: `/${Bucket}/public` })}`)
    expect(await refusalIn(answer)).toEqual(needsV4)
  })
})

describe('policies', () => {
  const only = (condition: object) => ({
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:PutObject',
    Resource: `${arn}/*`,
    Condition: condition,
  })
  const setBucketPolicy = (...Statement: object[]) =>
    client.send(
      new aws.PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }),
    )

  it('may ask for a method and a key, of parts what their upload was created with', async () => {
    await keyWith(everything)
    await setBucketPolicy(
      only({ StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } }),
      only({ StringNotEquals: { 's3:x-amz-server-side-encryption-aws-kms-key-id': key.arn } }),
    )
    const plain = client.send(new aws.PutObjectCommand({ Bucket, Key: 'asked', Body: 'x' }))
    await expect(plain).rejects.toMatchObject({ name: 'AccessDenied' })
    const managed = { ServerSideEncryption: 'aws:kms' as const }
    const other = client.send(new aws.PutObjectCommand({ Bucket, Key: 'asked', Body: 'x', ...managed }))
    await expect(other).rejects.toMatchObject({ name: 'AccessDenied' })
    await put('asked')
    const { UploadId } = await client.send(new aws.CreateMultipartUploadCommand({ Bucket, Key: 'parts', ...how() }))
    const place = { Bucket, Key: 'parts', UploadId }
    const { ETag } = await client.send(new aws.UploadPartCommand({ ...place, PartNumber: 1, Body: 'x' }))
    const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] }
    await client.send(new aws.CompleteMultipartUploadCommand({ ...place, MultipartUpload }))
    await client.send(new aws.DeleteBucketPolicyCommand({ Bucket }))
  })

  it('may refuse customer keys, and a header on a part does not help', async () => {
    await setBucketPolicy(only({ Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' } }))
    const headers = { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }
    const refused = await refusal(server, `${Bucket}/new`, { method: 'PUT', headers, body: 'x' })
    expect([refused.status, refused.code]).toEqual([403, 'AccessDenied'])
    await setBucketPolicy(only({ Null: { 's3:x-amz-server-side-encryption': 'true' } }))
    const begun = await ask(server, `${Bucket}/parts?uploads`, {
      method: 'POST',
      headers: { 'x-amz-server-side-encryption': 'AES256' },
    })
    const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(await begun.text())?.[1]
    const part = `${Bucket}/parts?partNumber=1&uploadId=${uploadId}`
    expect((await ask(server, part, { method: 'PUT', body: 'x' })).status).toBe(200)
    await client.send(new aws.DeleteBucketPolicyCommand({ Bucket }))
    const plain = await client.send(new aws.CreateMultipartUploadCommand({ Bucket, Key: 'parts' }))
    await setBucketPolicy(only({ Null: { 's3:x-amz-server-side-encryption': 'true' } }))
    const said = await refusal(server, `${Bucket}/parts?partNumber=1&uploadId=${plain.UploadId}`, {
      method: 'PUT',
      headers: { 'x-amz-server-side-encryption': 'AES256' },
      body: 'x',
    })
    expect(said.code).toBe('AccessDenied')
    await client.send(new aws.DeleteBucketPolicyCommand({ Bucket }))
  })
})
