/** Undocumented requests of common clients. */
import { createHmac } from 'node:crypto'
import http from 'node:http'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'bucket'

describe('odd clients', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ engine: 'memory', regions: ['eu-west-1'] })
    await server.client().send(new CreateBucketCommand({ Bucket }))
  })
  afterAll(() => server.close())

  /** Header text goes out as latin1, so that bytes can be chosen. */
  const send = (url: string, options: http.RequestOptions, body = ''): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const request = http.request(url, options, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece) => {
          text += piece
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      })
      // Bytes, since node:http writes the head as UTF-8 with a body that is text.
      request.on('error', reject).end(Buffer.from(body))
    })

  it('may sign the UTF-8 of a header and send that, or latin1', async () => {
    const command = new PutObjectCommand({ Bucket, Key: 'text', Metadata: { name: 'Zoë' } })
    const unhoistableHeaders = new Set(['x-amz-meta-name'])
    const url = await getSignedUrl(server.client(), command, { unhoistableHeaders, unsignableHeaders: new Set() })
    for (const name of [Buffer.from('Zoë').toString('latin1'), 'Zoë']) {
      expect(await send(url, { method: 'PUT', headers: { 'x-amz-meta-name': name } }, 'x')).toEqual({
        status: 200,
        text: '',
      })
      const head = await server.client().send(new HeadObjectCommand({ Bucket, Key: 'text' }))
      expect(head.Metadata?.name).toBe('=?UTF-8?Q?Zo=C3=AB?=')
    }
    expect((await send(url, { method: 'PUT', headers: { 'x-amz-meta-name': 'Zoé' } }, 'x')).status).toBe(403)
  })

  it('may sign a bucket by version 2 with a slash after it', async () => {
    const date = new Date().toUTCString()
    for (const [resource, status] of [
      ['/bucket', 200],
      ['/bucket/', 200],
      ['/bucket//', 403],
      ['/bucke', 403],
    ] as const) {
      const signature = createHmac('sha1', 'main-secret').update(`GET\n\n\n${date}\n${resource}`).digest('base64')
      const headers = { date, authorization: `AWS main:${signature}` }
      expect([resource, (await send(`${server.endpoint}/bucket`, { headers })).status]).toEqual([resource, status])
    }
  })

  it('are anonymous with an empty Authorization, and told of one that is none', async () => {
    const ask = (authorization: string) => send(`${server.endpoint}/bucket`, { headers: { authorization } })
    expect(await ask('')).toMatchObject({ status: 403, text: expect.stringContaining('<Code>AccessDenied</Code>') })
    expect(await ask('AWS HAHAHA')).toMatchObject({
      status: 400,
      text: expect.stringContaining('<Code>InvalidArgument</Code>'),
    })
    const old = { date: 'Tue, 07 Jul 1950 21:53:04 GMT', authorization: 'AWS main:x' }
    expect((await send(`${server.endpoint}/bucket`, { headers: old })).text).toContain('<Code>AccessDenied</Code>')
  })

  it('may give every part of a form a file name, and leave the key to that of the file', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: so forms write it
    const Key = 'from/${filename}'
    const post = await createPresignedPost(server.client(), {
      Bucket,
      Key,
      Conditions: [['starts-with', '$key', 'from/f']],
    })
    const upload = async (fileName: string, more: Record<string, string> = {}) => {
      const form = new FormData()
      for (const [name, value] of Object.entries({ ...post.fields, ...more }))
        form.append(name, new Blob([value]), name)
      form.append('file', new Blob(['from a form']), fileName)
      const answer = await fetch(post.url, { method: 'POST', body: form })
      return { status: answer.status, text: await answer.text() }
    }
    expect((await upload('form.txt')).status).toBe(204)
    const read = await server.client().send(new GetObjectCommand({ Bucket, Key: 'from/form.txt' }))
    expect(await read.Body?.transformToString()).toBe('from a form')
    expect((await upload('other.txt')).status).toBe(403)
    expect((await upload('form.txt', { 'x-amz-checksum-sha256': `${'A'.repeat(43)}=` })).text).toContain('BadDigest')
    expect((await upload('form.txt', { note: 'x'.repeat(30_000) })).text).toContain('MaxPostPreDataLengthExceeded')
  })

  it('may list every answer to a part that was sent again: the last one counts', async () => {
    const client = server.client()
    const upload = { Bucket, Key: 'parts' }
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload))
    const send = async (Body: string) => {
      const part = await client.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body }))
      return { PartNumber: 1, ETag: part.ETag }
    }
    const [first, second] = [await send('first'), await send('second')]
    const complete = (...Parts: (typeof first)[]) =>
      client.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload: { Parts } }))
    await expect(complete(second, second)).rejects.toMatchObject({ name: 'InvalidPartOrder' })
    await expect(complete(second, first)).rejects.toMatchObject({ name: 'InvalidPart' })
    await complete(first, second)
    const read = await client.send(new GetObjectCommand(upload))
    expect(await read.Body?.transformToString()).toBe('second')
  })

  it('are told where they asked a bucket to be', async () => {
    const location = { LocationConstraint: 'eu-west-1' } as const
    await server.client().send(new CreateBucketCommand({ Bucket: 'abroad', CreateBucketConfiguration: location }))
    const told = await server.client().send(new GetBucketLocationCommand({ Bucket: 'abroad' }))
    expect(told.LocationConstraint).toBe('eu-west-1')
    const names = async (BucketRegion: string) =>
      (await server.client().send(new ListBucketsCommand({ BucketRegion }))).Buckets?.map(({ Name }) => Name)
    expect([await names('eu-west-1'), await names('us-east-1')]).toEqual([['abroad'], [Bucket]])
  })

  it('ask without an Origin, and are told what is missing', async () => {
    const answer = await send(`${server.endpoint}/bucket/key`, { method: 'OPTIONS' })
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('Origin request header needed') })
  })
})
