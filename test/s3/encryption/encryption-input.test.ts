/** Invalid encryption headers: code, message and argument are AWS's, and nothing is written. */
import { hash } from 'node:crypto'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'
import { customerKey, type Refused, refusal } from './ask.ts'

const Bucket = 'bucket'
let server: TestServer
let client: aws.S3Client

beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  client = server.client()
  for (const name of [Bucket, 'blocking']) await client.send(new aws.CreateBucketCommand({ Bucket: name }))
  await client.send(new aws.PutObjectCommand({ Bucket, Key: 'plain', Body: 'content' }))
  const Rules = [{ BlockedEncryptionTypes: { EncryptionType: ['SSE-C' as const] } }]
  await client.send(
    new aws.PutBucketEncryptionCommand({ Bucket: 'blocking', ServerSideEncryptionConfiguration: { Rules } }),
  )
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

const sse = 'x-amz-server-side-encryption'
const customer = `${sse}-customer`
const key = customerKey('one')
const invalid = (message: string, argumentValue?: string): Refused => ({
  status: 400,
  code: 'InvalidArgument',
  message,
  argumentName: sse,
  ...(argumentValue !== undefined && { argumentValue }),
})
const byKey = 'Requests specifying Server Side Encryption with Customer provided keys must provide'
const needsKms =
  'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms'
const unfit = 'The secret key was invalid for the specified algorithm.'
const notAMap =
  "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map"
const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(key.headers).filter(([name]) => !names.includes(name.slice(customer.length + 1))))
const short = Buffer.alloc(16, 1)
const context = (text: string) => Buffer.from(text).toString('base64')
const absentKey = '11111111-2222-3333-4444-555555555555'

const badWrites: readonly (readonly [title: string, headers: Record<string, string>, refused: Refused])[] = [
  ...['AES256', 'aws:kms'].map(
    (method) =>
      [
        `SSE-C together with ${method}`,
        { ...key.headers, [sse]: method },
        invalid(
          'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
          method,
        ),
      ] as const,
  ),
  [
    'another algorithm of SSE-C',
    { ...key.headers, [`${customer}-algorithm`]: 'AES192' },
    {
      ...invalid('The Encryption request you specified is not valid. Supported value: AES256.', 'AES192'),
      code: 'InvalidEncryptionAlgorithmError',
    },
  ],
  ['a key without an algorithm', without('algorithm'), invalid(`${byKey} a valid encryption algorithm.`)],
  ['a digest alone', without('algorithm', 'key'), invalid(`${byKey} a valid encryption algorithm.`)],
  ['an algorithm without a key', without('key', 'key-md5'), invalid(`${byKey} an appropriate secret key.`)],
  ['an algorithm with a digest alone', without('key'), invalid(`${byKey} an appropriate secret key.`)],
  ['a key without its digest', without('key-md5'), invalid(unfit)],
  [
    'a key of 16 bytes',
    {
      ...key.headers,
      [`${customer}-key`]: short.toString('base64'),
      [`${customer}-key-md5`]: hash('md5', short, 'base64'),
    },
    invalid(unfit),
  ],
  ['a key that is no base64', { ...key.headers, [`${customer}-key`]: 'not base64' }, invalid(unfit)],
  [
    'the digest of another key',
    { ...key.headers, [`${customer}-key-md5`]: customerKey('two').md5 },
    invalid('The calculated MD5 hash of the key did not match the hash that was provided.'),
  ],
  ...['AES192', 'aes:kms', 'aes256', 'aws:fsx', 'aws:backup', ''].map(
    (method) =>
      [
        `the method "${method}"`,
        { [sse]: method },
        invalid('The encryption method specified is not supported', method || undefined),
      ] as const,
  ),
  ['a KMS key with AES256', { [sse]: 'AES256', [`${sse}-aws-kms-key-id`]: 'alias/x' }, invalid(needsKms, 'AES256')],
  ['a KMS key without a method', { [`${sse}-aws-kms-key-id`]: 'alias/x' }, invalid(needsKms)],
  ['a context without a method', { [`${sse}-context`]: context('{}') }, invalid(needsKms)],
  ...[
    ['text', 'team'],
    ['a list', '["team"]'],
    ['a number in it', '{"team":1}'],
    ['null', 'null'],
  ].map(
    ([title, text = '']) =>
      [
        `a context that is ${title}`,
        { [sse]: 'aws:kms', [`${sse}-context`]: context(text) },
        { ...invalid(notAMap, context(text)), argumentName: `${sse}-context` },
      ] as const,
  ),
  [
    'a context that is no base64',
    { [sse]: 'aws:kms', [`${sse}-context`]: '{"team":"a"}' },
    { ...invalid(notAMap, '{"team":"a"}'), argumentName: `${sse}-context` },
  ],
  [
    'a bucket key that is neither true nor false',
    { [sse]: 'aws:kms', [`${sse}-bucket-key-enabled`]: 'yes' },
    {
      ...invalid(`The value of ${sse}-bucket-key-enabled must be true or false.`, 'yes'),
      argumentName: `${sse}-bucket-key-enabled`,
    },
  ],
  [
    'a bucket key with DSSE',
    { [sse]: 'aws:kms:dsse', [`${sse}-bucket-key-enabled`]: 'true' },
    {
      ...invalid(
        'S3 Bucket Keys are not supported for dual-layer server-side encryption with AWS KMS keys (DSSE-KMS).',
        'true',
      ),
      argumentName: `${sse}-bucket-key-enabled`,
    },
  ],
  [
    'a KMS key id that is none',
    { [sse]: 'aws:kms', [`${sse}-aws-kms-key-id`]: 'fake-key-id' },
    { status: 400, code: 'KMS.NotFoundException', message: "Invalid keyId 'fake-key-id'" },
  ],
  [
    'a KMS key that is not there',
    { [sse]: 'aws:kms', [`${sse}-aws-kms-key-id`]: absentKey },
    {
      status: 400,
      code: 'KMS.NotFoundException',
      message: `Key 'arn:aws:kms:us-east-1:000000000000:key/${absentKey}' does not exist`,
    },
  ],
  [
    'a KMS key of another region',
    { [sse]: 'aws:kms', [`${sse}-aws-kms-key-id`]: `arn:aws:kms:eu-west-1:000000000000:key/${absentKey}` },
    { status: 400, code: 'KMS.NotFoundException', message: 'Invalid arn eu-west-1' },
  ],
]

