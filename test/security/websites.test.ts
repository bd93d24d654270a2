/** Pages of buckets are anyone's: they have no part in the API or the console, and reach nothing that is not public. */
import * as aws from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProgram, type TestProgram } from '../support/program.ts'
import { visit as ask } from '../website/ask.ts'
import { readable, servedBy, startSite, type TestSite } from '../website/start-site.ts'

let site: TestSite
beforeAll(async () => {
  site = await startSite({ WEBSITE_DOMAINS: 'www.example.com=open' })
  await site.publish('open', servedBy('index.html'), { 'index.html': '<script>1</script>', 'public.txt': 'public' })
  await site.client.send(new aws.CreateBucketCommand({ Bucket: 'closed' }))
  await site.client.send(
    new aws.PutBucketWebsiteCommand({ Bucket: 'closed', WebsiteConfiguration: servedBy('index.html') }),
  )
  await site.client.send(new aws.PutObjectCommand({ Bucket: 'closed', Key: 'index.html', Body: 'secret' }))
})
afterAll(() => site.close())

describe('the host of a website', () => {
  it('is no address of S3, whatever is signed for it', async () => {
    const endpoint = `http://open.s3-website.localhost:${site.port}`
    const { credentials } = site.client.config
    const signer = new aws.S3Client({ endpoint, bucketEndpoint: true, region: 'us-east-1', credentials })
    const sign = async (command: aws.PutObjectCommand | aws.GetObjectCommand) => {
      const { host, pathname, search } = new URL(await getSignedUrl(signer, command as aws.GetObjectCommand))
      return [host, pathname + search] as const
    }
    const name = { Bucket: endpoint, Key: 'new.txt' }
    const put = await sign(new aws.PutObjectCommand(name))
    expect((await site.visit(...put, { method: 'PUT', body: 'x' })).status).toBe(405)
    const closed = `http://closed.s3-website.localhost:${site.port}`
    const get = await sign(new aws.GetObjectCommand({ Bucket: closed, Key: 'index.html' }))
    expect(get[0]).toContain('closed.s3-website')
    expect((await site.visit(...get)).status).toBe(403)
    signer.destroy()
    const { KeyCount } = await site.client.send(new aws.ListObjectsV2Command({ Bucket: 'open' }))
    expect(KeyCount).toBe(2)
  })

  it('leads to no other bucket, by its path or by what a proxy is said to have been asked', async () => {
    expect((await site.visit('open', '/closed/index.html')).status).toBe(403)
    const forwarded = { 'x-forwarded-host': `closed.s3-website.localhost:${site.port}` }
    expect((await site.visit('open', '/public.txt', { headers: forwarded })).body).toBe('public')
    expect((await site.visit('open', '/../closed/index.html')).status).toBe(403)
    expect((await site.visit('open', `http://closed.s3-website.localhost/index.html`)).body).not.toContain('secret')
  })

  it('gives nothing of a bucket that is not public, to HEAD, ranges and conditions either', async () => {
    for (const asked of [
      { method: 'HEAD' },
      { headers: { range: 'bytes=0-1' } },
      { headers: { 'if-none-match': '*' } },
      { headers: { 'if-modified-since': new Date().toUTCString() } },
    ]) {
      const { status, headers, body } = await site.visit('closed', '/', asked)
      expect([status, headers.etag, headers['content-range']]).toEqual([403, undefined, undefined])
      expect(body).not.toContain('secret')
    }
  })

  it('never ends a header early', async () => {
    const rule = { Condition: { KeyPrefixEquals: 'r/' }, Redirect: { ReplaceKeyPrefixWith: 'a\r\nx-own: 1\r\n' } }
    const WebsiteConfiguration = servedBy('index.html', { RoutingRules: [rule] })
    await site.client.send(new aws.PutBucketWebsiteCommand({ Bucket: 'open', WebsiteConfiguration }))
    const { status, headers, location } = await site.visit('open', '/r/%0d%0ax-own:%202')
    expect([status, headers['x-own']]).toEqual([301, undefined])
    expect(location).toMatch(/^http:\/\/open\.s3-website\.localhost:\d+\/a[^\r\n]*$/)
    await site.client.send(
      new aws.PutBucketWebsiteCommand({ Bucket: 'open', WebsiteConfiguration: servedBy('index.html') }),
    )
  })

  it('obeys a policy that names pages by their referer', async () => {
    const Statement = [
      JSON.parse(readable('open')).Statement[0],
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: 'arn:aws:s3:::open/*',
        Condition: { StringLike: { 'aws:Referer': 'https://thief.example/*' } },
      },
    ]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await site.client.send(new aws.PutBucketPolicyCommand({ Bucket: 'open', Policy }))
    expect((await site.visit('open', '/public.txt')).status).toBe(200)
    const linked = { headers: { referer: 'https://thief.example/page' } }
    expect((await site.visit('open', '/public.txt', linked)).status).toBe(403)
    await site.client.send(new aws.PutBucketPolicyCommand({ Bucket: 'open', Policy: readable('open') }))
  })
})

describe('while the well-known default secret is in force', () => {
  let program: TestProgram
  beforeAll(async () => {
    program = await startProgram('api', { env: { WEBSITE_DOMAINS: 'www.example.com=open' } })
  })
  afterAll(() => program.close())

  it('only websites on hosts of this machine are served', async () => {
    const local = await ask(program.port, 'open.s3-website.localhost', '/')
    expect([local.status, local.headers['x-amz-error-code']]).toEqual([404, 'NoSuchBucket'])
    const foreign = await ask(program.port, 'www.example.com', '/')
    expect([foreign.status, foreign.body.includes('well-known default secret')]).toEqual([403, true])
  })
})
