/** Buckets whose requesters pay: who is let in, and what they are told. */
import { randomUUID } from 'node:crypto'
import { get } from 'node:http'
import * as aws from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'paid'
let server: TestServer
let owner: aws.S3Client
let other: aws.S3Client

const setPayer = (Payer: string, name = Bucket) =>
  owner.send(
    new aws.PutBucketRequestPaymentCommand({
      Bucket: name,
      RequestPaymentConfiguration: { Payer: Payer as aws.Payer },
    }),
  )
const payerOf = async (name = Bucket) =>
  (await owner.send(new aws.GetBucketRequestPaymentCommand({ Bucket: name }))).Payer

beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  owner = server.client()
  other = server.client('other')
  for (const name of [Bucket, 'unset']) await owner.send(new aws.CreateBucketCommand({ Bucket: name }))
  await other.send(new aws.CreateBucketCommand({ Bucket: 'theirs' }))
  const Statement = [
    {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:*',
      Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
    },
  ]
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
  await owner.send(new aws.PutBucketPolicyCommand({ Bucket, Policy }))
  await owner.send(new aws.PutObjectCommand({ Bucket, Key: 'key', Body: 'text' }))
  await setPayer('Requester')
})
afterAll(async () => {
  owner.destroy()
  other.destroy()
  await server.close()
})

describe('who pays for requests', () => {
  it('is the owner of the bucket, until it is said otherwise', async () => {
    expect(await payerOf('unset')).toBe('BucketOwner')
    for (const payer of ['Requester', 'BucketOwner']) {
      expect((await setPayer(payer, 'unset')).$metadata.httpStatusCode).toBe(200)
      expect([await payerOf('unset'), await payerOf('unset')]).toEqual([payer, payer])
    }
  })

  it.each(['requester', 'Nobody', ''])('cannot be %j', async (payer) => {
    await expect(setPayer(payer, 'unset')).rejects.toMatchObject({ name: 'MalformedXML' })
  })
})

