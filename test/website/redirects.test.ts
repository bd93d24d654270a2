/** The redirects of a website. */
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { servedBy, startSite, type TestSite } from './start-site.ts'

let site: TestSite
let visit: TestSite['visit']
let own: string

const rule = (Condition: aws.Condition | undefined, Redirect: aws.Redirect): aws.RoutingRule => ({
  ...(Condition && { Condition }),
  Redirect,
})
const prefix = (KeyPrefixEquals: string): aws.Condition => ({ KeyPrefixEquals })
const error = (code: number, KeyPrefixEquals?: string): aws.Condition => ({
  HttpErrorCodeReturnedEquals: String(code),
  ...(KeyPrefixEquals !== undefined && { KeyPrefixEquals }),
})

beforeAll(async () => {
  site = await startSite({ TRUSTED_PROXIES: '127.0.0.1' })
  visit = site.visit
  own = `http://rules.s3-website.localhost:${site.port}`
  const RoutingRules = [
    rule(prefix('docs/'), { ReplaceKeyPrefixWith: 'documents/' }),
    rule(prefix('images/'), { ReplaceKeyWith: 'folder deleted.html', HttpRedirectCode: '302' }),
    rule(prefix('strip/'), { ReplaceKeyPrefixWith: '' }),
    rule(prefix('app/'), { ReplaceKeyPrefixWith: '#!/' }),
    rule(prefix('away/'), { HostName: 'other.example', Protocol: 'https', HttpRedirectCode: '308' }),
    rule(prefix('slash/'), { ReplaceKeyWith: '//evil.example/x' }),
    rule(prefix('coded/'), { ReplaceKeyWith: 'a%20b?c=d' }),
    rule(prefix('index.html'), { ReplaceKeyWith: 'never' }),
    rule(error(403, 'shop/'), { HostName: 'shop.example', ReplaceKeyPrefixWith: 'report-404/' }),
    rule(error(416), { ReplaceKeyWith: 'too-far' }),
  ]
  await site.publish('rules', servedBy('index.html', { ErrorDocument: { Key: 'error.html' }, RoutingRules }), {
    'index.html': 'home',
    'docs/there.html': 'there',
    'error.html': 'sorry',
  })
})
afterAll(() => site.close())

describe('a rule by prefix', () => {
  it.each([
    ['/docs/a/b.html', 301, '/documents/a/b.html'],
    ['/docs/there.html?x=1&y', 301, '/documents/there.html?x=1&y'],
    ['/docs/%C3%BC%20%23', 301, '/documents/%C3%BC%20%23'],
    ['/images/x.png', 302, '/folder%20deleted.html'],
    ['/strip/a/b', 301, '/a/b'],
    ['/strip/http://rules', 301, '/http%3A//rules'],
    ['/app/users/7', 301, '/#!/users/7'],
    ['/slash/x', 301, '/evil.example/x'],
    ['/coded/x', 301, '/a%20b?c=d'],
  ])('sends %s by %i to %s of the same website', async (path, status, location) => {
    expect(await visit('rules', path)).toMatchObject({ status, location: own + location, body: '' })
  })

  it('sends to another host', async () => {
    expect(await visit('rules', '/away/x')).toMatchObject({ status: 308, location: 'https://other.example/away/x' })
  })

  it('does not count the index document that the root stands for', async () => {
    expect(await visit('rules')).toMatchObject({ status: 200, body: 'home' })
    expect(await visit('rules', '/index.html')).toMatchObject({ status: 301, location: `${own}/never` })
  })

  it('is followed for HEAD too', async () => {
    const { status, location } = await visit('rules', '/docs/x', { method: 'HEAD' })
    expect([status, location]).toEqual([301, `${own}/documents/x`])
  })

  it('is the first that fits', async () => {
    const RoutingRules = [
      rule(prefix('a/b/'), { ReplaceKeyWith: 'first' }),
      rule(prefix('a/'), { ReplaceKeyWith: 'second' }),
      rule(undefined, { HostName: 'rest.example', ReplaceKeyPrefixWith: 'old/' }),
    ]
    await site.publish('order', servedBy('index.html', { RoutingRules }), { 'index.html': 'home' })
    const locationOf = async (path: string) => (await visit('order', path)).location
    expect(await locationOf('/a/b/c')).toMatch(/\/first$/)
    expect(await locationOf('/a/c')).toMatch(/\/second$/)
    expect(await locationOf('/')).toBe('http://rest.example/old/')
    expect(await locationOf('/x')).toBe('http://rest.example/old/x')
  })
})

