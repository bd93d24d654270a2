/** The CORS configuration of a bucket: put, read, deleted, and refused with the errors of S3. */
import { hash } from 'node:crypto'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

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
  await client.send(new aws.DeleteBucketCorsCommand({ Bucket }))
})

const put = (CORSRules: aws.CORSRule[], from = client) =>
  from.send(new aws.PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }))
const get = async (name = Bucket) => (await client.send(new aws.GetBucketCorsCommand({ Bucket: name }))).CORSRules
const valid: aws.CORSRule = { AllowedMethods: ['GET'], AllowedOrigins: ['*'] }

/** A document as it is: what no SDK would write. */
async function putXml(content: string, headers: Record<string, string> = {}) {
  const body = `<CORSConfiguration>${content}</CORSConfiguration>`
  const keys = { 'x-access-key': 'main', 'x-secret-key': 'main-secret' }
  const digest = { 'content-md5': hash('md5', body, 'base64') }
  const answer = await fetch(`${server.endpoint}/${Bucket}?cors`, {
    method: 'PUT',
    body,
    headers: { ...keys, ...digest, ...headers },
  })
  const text = await answer.text()
  const [, code, message] = /<Code>(.*)<\/Code><Message>(.*)<\/Message>/.exec(text) ?? []
  return { status: answer.status, code, message }
}

