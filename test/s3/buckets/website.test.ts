/** The website configuration of a bucket: put, read, deleted, and refused with the errors of S3. */
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
  await client.send(new aws.DeleteBucketWebsiteCommand({ Bucket }))
})

const put = (WebsiteConfiguration: aws.WebsiteConfiguration, name = Bucket, from = client) =>
  from.send(new aws.PutBucketWebsiteCommand({ Bucket: name, WebsiteConfiguration }))
async function get(name = Bucket) {
  const { $metadata: _, ...website } = await client.send(new aws.GetBucketWebsiteCommand({ Bucket: name }))
  return website
}

async function putXml(content: string, headers: Record<string, string> = {}) {
  const body = `<WebsiteConfiguration>${content}</WebsiteConfiguration>`
  const keys = { 'x-access-key': 'main', 'x-secret-key': 'main-secret' }
  const digest = { 'content-md5': hash('md5', body, 'base64') }
  const answer = await fetch(`${server.endpoint}/${Bucket}?website`, {
    method: 'PUT',
    body,
    headers: { ...keys, ...digest, ...headers },
  })
  const text = await answer.text()
  const field = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(text)?.[1]
  return { status: answer.status, code: field('Code'), message: field('Message'), field, text }
}

const index = '<IndexDocument><Suffix>index.html</Suffix></IndexDocument>'
const rules = (content: string) => `${index}<RoutingRules>${content}</RoutingRules>`
const redirect = (content: string) => rules(`<RoutingRule><Redirect>${content}</Redirect></RoutingRule>`)
const condition = (content: string) =>
  rules(
    `<RoutingRule><Condition>${content}</Condition><Redirect><HostName>a.example</HostName></Redirect></RoutingRule>`,
  )

describe('a website configuration', () => {
  const everything: aws.WebsiteConfiguration = {
    IndexDocument: { Suffix: 'index.html' },
    ErrorDocument: { Key: 'errors/404.html' },
    RoutingRules: [
      {
        Condition: { KeyPrefixEquals: 'docs/', HttpErrorCodeReturnedEquals: '404' },
        Redirect: { HostName: 'www.example.com', HttpRedirectCode: '302', Protocol: 'https', ReplaceKeyWith: 'x' },
      },
      { Condition: { KeyPrefixEquals: 'strip/' }, Redirect: { ReplaceKeyPrefixWith: '' } },
      { Redirect: { HostName: 'other.example' } },
    ],
  }

  it.each([
    everything,
    { IndexDocument: { Suffix: 'home' } },
    { RedirectAllRequestsTo: { HostName: 'www.example.com' } },
    { RedirectAllRequestsTo: { HostName: 'www.example.com:8443', Protocol: 'https' as const } },
  ])('comes back as it was put: %j', async (website) => {
    expect((await put(website)).$metadata.httpStatusCode).toBe(200)
    expect(await get()).toEqual(website)
    expect(await get()).toEqual(website)
    await put(website)
    expect(await get()).toEqual(website)
  })

  it('is none until it is put, and none after it is deleted', async () => {
    const missing = {
      name: 'NoSuchWebsiteConfiguration',
      message: 'The specified bucket does not have a website configuration',
      BucketName: Bucket,
      $metadata: { httpStatusCode: 404 },
    }
    await expect(get()).rejects.toMatchObject(missing)
    await put(everything)
    for (let times = 0; times < 2; times++) {
      const deleted = await client.send(new aws.DeleteBucketWebsiteCommand({ Bucket }))
      expect(deleted.$metadata.httpStatusCode).toBe(204)
    }
    await expect(get()).rejects.toMatchObject(missing)
  })

  it('goes with its bucket', async () => {
    const name = { Bucket: 'short-lived' }
    await client.send(new aws.CreateBucketCommand(name))
    await put(everything, name.Bucket)
    await client.send(new aws.DeleteBucketCommand(name))
    await client.send(new aws.CreateBucketCommand(name))
    await expect(get(name.Bucket)).rejects.toMatchObject({ name: 'NoSuchWebsiteConfiguration' })
  })

  it('is not for those who may only read objects', async () => {
    const reader = server.client('reader')
    await expect(put(everything, Bucket, reader)).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(reader.send(new aws.GetBucketWebsiteCommand({ Bucket }))).rejects.toMatchObject({
      name: 'AccessDenied',
    })
    reader.destroy()
  })
})