const writes = [
  ['PutObject', `${Bucket}/new`, { method: 'PUT', body: 'x' }],
  ['CreateMultipartUpload', `${Bucket}/new?uploads`, { method: 'POST' }],
  ['CopyObject', `${Bucket}/new`, { method: 'PUT', headers: { 'x-amz-copy-source': `${Bucket}/plain` } }],
] as const

const state = async () => {
  const { Versions } = await client.send(new aws.ListObjectVersionsCommand({ Bucket }))
  const { Uploads } = await client.send(new aws.ListMultipartUploadsCommand({ Bucket }))
  return { Versions, Uploads }
}

describe.each(writes)('%s refuses', (_, target, asked) => {
  it.each(badWrites)('%s', async (_title, headers, refused) => {
    const before = await state()
    const own = 'headers' in asked ? asked.headers : {}
    expect(await refusal(server, target, { ...asked, headers: { ...own, ...headers } })).toEqual(refused)
    expect(await state()).toEqual(before)
  })
})

describe('a bucket that blocks SSE-C', () => {
  const denied: Refused = { status: 403, code: 'AccessDenied', message: 'Access Denied' }
  it.each([
    ['PutObject', 'blocking/new', { method: 'PUT', body: 'x' }],
    ['CreateMultipartUpload', 'blocking/new?uploads', { method: 'POST' }],
    ['CopyObject', 'blocking/new', { method: 'PUT', headers: { 'x-amz-copy-source': `${Bucket}/plain` } }],
  ] as const)('refuses it before it looks at the key: %s', async (_, target, asked) => {
    const own = 'headers' in asked ? asked.headers : {}
    for (const given of [key.headers, { [`${customer}-algorithm`]: 'no such' }, { [`${customer}-key`]: 'x' }]) {
      expect(await refusal(server, target, { ...asked, headers: { ...own, ...given } })).toEqual(denied)
    }
  })
})

describe('reading', () => {
  const reads = [
    ['GetObject', `${Bucket}/plain`, {}],
    ['GetObjectAttributes', `${Bucket}/plain?attributes`, { headers: { 'x-amz-object-attributes': 'ETag' } }],
  ] as const
  const notApplicable = {
    status: 400,
    code: 'InvalidRequest',
    message: 'The encryption parameters are not applicable to this object.',
  }

  it.each(reads)('%s refuses a method, which the object knows', async (_, target, asked) => {
    const own = 'headers' in asked ? asked.headers : {}
    for (const name of [sse, `${sse}-aws-kms-key-id`, `${sse}-context`, `${sse}-bucket-key-enabled`]) {
      expect(await refusal(server, target, { headers: { ...own, [name]: 'AES256' } })).toEqual({
        status: 400,
        code: 'InvalidArgument',
        message: 'x-amz-server-side-encryption header is not supported for this operation.',
        argumentName: name,
        argumentValue: 'AES256',
      })
    }
  })

  it.each(reads)('%s refuses a key for an object without one', async (_, target, asked) => {
    const own = 'headers' in asked ? asked.headers : {}
    expect(await refusal(server, target, { headers: { ...own, ...key.headers } })).toEqual(notApplicable)
  })

  it('HeadObject refuses the same, without a body', async () => {
    for (const headers of [key.headers, { [sse]: 'AES256' }]) {
      expect(await refusal(server, `${Bucket}/plain`, { method: 'HEAD', headers })).toMatchObject({ status: 400 })
    }
  })

  it('a copy refuses a key of a source without one', async () => {
    const headers = { 'x-amz-copy-source': `${Bucket}/plain`, ...key.sourceHeaders }
    expect(await refusal(server, `${Bucket}/new`, { method: 'PUT', headers })).toEqual(notApplicable)
  })

  it('an object that is not encrypted does not say so', async () => {
    const { headers } = await fetch(`${server.endpoint}/${Bucket}/plain`, {
      headers: { 'x-access-key': 'main', 'x-secret-key': 'main-secret' },
    })
    expect([...headers.keys()].filter((name) => name.startsWith(sse))).toEqual([])
  })
})
