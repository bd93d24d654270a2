/** The answers to visitors of a bucket's website. */
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readable, servedBy, startSite, type TestSite } from './start-site.ts'

let site: TestSite
let visit: TestSite['visit']

beforeAll(async () => {
  site = await startSite()
  visit = site.visit
  await site.publish('site', servedBy('index.html', { ErrorDocument: { Key: 'error.html' } }), {
    'index.html': '<h1>Home</h1>',
    'docs/index.html': 'Docs',
    'docs/page.txt': '0123456789',
    'a b/ü.txt': 'odd',
    'error.html': '<h1>Sorry</h1>',
  })
  await site.publish('plain', servedBy('index.html'), { 'there.txt': 'there' })
  await site.client.send(new aws.CreateBucketCommand({ Bucket: 'unset' }))
})
afterAll(() => site.close())

/** The page of an error, without what differs each time. */
const shown = (body: string) => body.replace(/(RequestId|HostId): [^<]+/g, '$1: X')

const page = (title: string, ...lines: string[]) =>
  [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<h1>${title}</h1>`,
    '<ul>',
    ...lines.map((line) => `<li>${line}</li>`),
    '<li>RequestId: X</li>',
    '<li>HostId: X</li>',
    '</ul>',
    '<hr/>',
    '</body>',
    '</html>',
    '',
  ].join('\n')

describe('a page', () => {
  it('is the index document for the root and for folders', async () => {
    expect(await visit('site')).toMatchObject({ status: 200, body: '<h1>Home</h1>' })
    expect(await visit('site', '/docs/')).toMatchObject({ status: 200, body: 'Docs' })
    expect(await visit('site', '/?version=2#top')).toMatchObject({ status: 200, body: '<h1>Home</h1>' })
  })

  it('is the object of its path, decoded', async () => {
    expect(await visit('site', '/docs/page.txt')).toMatchObject({ status: 200, body: '0123456789' })
    expect(await visit('site', '/a%20b/%C3%BC.txt')).toMatchObject({ status: 200, body: 'odd' })
  })

  it('has the headers stored with it, and none of versions', async () => {
    const stored = {
      Bucket: 'site',
      Key: 'headers',
      Body: 'x',
      ContentType: 'text/css',
      CacheControl: 'max-age=60',
      ContentLanguage: 'en',
      ContentDisposition: 'inline; filename="x"',
      Metadata: { colour: 'blue' },
    }
    await site.client.send(new aws.PutObjectCommand(stored))
    const { headers } = await visit('site', '/headers')
    expect(headers).toMatchObject({
      'content-type': 'text/css',
      'cache-control': 'max-age=60',
      'content-language': 'en',
      'content-disposition': 'inline; filename="x"',
      'x-amz-meta-colour': 'blue',
      'content-length': '1',
      etag: '"9dd4e461268c8034f5c8564e155c67a6"',
      server: 'MyFSIO',
    })
    expect(headers['x-amz-request-id']).toMatch(/^[0-9A-F]{16}$/)
    expect(headers['last-modified']).toMatch(/ GMT$/)
    expect(headers['x-amz-version-id']).toBeUndefined()
  })

  it('has no body for HEAD, and the same headers', async () => {
    const { date: _, 'x-amz-request-id': __, ...got } = (await visit('site', '/docs/page.txt')).headers
    const head = await visit('site', '/docs/page.txt', { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, body: '' })
    expect(head.headers).toMatchObject(got)
  })

  it('is sent in part, and not at all where the visitor has it', async () => {
    const part = await visit('site', '/docs/page.txt', { headers: { range: 'bytes=2-4' } })
    expect(part).toMatchObject({ status: 206, body: '234' })
    expect(part.headers).toMatchObject({ 'content-range': 'bytes 2-4/10', 'content-length': '3' })
    const { etag = '' } = part.headers
    const unchanged = await visit('site', '/docs/page.txt', { headers: { 'if-none-match': etag } })
    expect(unchanged).toMatchObject({ status: 304, body: '' })
    expect(unchanged.headers).toMatchObject({ etag })
    const since = { 'if-modified-since': part.headers['last-modified'] ?? '' }
    expect((await visit('site', '/docs/page.txt', { headers: since })).status).toBe(304)
    expect((await visit('site', '/docs/page.txt', { headers: { 'if-match': '"other"' } })).status).toBe(412)
    const beyond = await visit('site', '/docs/page.txt', { headers: { range: 'bytes=20-' } })
    expect(beyond).toMatchObject({ status: 416, body: '<h1>Sorry</h1>' })
  })

  it('may be larger than memory wants to hold', async () => {
    const Body = Buffer.alloc(300_000, 'abc')
    await site.client.send(new aws.PutObjectCommand({ Bucket: 'site', Key: 'large.txt', Body }))
    expect((await visit('site', '/large.txt')).body).toBe(Body.toString())
    expect((await visit('site', '/large.txt', { headers: { range: 'bytes=-5' } })).body).toBe('bcabc'.slice(-5))
    const head = await visit('site', '/large.txt', { method: 'HEAD' })
    expect([head.body, head.headers['content-length']]).toEqual(['', '300000'])
  })

  it('of a folder is found with a slash at its end', async () => {
    expect(await visit('site', '/docs')).toMatchObject({ status: 302, location: '/docs/', body: '' })
    await site.client.send(new aws.PutObjectCommand({ Bucket: 'site', Key: '/evil.example/index.html', Body: 'x' }))
    const { location } = await visit('site', '//evil.example')
    expect(location).toBe(`http://site.s3-website.localhost:${site.port}//evil.example/`)
  })

  it('is what is public, whatever the visitor signs', async () => {
    const secret = { Bucket: 'plain', Key: 'secret', Body: 'secret' }
    await site.client.send(new aws.PutObjectCommand(secret))
    await site.client.send(new aws.PutBucketPolicyCommand({ Bucket: 'plain', Policy: readable('plain', 'there.txt') }))
    const authorization =
      'AWS4-HMAC-SHA256 Credential=x/20261130/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0'
    expect(await visit('plain', '/there.txt', { headers: { authorization } })).toMatchObject({ status: 200 })
    expect((await visit('plain', '/secret', { headers: { authorization } })).status).toBe(403)
    expect((await visit('plain', '/there.txt?acl&X-Amz-Signature=0')).body).toBe('there')
    await site.client.send(new aws.PutBucketPolicyCommand({ Bucket: 'plain', Policy: readable('plain') }))
  })

  it('is none of a bucket whose requesters pay, since visitors do not', async () => {
    await site.publish('paid', servedBy('index.html'), { 'index.html': 'x' })
    const RequestPaymentConfiguration = { Payer: 'Requester' as const }
    await site.client.send(new aws.PutBucketRequestPaymentCommand({ Bucket: 'paid', RequestPaymentConfiguration }))
    expect((await visit('paid', '/', { headers: { 'x-amz-request-payer': 'requester' } })).status).toBe(403)
  })

  it('is none of a bucket whose public access is blocked', async () => {
    await site.publish('blocked', servedBy('index.html'), { 'index.html': 'x' })
    await site.client.send(
      new aws.PutPublicAccessBlockCommand({
        Bucket: 'blocked',
        PublicAccessBlockConfiguration: { RestrictPublicBuckets: true },
      }),
    )
    expect((await visit('blocked')).status).toBe(403)
  })
})

