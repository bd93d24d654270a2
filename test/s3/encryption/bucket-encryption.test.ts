/** The default encryption of a bucket: put, read, deleted, and refused with the errors of S3. */
import { hash } from 'node:crypto'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'
import { refusal } from './ask.ts'

const Bucket = 'bucket'
let server: TestServer
let client: aws.S3Client

beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  client = server.client()
  await client.send(new aws.CreateBucketCommand({ Bucket }))
})
afterAll(async () => {
  client.destroy()
  await server.close()
})
beforeEach(async () => {
  await client.send(new aws.DeleteBucketEncryptionCommand({ Bucket }))
})

const put = (rule: aws.ServerSideEncryptionRule, from = client) =>
  from.send(new aws.PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }))
const get = async (from = client, name = Bucket) =>
  (await from.send(new aws.GetBucketEncryptionCommand({ Bucket: name }))).ServerSideEncryptionConfiguration?.Rules
const defaulting = (SSEAlgorithm: aws.ServerSideEncryption, KMSMasterKeyID?: string) => ({
  ApplyServerSideEncryptionByDefault: { SSEAlgorithm, ...(KMSMasterKeyID && { KMSMasterKeyID }) },
})
const key = 'arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555'
const missing = {
  name: 'ServerSideEncryptionConfigurationNotFoundError',
  message: 'The server side encryption configuration was not found',
  $metadata: { httpStatusCode: 404 },
}

describe('the encryption of a bucket', () => {
  it.each([
    ['AES256', defaulting('AES256')],
    ['aws:kms', defaulting('aws:kms')],
    ['aws:kms with a key that is not looked up', { ...defaulting('aws:kms', key), BucketKeyEnabled: true }],
    ['aws:kms:dsse', defaulting('aws:kms:dsse', 'alias/no-such-key')],
    ['SSE-C blocked', { ...defaulting('AES256'), BlockedEncryptionTypes: { EncryptionType: ['SSE-C' as const] } }],
    ['nothing blocked', { BlockedEncryptionTypes: { EncryptionType: ['NONE' as const] } }],
  ])('comes back as it was put: %s', async (_, rule) => {
    await put(rule)
    expect(await get()).toEqual([{ BucketKeyEnabled: false, ...rule }])
  })

  it('is none until it is put, and none after it is deleted', async () => {
    await expect(get()).rejects.toMatchObject(missing)
    await put(defaulting('AES256'))
    for (let times = 0; times < 2; times++) {
      const deleted = await client.send(new aws.DeleteBucketEncryptionCommand({ Bucket }))
      expect(deleted.$metadata.httpStatusCode).toBe(204)
    }
    await expect(get()).rejects.toMatchObject(missing)
  })

  it('goes with its bucket', async () => {
    const name = { Bucket: 'short-lived' }
    const ServerSideEncryptionConfiguration = { Rules: [defaulting('AES256')] }
    await client.send(new aws.CreateBucketCommand(name))
    await client.send(new aws.PutBucketEncryptionCommand({ ...name, ServerSideEncryptionConfiguration }))
    await client.send(new aws.DeleteBucketCommand(name))
    await client.send(new aws.CreateBucketCommand(name))
    await expect(get(client, name.Bucket)).rejects.toMatchObject(missing)
  })

  it('needs s3:GetEncryptionConfiguration and s3:PutEncryptionConfiguration', async () => {
    const denied = { name: 'AccessDenied' }
    const reader = server.client('reader')
    await expect(put(defaulting('AES256'), reader)).rejects.toMatchObject(denied)
    const deletion = reader.send(new aws.DeleteBucketEncryptionCommand({ Bucket }))
    await expect(deletion).rejects.toMatchObject(denied)
    await expect(get(server.client('bare'))).rejects.toMatchObject(denied)
  })
})

const rule = (content: string) => `<Rule>${content}</Rule>`
const applied = (content: string) =>
  rule(`<ApplyServerSideEncryptionByDefault>${content}</ApplyServerSideEncryptionByDefault>`)
