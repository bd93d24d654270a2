/** The effect of a bucket's CORS rules: preflight requests, and the headers of all other answers. */
import * as aws from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

const app = 'https://app.example.com'
const rules: aws.CORSRule[] = [
  {
    ID: 'read',
    AllowedMethods: ['GET', 'HEAD'],
    AllowedOrigins: [app, 'http://start*end'],
    AllowedHeaders: ['X-Amz-*', 'range'],
    ExposeHeaders: ['ETag', 'x-amz-meta-Own'],
    MaxAgeSeconds: 600,
  },
  { AllowedMethods: ['PUT', 'POST', 'DELETE'], AllowedOrigins: ['https://*.example.com'], AllowedHeaders: ['*'] },
  { AllowedMethods: ['GET'], AllowedOrigins: ['https://public.example', '*'] },
]
const vary = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'

let server: TestServer
let client: aws.S3Client

beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  client = server.client()
  for (const Bucket of ['ruled', 'plain', 'strict']) await client.send(new aws.CreateBucketCommand({ Bucket }))
  const CORSConfiguration = { CORSRules: rules }
  await client.send(new aws.PutBucketCorsCommand({ Bucket: 'ruled', CORSConfiguration }))
  await client.send(
    new aws.PutBucketCorsCommand({ Bucket: 'strict', CORSConfiguration: { CORSRules: rules.slice(0, 2) } }),
  )
  for (const Bucket of ['ruled', 'strict']) {
    await client.send(new aws.PutObjectCommand({ Bucket, Key: 'key', Body: '0123456789' }))
    const Statement = [
      { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` },
    ]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await client.send(new aws.PutBucketPolicyCommand({ Bucket, Policy }))
  }
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

async function ask(path: string, method: string, headers: Record<string, string> = {}, body?: string) {
  const url = path.startsWith('http') ? path : `${server.endpoint}${path}`
  const answer = await fetch(url, { method, headers, ...(body !== undefined && { body }) })
  const text = await answer.text()
  const field = (name: string) => new RegExp(`<${name}>(.*)</${name}>`).exec(text)?.[1]
  const named = [...answer.headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary')
  return { status: answer.status, text, field, all: answer.headers, cors: Object.fromEntries(named) }
}

const preflight = (path: string, origin: string, method?: string, headers?: string) =>
  ask(path, 'OPTIONS', {
    origin,
    ...(method !== undefined && { 'access-control-request-method': method }),
    ...(headers !== undefined && { 'access-control-request-headers': headers }),
  })

describe('a preflight', () => {
  it('that a rule allows is answered with the headers of the rule, and without a body', async () => {
    const answer = await preflight('/ruled/key', app, 'GET', 'X-Amz-Date, RANGE,x-amz-user-agent')
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(answer.all.get('content-length')).toBe('0')
    expect(answer.all.get('content-type')).toBeNull()
    expect(answer.all.get('x-amz-request-id')).toMatch(/^[0-9A-F]{16}$/)
    expect(answer.cors).toEqual({
      'access-control-allow-origin': app,
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': 'x-amz-date, range, x-amz-user-agent',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'ETag, x-amz-meta-Own',
      'access-control-max-age': '600',
      vary,
    })
  })

  it('of a rule for all origins is answered with *, and allows no credentials', async () => {
    const answer = await preflight('/ruled/key', 'https://public.example', 'GET')
    expect(answer.cors).toEqual({ 'access-control-allow-origin': '*', 'access-control-allow-methods': 'GET', vary })
  })

  it('goes on to the next rule where one does not allow a header', async () => {
    expect((await preflight('/ruled/key', app, 'GET')).cors['access-control-allow-origin']).toBe(app)
    expect((await preflight('/ruled/key', app, 'GET', 'content-type')).status).toBe(403)
    expect((await preflight('/ruled/key', app, 'PUT', 'content-type')).status).toBe(200)
  })

  it.each([
    ['https://a.example.com', 200],
    ['https://a.b.example.com', 200],
    ['https://.example.com', 200],
    ['https://example.com', 403],
    ['http://a.example.com', 403],
    ['https://a.example.com/', 403],
    ['https://a.example.com.evil.example', 403],
    ['https://A.EXAMPLE.COM', 403],
    ['xhttps://a.example.com', 403],
    ['null', 403],
  ])('for PUT from %s: %i', async (origin, status) => {
    expect((await preflight('/strict/key', origin, 'PUT')).status).toBe(status)
  })

  it.each([
    ['http://startend', 200],
    ['http://start12end', 200],
    ['http://startnd', 403],
    ['http://starten', 403],
  ])('for GET from %s: %i', async (origin, status) => {
    expect((await preflight('/strict', origin, 'GET')).status).toBe(status)
  })

  const notAllowed =
    'CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / ' +
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."
  const notEnabled = 'CORSResponse: CORS is not enabled for this bucket.'
  it.each([
    ['for a bucket that is not there', '/absent/key', 'GET', 'CORSResponse: Bucket not found', 'BUCKET'],
    ['for a bucket without rules', '/plain/key', 'PUT', notEnabled, 'BUCKET'],
    ['for a bucket without rules, with no method', '/plain', undefined, notEnabled, 'BUCKET'],
    ['that no rule allows, for an object', '/strict/key', 'GET', notAllowed, 'OBJECT'],
    ['that no rule allows, for a bucket', '/strict', 'DELETE', notAllowed, 'BUCKET'],
  ])('%s is AccessForbidden', async (_, path, method, message, type) => {
    const answer = await preflight(path, 'https://b.example', method)
    expect([answer.status, answer.field('Code'), answer.field('Message')]).toEqual([403, 'AccessForbidden', message])
    expect([answer.field('Method'), answer.field('ResourceType')]).toEqual([method ?? 'OPTIONS', type])
    expect(answer.cors).toEqual({})
  })

  const nothing = 'Insufficient information. Origin request header needed.'
  it.each([
    ['without an origin', '/ruled/key', {}, nothing],
    [
      'without an origin, for a bucket that is not there',
      '/absent',
      { 'access-control-request-method': 'GET' },
      nothing,
    ],
    ['without a method', '/ruled/key', { origin: app }, 'Invalid Access-Control-Request-Method: null'],
    [
      'with an unknown method',
      '/ruled/key',
      { origin: app, 'access-control-request-method': 'PATCH' },
      'Invalid Access-Control-Request-Method: PATCH',
    ],
    [
      'with a method in lower case',
      '/ruled/key',
      { origin: app, 'access-control-request-method': 'get' },
      'Invalid Access-Control-Request-Method: get',
    ],
    [
      'with what is no name of a header',
      '/ruled/key',
      { origin: app, 'access-control-request-method': 'GET', 'access-control-request-headers': 'x-a, b@d' },
      'Access-Control-Request-Headers "b@d" contains invalid character.',
    ],
  ])('%s is BadRequest', async (_, path, headers, message) => {
    const answer = await ask(path, 'OPTIONS', headers as Record<string, string>)
    expect([answer.status, answer.field('Code')]).toEqual([400, 'BadRequest'])
    expect(answer.field('Message')?.replaceAll('&quot;', '"')).toBe(message)
    expect(answer.cors).toEqual({})
  })

  it('needs no signature: that of a presigned URL may be expired, or wrong', async () => {
    const command = new aws.PutObjectCommand({ Bucket: 'strict', Key: 'new' })
    const signingDate = new Date(Date.now() - 24 * 3600_000)
    const expired = await getSignedUrl(client, command, { expiresIn: 60, signingDate })
    expect((await ask(expired, 'PUT', { origin: app }, 'x')).status).toBe(403)
    for (const url of [expired, `${expired}0`, `${server.endpoint}/strict/new?X-Amz-Signature=x`]) {
      expect((await preflight(url, app, 'PUT', 'content-type')).status).toBe(200)
    }
    const answer = await ask('/strict/new', 'OPTIONS', {
      origin: app,
      'access-control-request-method': 'PUT',
      authorization: 'AWS nobody:wrong',
    })
    expect(answer.status).toBe(200)
  })
})

describe('the answer to a page', () => {
  const readable = {
    'access-control-allow-origin': app,
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'ETag, x-amz-meta-Own',
    'access-control-max-age': '600',
    vary,
  }
  it.each([
    ['GET', '/ruled/key', {}, 200],
    ['HEAD', '/ruled/key', {}, 200],
    ['GET', '/ruled/key', { range: 'bytes=0-3' }, 206],
    ['GET', '/ruled/key', { range: 'bytes=99-' }, 416],
    ['GET', '/ruled/key', { 'if-none-match': '"781e5e245d69b566979b86e28d23f2c7"' }, 304],
    ['GET', '/ruled/key', { 'if-match': '"other"' }, 412],
    ['GET', '/ruled/absent', {}, 403],
    ['GET', '/ruled', {}, 403],
    ['GET', '/ruled/key?partNumber=0', {}, 400],
    ['GET', '/ruled/key?X-Amz-Signature=x&X-Amz-Algorithm=AWS4-HMAC-SHA256', {}, 400],
    ['GET', '/ruled/key', { authorization: 'AWS4-HMAC-SHA256 nonsense' }, 400],
  ])('can be read: %s %s %o: %i', async (method, path, headers, status) => {
    const answer = await ask(path, method, { origin: app, ...headers })
    expect(answer.status).toBe(status)
    expect(answer.cors).toEqual(readable)
  })

  it('can be read after a write, signed in its address or refused', async () => {
    const written = {
      'access-control-allow-origin': app,
      'access-control-allow-methods': 'PUT, POST, DELETE',
      'access-control-allow-credentials': 'true',
      vary,
    }
    const key = { Bucket: 'ruled', Key: 'written' }
    const put = await ask(await getSignedUrl(client, new aws.PutObjectCommand(key)), 'PUT', { origin: app }, 'x')
    expect([put.status, put.cors]).toEqual([200, written])
    const deleted = await ask(await getSignedUrl(client, new aws.DeleteObjectCommand(key)), 'DELETE', { origin: app })
    expect([deleted.status, deleted.cors]).toEqual([204, written])
    const refused = await ask('/ruled/written', 'PUT', { origin: app }, 'x')
    expect([refused.status, refused.cors]).toEqual([403, written])
    const form = await ask(
      '/ruled',
      'POST',
      { origin: app, 'content-type': 'multipart/form-data; boundary=b' },
      '--b--',
    )
    expect(form.status).toBe(400)
    expect(form.cors).toEqual(written)
  })

  it('follows Access-Control-Request-Method and -Headers, on any request', async () => {
    const asPut = await ask('/strict/key', 'GET', { origin: app, 'access-control-request-method': 'PUT' })
    expect([asPut.status, asPut.cors['access-control-allow-methods']]).toEqual([200, 'PUT, POST, DELETE'])
    const withHeader = await ask('/strict/key', 'GET', { origin: app, 'access-control-request-headers': 'other' })
    expect([withHeader.status, withHeader.cors]).toEqual([200, { vary }])
  })

  it('that no rule allows is made all the same, without headers that would let the page read it', async () => {
    const answer = await ask('/strict/key', 'GET', { origin: 'https://b.example' })
    expect([answer.status, answer.text, answer.cors]).toEqual([200, '0123456789', { vary }])
  })

  it('has no such headers without an origin, but varies by it, since caches keep it for pages too', async () => {
    const answer = await ask('/strict/key', 'GET', { referer: `${app}/page` })
    expect([answer.status, answer.cors]).toEqual([200, { vary }])
  })

  it('of a bucket without rules has none, and varies where the server could allow some', async () => {
    for (const path of ['/', '/plain', '/plain/key', '/absent/key']) {
      expect((await ask(path, 'GET', { origin: app })).cors).toEqual({ vary: 'Origin' })
      expect((await ask(path, 'GET')).cors['access-control-allow-origin']).toBeUndefined()
    }
  })

  it('has them no more once the rules are deleted', async () => {
    const Bucket = 'changing'
    await client.send(new aws.CreateBucketCommand({ Bucket }))
    await client.send(new aws.PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: rules } }))
    expect((await preflight('/changing', app, 'GET')).status).toBe(200)
    await client.send(new aws.DeleteBucketCorsCommand({ Bucket }))
    expect((await preflight('/changing', app, 'GET')).status).toBe(403)
    expect((await ask('/changing', 'GET', { origin: app })).cors).toEqual({ vary: 'Origin' })
  })
})
