/** The hosts of websites. */
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWebsiteHostReader } from '#model/bucket/website/website-host.ts'
import { servedBy, startSite, type TestSite } from './start-site.ts'

describe('a host', () => {
  const read = createWebsiteHostReader(
    [
      { domain: 'www.example.com', isWildcard: false },
      { domain: 'shop.example.com', isWildcard: false, bucketName: 'shop' },
      { domain: 'sites.example.com', isWildcard: true },
      { domain: 'inner.sites.example.com', isWildcard: true },
    ],
    ['s3.example.com'],
  )

  it.each([
    ['bucket.s3-website.localhost:5000', 'bucket'],
    ['BUCKET.S3-Website.LocalHost.', 'bucket'],
    ['with.dots.s3-website.localhost', 'with.dots'],
    ['bucket.s3-website.eu-west-1.localhost', 'bucket'],
    ['bucket.s3-website-us-gov-west-1.localhost', 'bucket'],
    ['bucket.s3-website.s3.example.com', 'bucket'],
    ['s3-website.localhost', ''],
    ['s3-website-us-east-1.s3.example.com:443', ''],
    ['www.example.com', 'www.example.com'],
    ['shop.example.com:8080', 'shop'],
    ['a.sites.example.com', 'a'],
    ['a.b.sites.example.com', 'a.b'],
    ['sites.example.com', ''],
    ['a.inner.sites.example.com', 'a'],
  ])('%s is that of the website %j', (host, bucketName) => {
    expect([read(host), read(host)]).toEqual([bucketName, bucketName])
  })

  it.each([
    'localhost:5000',
    'bucket.localhost',
    's3-website-photos.localhost',
    'my.s3-website-photos.localhost',
    'bucket.s3-website.other.example',
    'bucket.s3-website.localhost.other.example',
    'xs3-website.localhost',
    'notwww.example.com',
    'example.com',
    's3.example.com',
    'bucket.s3.example.com',
    '127.0.0.1:5000',
    '[::1]:5000',
    '',
    undefined,
  ])('%s is that of no website', (host) => {
    expect(read(host)).toBeUndefined()
  })
})

describe('a website', () => {
  let site: TestSite
  beforeAll(async () => {
    site = await startSite({
      WEBSITE_DOMAINS: 'www.example.com, shop.example.com=shop, *.sites.example.com',
      VIRTUAL_HOST_DOMAINS: 's3.example.com',
    })
    await site.publish('www.example.com', servedBy('index.html'), { 'index.html': 'www' })
    await site.publish('shop', servedBy('index.html'), { 'index.html': 'shop', 'healthz/index.html': 'a folder' })
  })
  afterAll(() => site.close())

  it('is at the domains of the settings', async () => {
    expect((await site.visit('www.example.com')).body).toBe('www')
    expect((await site.visit('WWW.example.com:80')).body).toBe('www')
    expect((await site.visit('shop.example.com')).body).toBe('shop')
    expect((await site.visit('shop.sites.example.com')).body).toBe('shop')
    expect((await site.visit('shop.s3-website.s3.example.com')).body).toBe('shop')
    expect((await site.visit('shop.s3-website.eu-west-1.localhost')).body).toBe('shop')
  })

  it('needs a bucket in the host', async () => {
    const answer = await site.visit('s3-website.localhost')
    expect([answer.status, answer.headers['x-amz-error-code']]).toEqual([301, 'WebsiteRedirect'])
    expect(answer.body).toContain('<li>Message: Request does not contain a bucket name.</li>')
  })

  it('has all paths for itself, those of the API too', async () => {
    expect(await site.visit('shop', '/healthz')).toMatchObject({ status: 302, location: '/healthz/' })
    expect((await site.visit('shop', '/healthz/')).body).toBe('a folder')
    for (const path of ['/_/status', '/minio/health/live', '/presign']) {
      expect((await site.visit('shop', path)).headers['x-amz-error-code']).toBe('AccessDenied')
    }
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const asked = { method: 'POST', headers: form, body: 'Action=GetCallerIdentity&Version=2011-06-15' }
    expect((await site.visit('shop', '/', asked)).status).toBe(405)
  })

  it('is no address of S3: a bucket is there by its virtual host and by its path as before', async () => {
    expect(await site.visit('shop.localhost', '/index.html')).toMatchObject({ status: 200, body: 'shop' })
    expect(await site.visit('shop.localhost')).toMatchObject({ status: 403 })
    expect((await site.visit('shop.localhost')).headers['content-type']).toBe('application/xml')
    const listed = await site.client.send(new aws.ListObjectsV2Command({ Bucket: 'shop' }))
    expect(listed.KeyCount).toBe(2)
  })
})
