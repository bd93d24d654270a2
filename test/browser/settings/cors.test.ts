/** Web pages of other origins that use a bucket: what the browser lets them do under the bucket's CORS rules. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import * as aws from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser, says, signIn } from '../visit/browser.ts'
import { send, sendForm } from '../visit/in-page.js'
import { type Site, startSite } from '../visit/site.ts'

const Bucket = 'uploads'

describe.skipIf(!hasBrowser)('a web page of another origin', () => {
  let site: Site
  let s3: aws.S3Client
  let pages: http.Server
  /** A page of the origin in the rules, and a page of another origin. */
  let known: Page
  let stranger: Page
  let port: number

  beforeAll(async () => {
    // The server's settings would allow every page of this machine where a bucket has no rules.
    site = await startSite({ CORS_ORIGINS: 'https://another.example' })
    s3 = site.client('admin', 'admin-secret')
    pages = http.createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<p>A page'))
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
    port = (pages.address() as AddressInfo).port
    for (const name of [Bucket, 'without-rules']) await s3.send(new aws.CreateBucketCommand({ Bucket: name }))
    await putRules([
      {
        AllowedOrigins: [`http://127.0.0.1:${port}`],
        AllowedMethods: ['GET', 'PUT', 'POST'],
        AllowedHeaders: ['content-type', 'x-amz-meta-*'],
        ExposeHeaders: ['ETag'],
      },
    ])
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/public/*` },
      ],
    })
    await s3.send(new aws.PutBucketPolicyCommand({ Bucket, Policy }))
    await s3.send(new aws.PutObjectCommand({ Bucket, Key: 'public/a.txt', Body: 'for all' }))
    known = await site.browser.newPage()
    await known.goto(`http://127.0.0.1:${port}/`)
    stranger = await site.browser.newPage()
    await stranger.goto(`http://localhost:${port}/`)
  })
  afterAll(async () => {
    s3?.destroy()
    pages?.closeAllConnections()
    pages?.close()
    await site?.close()
  })

  const putRules = (CORSRules: aws.CORSRule[]) =>
    s3.send(new aws.PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }))
  const ask = (page: Page, url: string, method: string, headers: Record<string, string> = {}, body?: string) =>
    page.evaluate(send, { url, method, headers, body })
  const signed: typeof getSignedUrl = (client, command, options) =>
    getSignedUrl(client, command, { unhoistableHeaders: new Set(['x-amz-meta-by']), ...options })
  const putUrl = (Key: string, name = Bucket) => signed(s3, new aws.PutObjectCommand({ Bucket: name, Key }))
  const read = async (Key: string) =>
    (await s3.send(new aws.GetObjectCommand({ Bucket, Key }))).Body?.transformToString()

  it('uploads by a presigned PUT, with headers of its own, and reads the ETag', async () => {
    const command = new aws.PutObjectCommand({ Bucket, Key: 'put.txt', Metadata: { by: 'page' } })
    const headers = { 'content-type': 'text/x-own', 'x-amz-meta-by': 'page' }
    const answer = await ask(known, await signed(s3, command), 'PUT', headers, 'by PUT')
    const { ETag, ContentType, Metadata } = await s3.send(new aws.HeadObjectCommand({ Bucket, Key: 'put.txt' }))
    expect(answer).toEqual({ status: 200, etag: ETag, text: '' })
    expect([ContentType, Metadata]).toEqual(['text/x-own', { by: 'page' }])
  })

  it('uploads by a POST form', async () => {
    const { url, fields } = await createPresignedPost(s3, {
      Bucket,
      Key: 'post.txt',
      Fields: { success_action_status: '201' },
    })
    const answer = await known.evaluate(sendForm, { url, fields, text: 'by POST' })
    expect(answer).toMatchObject({ status: 201, text: expect.stringContaining('<Key>post.txt</Key>') })
    expect(await read('post.txt')).toBe('by POST')
  })

  it('uploads in parts, since it can read the ETag of each', async () => {
    const object = { Bucket, Key: 'parts.bin' }
    const { UploadId } = await s3.send(new aws.CreateMultipartUploadCommand(object))
    const parts = []
    for (const [at, body] of ['a'.repeat(5 * 1024 * 1024), 'end'].entries()) {
      const url = await signed(s3, new aws.UploadPartCommand({ ...object, UploadId, PartNumber: at + 1 }))
      const answer = await ask(known, url, 'PUT', {}, body)
      expect(answer).toMatchObject({ status: 200, etag: expect.stringMatching(/^"[0-9a-f]{32}"$/) })
      parts.push(`<Part><PartNumber>${at + 1}</PartNumber><ETag>${answer.etag}</ETag></Part>`)
    }
    const url = await signed(s3, new aws.CompleteMultipartUploadCommand({ ...object, UploadId }))
    const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
    const completed = await ask(known, url, 'POST', { 'content-type': 'application/xml' }, body)
    expect(completed.status).toBe(200)
    const { ContentLength } = await s3.send(new aws.HeadObjectCommand(object))
    expect(ContentLength).toBe(5 * 1024 * 1024 + 3)
  })

  it('reads what went wrong, of an expired address and of an object that is not there', async () => {
    const old = { signingDate: new Date(Date.now() - 3600_000), expiresIn: 1 }
    const expired = await getSignedUrl(s3, new aws.PutObjectCommand({ Bucket, Key: 'late' }), old)
    const late = await ask(known, expired, 'PUT', { 'content-type': 'text/plain' }, 'x')
    expect(late).toMatchObject({ status: 403, text: expect.stringContaining('Request has expired') })
    const absent = await signed(s3, new aws.GetObjectCommand({ Bucket, Key: 'absent' }))
    expect(await ask(known, absent, 'GET')).toMatchObject({ status: 404 })
  })

  it('is stopped by the browser where no rule allows its method, its headers or its origin', async () => {
    const failed = { error: 'TypeError' }
    const url = `${site.endpoint}/${Bucket}/public/a.txt`
    const remove = await signed(s3, new aws.DeleteObjectCommand({ Bucket, Key: 'public/a.txt' }))
    expect(await ask(known, remove, 'DELETE')).toEqual(failed)
    expect(await ask(known, url, 'GET', { 'x-other': '1' })).toEqual(failed)
    expect(await ask(stranger, await putUrl('never'), 'PUT', {}, 'x')).toEqual(failed)
    expect(await ask(stranger, url, 'GET')).toEqual(failed)
    expect(await ask(known, await putUrl('never', 'without-rules'), 'PUT', {}, 'x')).toEqual(failed)
    expect(await read('public/a.txt')).toBe('for all')
    await expect(read('never')).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  it('cannot read the ETag where no rule exposes it', async () => {
    const rule = { AllowedOrigins: ['http://localhost:*'], AllowedMethods: ['PUT'] }
    const { CORSRules = [] } = await s3.send(new aws.GetBucketCorsCommand({ Bucket }))
    await putRules([...CORSRules, rule])
    const answer = await ask(stranger, await putUrl('blind.txt'), 'PUT', {}, 'x')
    expect(answer).toEqual({ status: 200, etag: null, text: '' })
  })

  it('is let in, and out again, by an administrator in the console', async () => {
    await s3.send(new aws.DeleteBucketCorsCommand({ Bucket }))
    const url = `${site.endpoint}/${Bucket}/public/a.txt`
    const passes = async () => (await ask(stranger, url, 'GET')).status === 200
    expect(await passes()).toBe(false)
    const page = await site.open()
    await signIn(page, site.url)
    await page.goto(`${site.url}/ui/buckets/${Bucket}/settings`)
    await page.getByRole('link', { name: 'Edit and test' }).click()
    await page.getByRole('button', { name: 'Add rule' }).click()
    await page.getByLabel('AllowedOrigins').fill(`http://localhost:${port}`)
    await page.getByRole('button', { name: 'Save' }).click()
    await says(page, 'CORS rules saved')
    await page.getByLabel('Origin of the page').fill(`http://localhost:${port}/`)
    await page.getByRole('button', { name: 'Test' }).click()
    await says(page, 'Rule 1 allows this request.')
    expect(await passes()).toBe(true)
    await page.getByRole('button', { name: 'Remove rule 1' }).click()
    await says(page, 'Not saved')
    await page.getByRole('button', { name: 'Save' }).click()
    await says(page, 'CORS rules deleted')
    expect(await passes()).toBe(false)
    expect(site.mistakes).toEqual([])
  })
})