describe('an error', () => {
  it('has S3’s page where there is no error document', async () => {
    const refused = await visit('plain', '/absent/<b>')
    expect(refused.status).toBe(403)
    expect(refused.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-amz-error-code': 'AccessDenied',
      'x-amz-error-message': 'Access Denied',
    })
    expect(shown(refused.body)).toBe(page('403 Forbidden', 'Code: AccessDenied', 'Message: Access Denied'))
    expect(refused.body).toContain(`<li>RequestId: ${refused.headers['x-amz-request-id']}</li>`)
    expect(refused.body).toContain(`<li>HostId: ${refused.headers['x-amz-id-2']}</li>`)
  })

  it('is 404 where everybody may list the bucket, and names the key without markup', async () => {
    await site.client.send(
      new aws.PutBucketPolicyCommand({ Bucket: 'plain', Policy: readable('plain', '*', 's3:ListBucket') }),
    )
    const missing = await visit('plain', '/%3Cscript%3E')
    expect(missing.status).toBe(404)
    expect(shown(missing.body)).toBe(
      page('404 Not Found', 'Code: NoSuchKey', 'Message: The specified key does not exist.', 'Key: &lt;script&gt;'),
    )
    expect((await visit('plain')).body).toContain('<li>Key: index.html</li>')
    expect((await visit('plain', '/there.txt')).status).toBe(403)
    await site.client.send(new aws.PutBucketPolicyCommand({ Bucket: 'plain', Policy: readable('plain') }))
  })

  it('has the error document, with its own status', async () => {
    const answer = await visit('site', '/absent')
    expect(answer).toMatchObject({ status: 403, body: '<h1>Sorry</h1>' })
    expect(answer.headers).toMatchObject({ 'content-type': 'text/html', 'x-amz-error-code': 'AccessDenied' })
    const ranged = await visit('site', '/absent', { headers: { range: 'bytes=0-1', 'if-none-match': '*' } })
    expect(ranged).toMatchObject({ status: 403, body: '<h1>Sorry</h1>' })
  })

  it('says so where the error document cannot be read', async () => {
    await site.publish('lost', servedBy('i', { ErrorDocument: { Key: 'gone.html' } }))
    const Statement = [
      { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::lost/*' },
      { Effect: 'Allow', Principal: '*', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::lost' },
    ]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await site.client.send(new aws.PutBucketPolicyCommand({ Bucket: 'lost', Policy }))
    const { status, body } = await visit('lost', '/x')
    expect(status).toBe(404)
    expect(shown(body)).toContain(
      [
        '<li>HostId: X</li>',
        '</ul>',
        '<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>',
        '<ul>',
        '<li>Code: NoSuchKey</li>',
        '<li>Message: The specified key does not exist.</li>',
        '<li>Key: gone.html</li>',
        '</ul>',
        '<hr/>',
      ].join('\n'),
    )
  })

  it('has no body for HEAD', async () => {
    const { status, body, headers } = await visit('plain', '/absent', { method: 'HEAD' })
    expect([status, body, headers['x-amz-error-code']]).toEqual([403, '', 'AccessDenied'])
    expect(Number(headers['content-length'])).toBeGreaterThan(100)
  })

  it.each(['PUT', 'POST', 'DELETE', 'PATCH'])('is 405 for %s', async (method) => {
    const { status, body, headers } = await visit('site', '/docs/page.txt', { method, body: 'x'.repeat(100_000) })
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS'])
    expect(shown(body)).toBe(
      page(
        '405 Method Not Allowed',
        'Code: MethodNotAllowed',
        'Message: The specified method is not allowed against this resource.',
        `Method: ${method}`,
        'ResourceType: OBJECT',
      ),
    )
    expect((await visit('site', '/docs/page.txt')).body).toBe('0123456789')
  })

  it.each([
    ['absent', 'NoSuchBucket', 'The specified bucket does not exist'],
    ['unset', 'NoSuchWebsiteConfiguration', 'The specified bucket does not have a website configuration'],
  ])('of bucket %s is %s', async (bucket, code, message) => {
    const { status, body } = await visit(bucket)
    expect(status).toBe(404)
    expect(shown(body)).toBe(page('404 Not Found', `Code: ${code}`, `Message: ${message}`, `BucketName: ${bucket}`))
  })

  it.each([
    ['/%zz', 'InvalidURI', 400],
    ['/%00', 'InvalidArgument', 400],
    [`/${'x'.repeat(1025)}`, 'KeyTooLongError', 400],
  ])('of the path %.10s is %s', async (path, code, status) => {
    const answer = await visit('plain', path)
    expect([answer.status, answer.headers['x-amz-error-code']]).toEqual([status, code])
  })
})

describe('web pages of other origins', () => {
  it('read a website by the CORS rules of its bucket', async () => {
    const rule = { AllowedMethods: ['GET'], AllowedOrigins: ['https://app.example'], ExposeHeaders: ['ETag'] }
    await site.client.send(new aws.PutBucketCorsCommand({ Bucket: 'plain', CORSConfiguration: { CORSRules: [rule] } }))
    const origin = { origin: 'https://app.example' }
    for (const path of ['/there.txt', '/absent']) {
      const { headers } = await visit('plain', path, { headers: origin })
      expect(headers).toMatchObject({
        'access-control-allow-origin': 'https://app.example',
        'access-control-expose-headers': 'ETag',
        vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
      })
    }
    const other = await visit('plain', '/there.txt', { headers: { origin: 'https://b.example' } })
    expect(other.headers['access-control-allow-origin']).toBeUndefined()
    const asked = { ...origin, 'access-control-request-method': 'GET' }
    const preflight = await visit('plain', '/there.txt', { method: 'OPTIONS', headers: asked })
    expect([preflight.status, preflight.body]).toEqual([200, ''])
    const refused = { ...asked, 'access-control-request-method': 'PUT' }
    const denied = await visit('plain', '/there.txt', { method: 'OPTIONS', headers: refused })
    expect([denied.status, denied.headers['x-amz-error-code']]).toEqual([403, 'AccessForbidden'])
  })
})