describe('CORS rules', () => {
  it('come back as they were put, in the same order and case', async () => {
    const rules = [
      {
        ID: 'uploads',
        AllowedOrigins: ['https://*.example.com', 'null', ''],
        AllowedMethods: ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'],
        AllowedHeaders: ['Authorization', 'x-amz-*', '*'],
        ExposeHeaders: ['ETag', 'x-amz-meta-Custom'],
        MaxAgeSeconds: 3000,
      },
      { AllowedMethods: ['GET'], AllowedOrigins: ['*'], MaxAgeSeconds: -1 },
    ]
    expect((await put(rules)).$metadata.httpStatusCode).toBe(200)
    expect(await get()).toEqual(rules)
    await put([valid])
    expect(await get()).toEqual([valid])
  })

  it('are none until they are put, and none after they are deleted', async () => {
    const missing = {
      name: 'NoSuchCORSConfiguration',
      message: 'The CORS configuration does not exist',
      BucketName: Bucket,
    }
    await expect(get()).rejects.toMatchObject(missing)
    await put([valid])
    for (let times = 0; times < 2; times++) {
      const deleted = await client.send(new aws.DeleteBucketCorsCommand({ Bucket }))
      expect(deleted.$metadata.httpStatusCode).toBe(204)
    }
    await expect(get()).rejects.toMatchObject(missing)
  })

  it('go with their bucket', async () => {
    const name = { Bucket: 'short-lived' }
    await client.send(new aws.CreateBucketCommand(name))
    await client.send(new aws.PutBucketCorsCommand({ ...name, CORSConfiguration: { CORSRules: [valid] } }))
    await client.send(new aws.DeleteBucketCommand(name))
    await client.send(new aws.CreateBucketCommand(name))
    await expect(get(name.Bucket)).rejects.toMatchObject({ name: 'NoSuchCORSConfiguration' })
  })

  it('stay when other settings change', async () => {
    await put([valid])
    const VersioningConfiguration = { Status: 'Enabled' as const }
    await client.send(new aws.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
    expect(await get()).toEqual([valid])
  })

  it('need s3:GetBucketCORS and s3:PutBucketCORS', async () => {
    const reader = server.client('reader')
    await expect(put([valid], reader)).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(reader.send(new aws.DeleteBucketCorsCommand({ Bucket }))).rejects.toMatchObject({
      name: 'AccessDenied',
    })
    const bare = server.client('bare')
    await expect(bare.send(new aws.GetBucketCorsCommand({ Bucket }))).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  it('may be 100, and no more', async () => {
    await put(Array.from({ length: 100 }, () => valid))
    await expect(put(Array.from({ length: 101 }, () => valid))).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: 'The number of CORS rules should not exceed allowed limit of 100 rules.',
    })
    expect(await get()).toHaveLength(100)
  })
})

const method = (name: string) => `Found unsupported HTTP method in CORS config. Unsupported method is ${name}`
const refusals: readonly (readonly [title: string, rule: aws.CORSRule, code: string, message: string])[] = [
  ['a method S3 does not know', { ...valid, AllowedMethods: ['PATCH'] }, 'InvalidRequest', method('PATCH')],
  ['OPTIONS', { ...valid, AllowedMethods: ['GET', 'OPTIONS'] }, 'InvalidRequest', method('OPTIONS')],
  ['a method in lower case', { ...valid, AllowedMethods: ['get'] }, 'InvalidRequest', method('get')],
  ['an empty method', { ...valid, AllowedMethods: [''] }, 'InvalidRequest', method('')],
  [
    'an origin with two wildcards',
    { ...valid, AllowedOrigins: ['https://*.*.example'] },
    'InvalidRequest',
    'AllowedOrigin "https://*.*.example" can not have more than one wildcard.',
  ],
  [
    'a header with two wildcards',
    { ...valid, AllowedHeaders: ['x-*-*'] },
    'InvalidRequest',
    'AllowedHeader "x-*-*" can not have more than one wildcard.',
  ],
  [
    'a header that is no name of a header',
    { ...valid, AllowedHeaders: ['x amz'] },
    'InvalidRequest',
    'AllowedHeader "x amz" contains invalid character.',
  ],
  [
    'an exposed header that is no name of a header',
    { ...valid, ExposeHeaders: ['ETag:'] },
    'InvalidRequest',
    'ExposeHeader "ETag:" contains invalid character.',
  ],
  [
    'a wildcard among the exposed headers',
    { ...valid, ExposeHeaders: ['x-amz-*'] },
    'InvalidRequest',
    'ExposeHeader "x-amz-*" contains wildcard. We currently do not support wildcard for ExposeHeader.',
  ],
  [
    'an ID of 256 characters',
    { ...valid, ID: 'i'.repeat(256) },
    'InvalidArgument',
    'ID length should not exceed allowed limit of 255',
  ],
]

const malformed = 'The XML you provided was not well-formed or did not validate against our published schema'
const rule = (rest: string) => `<CORSRule><AllowedMethod>GET</AllowedMethod>${rest}</CORSRule>`
const origin = '<AllowedOrigin>*</AllowedOrigin>'

describe('PutBucketCors refuses', () => {
  it.each(refusals)('%s', async (_, refused, name, message) => {
    await put([valid])
    await expect(put([valid, refused])).rejects.toMatchObject({ name, message, $metadata: { httpStatusCode: 400 } })
    expect(await get()).toEqual([valid])
  })

  it.each([
    ['no rule', ''],
    ['a rule without AllowedOrigin', rule('')],
    ['a rule without AllowedMethod', `<CORSRule>${origin}</CORSRule>`],
    ['an empty rule', '<CORSRule/>'],
    ['an unknown element in a rule', rule(`${origin}<AllowedHost>x</AllowedHost>`)],
    ['an unknown element beside the rules', `${rule(origin)}<Rule/>`],
    ['two IDs', rule(`${origin}<ID>a</ID><ID>b</ID>`)],
    ['a MaxAgeSeconds that is no number', rule(`${origin}<MaxAgeSeconds>soon</MaxAgeSeconds>`)],
    ['a MaxAgeSeconds with a fraction', rule(`${origin}<MaxAgeSeconds>1.5</MaxAgeSeconds>`)],
    ['a MaxAgeSeconds beyond 32 bits', rule(`${origin}<MaxAgeSeconds>2147483648</MaxAgeSeconds>`)],
    ['an origin that holds elements', rule('<AllowedOrigin><a/></AllowedOrigin>')],
    ['what is no XML', '<CORSRule>'],
  ])('%s', async (_, content) => {
    expect(await putXml(content)).toEqual({ status: 400, code: 'MalformedXML', message: malformed })
  })

  it('neither spaces nor negative seconds', async () => {
    const seconds = '<MaxAgeSeconds> -1 </MaxAgeSeconds>'
    expect((await putXml(`\n  ${rule(` ${origin} ${seconds} `)}\n`)).status).toBe(200)
    expect(await get()).toEqual([{ ...valid, MaxAgeSeconds: -1 }])
  })

  it('a document without a checksum, and no document', async () => {
    const keys = { 'x-access-key': 'main', 'x-secret-key': 'main-secret' }
    const send = (headers: Record<string, string>, body: string) =>
      fetch(`${server.endpoint}/${Bucket}?cors`, { method: 'PUT', body, headers: { ...keys, ...headers } })
    const unchecked = await send({}, '<CORSConfiguration/>')
    expect([unchecked.status, await unchecked.text()]).toEqual([
      400,
      expect.stringContaining('Missing required header for this request: Content-MD5 OR x-amz-checksum-*'),
    ])
    const empty = await send({ 'content-md5': hash('md5', '', 'base64') }, '')
    expect(await empty.text()).toMatch('<Code>MissingRequestBodyError</Code><Message>Request Body is empty</Message>')
  })

  it('more than 64 KiB', async () => {
    const answer = await putXml(rule(origin) + ' '.repeat(64 * 1024))
    expect(answer).toMatchObject({
      status: 400,
      code: 'MaxMessageLengthExceeded',
      message: 'Your request was too big.',
    })
  })

  it('a body that is not what Content-MD5 says', async () => {
    const answer = await putXml(rule(origin), { 'content-md5': hash('md5', 'other', 'base64') })
    expect(answer).toMatchObject({ status: 400, code: 'BadDigest' })
  })
})