describe('a document that S3 refuses', () => {
  const protocol =
    'Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.'
  const noIndex = 'A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty'
  const badIndex = 'The IndexDocument Suffix is not well formed'
  const notAlone = 'RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.'
  const all = '<RedirectAllRequestsTo><HostName>a.example</HostName></RedirectAllRequestsTo>'

  it.each([
    ['', noIndex, 'IndexDocument', 'null'],
    ['<IndexDocument/>', noIndex, 'IndexDocument', 'null'],
    ['<ErrorDocument><Key>e</Key></ErrorDocument>', noIndex, 'IndexDocument', 'null'],
    ['<IndexDocument><Suffix/></IndexDocument>', badIndex, 'IndexDocument', undefined],
    ['<IndexDocument><Suffix>a/b</Suffix></IndexDocument>', badIndex, 'IndexDocument', 'a/b'],
    [
      `${index}<ErrorDocument><Key/></ErrorDocument>`,
      'The ErrorDocument Key is not well formed',
      'ErrorDocument',
      undefined,
    ],
    [all + index, notAlone, 'RedirectAllRequestsTo', 'not null'],
    [`${all}<ErrorDocument><Key>e</Key></ErrorDocument>`, notAlone, 'RedirectAllRequestsTo', 'not null'],
  ])('%s: InvalidArgument, %s', async (content, message, argument, value) => {
    const answer = await putXml(content)
    expect(answer).toMatchObject({ status: 400, code: 'InvalidArgument', message })
    expect([answer.field('ArgumentName'), answer.field('ArgumentValue')]).toEqual([argument, value])
    await expect(get()).rejects.toMatchObject({ name: 'NoSuchWebsiteConfiguration' })
  })

  it.each([
    [all.replace('</HostName>', '</HostName><Protocol>ftp</Protocol>'), protocol],
    [redirect('<Protocol>HTTP</Protocol>'), protocol],
    [
      redirect('<ReplaceKeyWith>a</ReplaceKeyWith><ReplaceKeyPrefixWith>b</ReplaceKeyPrefixWith>'),
      'You can only define ReplaceKeyPrefix or ReplaceKey but not both.',
    ],
    [
      condition(''),
      "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.",
    ],
    [
      rules('<RoutingRule><Redirect><HostName>a</HostName></Redirect></RoutingRule>'.repeat(51)),
      '51 routing rules provided, the number of routing rules in a website configuration is limited to 50.',
    ],
    ...[300, 306, 309, 399, 200].map((code) => [
      redirect(`<HttpRedirectCode>${code}</HttpRedirectCode>`),
      `The provided HTTP redirect code (${code}) is not valid. Valid codes are 3XX except 300.`,
    ]),
    ...[399, 418, 499, 506, 200].map((code) => [
      condition(`<HttpErrorCodeReturnedEquals>${code}</HttpErrorCodeReturnedEquals>`),
      `The provided HTTP error code (${code}) is not valid. Valid codes are 4XX or 5XX.`,
    ]),
  ])('%.80s: InvalidRequest, %s', async (content = '', message) => {
    expect(await putXml(content)).toMatchObject({ status: 400, code: 'InvalidRequest', message })
  })

  it.each([
    '<RedirectAllRequestsTo/>',
    '<RedirectAllRequestsTo><Protocol>http</Protocol></RedirectAllRequestsTo>',
    '<RedirectAllRequestsTo><HostName/></RedirectAllRequestsTo>',
    '<RedirectAllRequestsTo><HostName>a/b</HostName></RedirectAllRequestsTo>',
    `${index}<ErrorDocument/>`,
    `${index}<RoutingRules/>`,
    rules('<RoutingRule/>'),
    redirect(''),
    redirect('<HostName>a&#10;b</HostName>'),
    redirect('<HttpRedirectCode>moved</HttpRedirectCode>'),
    redirect('<HostName>a</HostName><HostName>b</HostName>'),
    condition('<HttpErrorCodeReturnedEquals>404x</HttpErrorCodeReturnedEquals>'),
    `${index}<Color>blue</Color>`,
    index + index,
    'text',
    '<IndexDocument>',
  ])('%s: MalformedXML', async (content) => {
    expect(await putXml(content)).toMatchObject({ status: 400, code: 'MalformedXML' })
  })

  it('of more than 128 KiB, without a body, or without a checksum', async () => {
    const long = await putXml(`${index}<!--${'x'.repeat(128 * 1024)}-->`)
    expect(long).toMatchObject({ status: 400, code: 'MaxMessageLengthExceeded', message: 'Your request was too big.' })
    expect(long.field('MaxMessageLengthBytes')).toBe('131072')
    expect(await putXml(index, { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' })).toMatchObject({ code: 'BadDigest' })
    const keys = { 'x-access-key': 'main', 'x-secret-key': 'main-secret' }
    const bare = await fetch(`${server.endpoint}/${Bucket}?website`, { method: 'PUT', headers: keys, body: '<x/>' })
    expect(await bare.text()).toContain('Missing required header for this request: Content-MD5 OR x-amz-checksum-*')
  })
})