const algorithm = (name: string) => `<SSEAlgorithm>${name}</SSEAlgorithm>`
const malformed = [
  'MalformedXML',
  'The XML you provided was not well-formed or did not validate against our published schema',
] as const
const notApplicable = [
  'InvalidArgument',
  'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
  'ApplyServerSideEncryptionByDefault',
] as const

describe('is refused', () => {
  it.each([
    ['no rule', '', ...malformed],
    ['two rules', applied(algorithm('AES256')).repeat(2), ...malformed],
    ['an empty rule', rule(''), ...malformed],
    ['a rule without an algorithm', applied(''), ...malformed],
    ['an unknown algorithm', applied(algorithm('AES128')), ...malformed],
    ['an algorithm in another case', applied(algorithm('aes256')), ...malformed],
    ['a bucket key that is neither true nor false', rule('<BucketKeyEnabled>yes</BucketKeyEnabled>'), ...malformed],
    [
      'an unknown type to block',
      rule('<BlockedEncryptionTypes><EncryptionType>SSE-S3</EncryptionType></BlockedEncryptionTypes>'),
      ...malformed,
    ],
    ['a key with AES256', applied(`${algorithm('AES256')}<KMSMasterKeyID>x</KMSMasterKeyID>`), ...notApplicable],
    [
      'a bucket key with DSSE',
      applied(algorithm('aws:kms:dsse')).replace('</Rule>', '<BucketKeyEnabled>true</BucketKeyEnabled></Rule>'),
      'InvalidArgument',
      'S3 Bucket Keys are not supported for dual-layer server-side encryption with AWS KMS keys (DSSE-KMS).',
      'ApplyServerSideEncryptionByDefault',
    ],
  ])('%s', async (_, content, code, message, argumentName?: string) => {
    const body = `<ServerSideEncryptionConfiguration>${content}</ServerSideEncryptionConfiguration>`
    const headers = { 'content-md5': hash('md5', body, 'base64') }
    const answer = await refusal(server, `${Bucket}?encryption`, { method: 'PUT', headers, body })
    expect(answer).toEqual({ status: 400, code, message, ...(argumentName && { argumentName }) })
    await expect(get()).rejects.toMatchObject(missing)
  })

  it('a document without a checksum, and none at all', async () => {
    const body = `<ServerSideEncryptionConfiguration>${applied(algorithm('AES256'))}</ServerSideEncryptionConfiguration>`
    const put = { method: 'PUT', headers: {} }
    expect(await refusal(server, `${Bucket}?encryption`, { ...put, body })).toEqual({
      status: 400,
      code: 'InvalidRequest',
      message: 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    })
    const empty = { method: 'PUT', headers: { 'content-md5': hash('md5', '', 'base64') } }
    expect(await refusal(server, `${Bucket}?encryption`, empty)).toMatchObject({ code: 'MissingRequestBodyError' })
  })
})

describe('where DEFAULT_ENCRYPTION is AES256', () => {
  let encrypting: TestServer
  let its: aws.S3Client
  beforeAll(async () => {
    encrypting = await startServer({
      engine: 'memory',
      env: { DEFAULT_ENCRYPTION: 'AES256', DEFAULT_BLOCKED_ENCRYPTION: 'SSE-C' },
    })
    its = encrypting.client()
    await its.send(new aws.CreateBucketCommand({ Bucket }))
  })
  afterAll(async () => {
    its.destroy()
    await encrypting.close()
  })
  const byDefault = [
    {
      ...defaulting('AES256'),
      BucketKeyEnabled: false,
      BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
    },
  ]

  it('a new bucket answers AES256, as on AWS, and blocks what DEFAULT_BLOCKED_ENCRYPTION says', async () => {
    expect(await get(its)).toEqual(byDefault)
  })

  it('NONE opens a bucket for what is blocked by default, and DELETE blocks it again', async () => {
    const open = { ...defaulting('AES256'), BlockedEncryptionTypes: { EncryptionType: ['NONE' as const] } }
    await put(open, its)
    expect(await get(its)).toEqual([{ ...open, BucketKeyEnabled: false }])
    await its.send(new aws.DeleteBucketEncryptionCommand({ Bucket }))
    expect(await get(its)).toEqual(byDefault)
  })
})