describe('a rule by error', () => {
  it('goes before the error document', async () => {
    expect(await visit('rules', '/shop/x')).toMatchObject({
      status: 301,
      location: 'http://shop.example/report-404/x',
    })
    expect(await visit('rules', '/else')).toMatchObject({ status: 403, body: 'sorry' })
    const beyond = await visit('rules', '/index.html/..', { headers: { range: 'bytes=9-' } })
    expect(beyond.status).toBe(301)
  })
})

describe('x-amz-website-redirect-location', () => {
  const put = (Key: string, WebsiteRedirectLocation: string) =>
    site.client.send(new aws.PutObjectCommand({ Bucket: 'rules', Key, Body: '', WebsiteRedirectLocation }))

  it('of an object is followed on the website, and only told by S3', async () => {
    await put('old', '/new?a=b')
    await put('gone', 'https://other.example/')
    expect(await visit('rules', '/old?c=d')).toMatchObject({ status: 301, location: '/new?a=b', body: '' })
    expect((await visit('rules', '/gone')).location).toBe('https://other.example/')
    const got = await site.client.send(new aws.GetObjectCommand({ Bucket: 'rules', Key: 'old' }))
    expect(got.WebsiteRedirectLocation).toBe('/new?a=b')
    const head = await site.client.send(new aws.HeadObjectCommand({ Bucket: 'rules', Key: 'old' }))
    expect(head.WebsiteRedirectLocation).toBe('/new?a=b')
  })

  it('comes from uploads in parts, and is not copied', async () => {
    const name = { Bucket: 'rules', Key: 'parts' }
    const created = await site.client.send(
      new aws.CreateMultipartUploadCommand({ ...name, WebsiteRedirectLocation: '/parts-moved' }),
    )
    const upload = { ...name, UploadId: created.UploadId }
    const { ETag } = await site.client.send(new aws.UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' }))
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    await site.client.send(new aws.CompleteMultipartUploadCommand({ ...upload, MultipartUpload }))
    expect((await visit('rules', '/parts')).location).toBe('/parts-moved')
    const copy = { Bucket: 'rules', CopySource: 'rules/parts' }
    await site.client.send(new aws.CopyObjectCommand({ ...copy, Key: 'copy' }))
    expect(await visit('rules', '/copy')).toMatchObject({ status: 200, body: 'x' })
    await site.client.send(new aws.CopyObjectCommand({ ...copy, Key: 'copy', WebsiteRedirectLocation: '/again' }))
    expect((await visit('rules', '/copy')).location).toBe('/again')
  })

  it('of the error document is followed as well', async () => {
    await site.publish('lost', servedBy('index.html', { ErrorDocument: { Key: 'error' } }))
    await site.client.send(
      new aws.PutObjectCommand({ Bucket: 'lost', Key: 'error', Body: '', WebsiteRedirectLocation: '/help' }),
    )
    expect(await visit('lost', '/x')).toMatchObject({ status: 301, location: '/help' })
  })

  it('gives way to a rule by prefix', async () => {
    await put('docs/old', '/elsewhere')
    expect((await visit('rules', '/docs/old')).location).toBe(`${own}/documents/old`)
  })

  it.each(['elsewhere', 'ftp://other.example', 'javascript:x', `/${'x'.repeat(2048)}`])(
    'cannot be %.20s',
    async (location) => {
      await expect(put('bad', location)).rejects.toMatchObject({
        name: 'InvalidRedirectLocation',
        message: "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
        $metadata: { httpStatusCode: 400 },
      })
    },
  )
})

describe('a website that redirects every request', () => {
  it('keeps path and query', async () => {
    await site.publish('moved', { RedirectAllRequestsTo: { HostName: 'www.example.com' } })
    expect(await visit('moved', '/a%20b//c?d=e%26')).toMatchObject({
      status: 301,
      location: 'http://www.example.com/a%20b//c?d=e%26',
    })
    const WebsiteConfiguration = { RedirectAllRequestsTo: { HostName: 'www.example.com', Protocol: 'https' as const } }
    await site.client.send(new aws.PutBucketWebsiteCommand({ Bucket: 'moved', WebsiteConfiguration }))
    expect((await visit('moved')).location).toBe('https://www.example.com/')
  })

  it('does so on its website alone', async () => {
    await site.client.send(new aws.PutObjectCommand({ Bucket: 'moved', Key: 'k', Body: 'x' }))
    const got = await site.client.send(new aws.GetObjectCommand({ Bucket: 'moved', Key: 'k' }))
    expect(await got.Body?.transformToString()).toBe('x')
  })
})

describe('behind a proxy', () => {
  it('redirects to the host and scheme that the visitor used', async () => {
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-port': '443', 'x-forwarded-for': '192.0.2.1' }
    const { location } = await visit('rules.s3-website.localhost', '/docs/x', { headers })
    expect(location).toBe('https://rules.s3-website.localhost:443/documents/x')
  })
})