describe('a Requester Pays bucket', () => {
  const RequestPayer = 'requester'
  const denied = { name: 'AccessDenied', message: 'Access Denied', $metadata: { httpStatusCode: 403 } }
  const object = { Bucket, Key: 'key' }
  // biome-ignore format: a table
  const requests: readonly [name: string, ask: (from: aws.S3Client, payer?: 'requester') => Promise<{ RequestCharged?: string | undefined }>][] = [
    ['GetObject', (from, payer) => from.send(new aws.GetObjectCommand({ ...object, RequestPayer: payer }))],
    ['GetObjectAttributes', (from, payer) => from.send(new aws.GetObjectAttributesCommand({ ...object, ObjectAttributes: ['ETag'], RequestPayer: payer }))],
    ['PutObject', (from, payer) => from.send(new aws.PutObjectCommand({ Bucket, Key: 'new', Body: 'x', RequestPayer: payer }))],
    ['DeleteObject', (from, payer) => from.send(new aws.DeleteObjectCommand({ Bucket, Key: 'new', RequestPayer: payer }))],
    ['PutObject at an offset', (from, payer) => from.send(new aws.PutObjectCommand({ Bucket, Key: randomUUID(), Body: 'x', WriteOffsetBytes: 0, RequestPayer: payer }))],
    ['PutObjectAnnotation', (from, payer) => from.send(new aws.PutObjectAnnotationCommand({ ...object, AnnotationName: 'n', AnnotationPayload: 'x', RequestPayer: payer }))],
    ['GetObjectAnnotation', (from, payer) => from.send(new aws.GetObjectAnnotationCommand({ ...object, AnnotationName: 'n', RequestPayer: payer }))],
    ['ListObjectAnnotations', (from, payer) => from.send(new aws.ListObjectAnnotationsCommand({ ...object, RequestPayer: payer }))],
    ['ListObjects', (from, payer) => from.send(new aws.ListObjectsCommand({ Bucket, RequestPayer: payer }))],
    ['ListObjectsV2', (from, payer) => from.send(new aws.ListObjectsV2Command({ Bucket, RequestPayer: payer }))],
    ['ListObjectVersions', (from, payer) => from.send(new aws.ListObjectVersionsCommand({ Bucket, RequestPayer: payer }))],
    ['ListMultipartUploads', (from, payer) => from.send(new aws.ListMultipartUploadsCommand({ Bucket, RequestPayer: payer }))],
    ['CreateMultipartUpload', (from, payer) => from.send(new aws.CreateMultipartUploadCommand({ ...object, RequestPayer: payer }))],
    ['CopyObject from it', (from, payer) => from.send(new aws.CopyObjectCommand({ Bucket: 'theirs', Key: 'copy', CopySource: `${Bucket}/key`, RequestPayer: payer }))],
  ]

  it.each(requests)('lets others %s if they pay, and tells them so', async (_, ask) => {
    await expect(ask(other)).rejects.toMatchObject(denied)
    expect((await ask(other, RequestPayer)).RequestCharged).toBe('requester')
  })

  it.each(requests.slice(0, -1))('costs its owner nothing for %s', async (_, ask) => {
    expect((await ask(owner)).RequestCharged).toBeUndefined()
    expect((await ask(owner, RequestPayer)).RequestCharged).toBeUndefined()
  })

  it('says nothing of a HEAD but its status', async () => {
    await expect(other.send(new aws.HeadObjectCommand(object))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    })
    const head = await other.send(new aws.HeadObjectCommand({ ...object, RequestPayer }))
    expect(head.RequestCharged).toBe('requester')
  })

  it('charges for parts that are copied from it', async () => {
    const upload = await other.send(new aws.CreateMultipartUploadCommand({ Bucket: 'theirs', Key: 'parts' }))
    const part = {
      Bucket: 'theirs',
      Key: 'parts',
      UploadId: upload.UploadId,
      PartNumber: 1,
      CopySource: `${Bucket}/key`,
    }
    await expect(other.send(new aws.UploadPartCopyCommand(part))).rejects.toMatchObject(denied)
    const copied = await other.send(new aws.UploadPartCopyCommand({ ...part, RequestPayer }))
    expect(copied.RequestCharged).toBe('requester')
  })

  it('is told in the query of a presigned URL, and in the field of a form', async () => {
    const url = await getSignedUrl(other, new aws.GetObjectCommand({ ...object, RequestPayer }))
    expect(url).toContain('x-amz-request-payer=requester')
    const answer = await fetch(url)
    expect([answer.status, answer.headers.get('x-amz-request-charged')]).toEqual([200, 'requester'])
    expect((await fetch(await getSignedUrl(other, new aws.GetObjectCommand(object)))).status).toBe(403)

    const post = async (Fields: Record<string, string>) => {
      const presigned = await createPresignedPost(other, { Bucket, Key: 'form', Fields })
      const form = new FormData()
      for (const [name, value] of Object.entries(presigned.fields)) form.append(name, value)
      form.append('file', new Blob(['x']))
      return fetch(presigned.url, { method: 'POST', body: form })
    }
    const paid = await post({ 'x-amz-request-payer': 'requester' })
    expect([paid.status, paid.headers.get('x-amz-request-charged')]).toEqual([204, 'requester'])
    expect((await post({})).status).toBe(403)
  })

  it('refuses strangers, whatever they say and its policy allows', async () => {
    for (const headers of [{}, { 'x-amz-request-payer': 'requester' }]) {
      const answer = await fetch(`${server.endpoint}/${Bucket}/key`, { headers })
      expect(answer.status).toBe(403)
      expect(await answer.text()).toContain('<Code>AccessDenied</Code><Message>Access Denied</Message>')
    }
  })

  it('renames nothing for others who do not say that they pay', async () => {
    const rename = new aws.RenameObjectCommand({ Bucket, Key: 'renamed', RenameSource: `/${Bucket}/key` })
    await expect(other.send(rename)).rejects.toMatchObject(denied)
  })

  it('shows no website, whatever a visitor says', async () => {
    const WebsiteConfiguration = { IndexDocument: { Suffix: 'key' } }
    await owner.send(new aws.PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }))
    for (const payer of [{}, { 'x-amz-request-payer': 'requester' }]) {
      const status = await new Promise((resolve, reject) => {
        const { hostname, port } = new URL(server.endpoint)
        const host = `${Bucket}.s3-website.localhost:${port}`
        get({ hostname, port, path: '/key', headers: { host, ...payer } }, (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        }).once('error', reject)
      })
      expect(status).toBe(403)
    }
  })

  it('keeps out of requests about its settings', async () => {
    expect((await other.send(new aws.GetBucketLocationCommand({ Bucket }))).$metadata.httpStatusCode).toBe(200)
  })

  it('refuses a payer there is none of', async () => {
    const RequestPayer = 'owner' as aws.RequestPayer
    await expect(owner.send(new aws.GetObjectCommand({ ...object, RequestPayer }))).rejects.toMatchObject({
      name: 'InvalidArgument',
      ArgumentName: 'x-amz-request-payer',
      ArgumentValue: 'owner',
      $metadata: { httpStatusCode: 400 },
    })
  })

  it('explains the refusal to the owner of the bucket', async () => {
    const as = (user: string) => ({ headers: { 'x-access-key': user, 'x-secret-key': `${user}-secret` } })
    const answer = await fetch(`${server.endpoint}/${Bucket}/key`, as('other'))
    const id = answer.headers.get('x-myfsio-decision-id')
    const explained = await fetch(`${server.endpoint}/_/decisions/${id}`, as('main'))
    expect(await explained.text()).toContain('The bucket is a Requester Pays bucket')
  })
})
