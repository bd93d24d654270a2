/** SSE-C: objects that only their client can read, since only it has the key. */
import { hash, randomBytes } from 'node:crypto'
import * as aws from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'
import { customerKey, refusal } from './ask.ts'

const Bucket = 'bucket'
const one = customerKey('one')
const two = customerKey('two')
let server: TestServer
let client: aws.S3Client

beforeAll(async () => {
  server = await startServer()
  client = server.client()
  await client.send(new aws.CreateBucketCommand({ Bucket }))
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

const put = (Key: string, Body: string | Buffer, more: Partial<aws.PutObjectCommandInput> = one.sdk) =>
  client.send(new aws.PutObjectCommand({ Bucket, Key, Body, ...more }))
const get = (Key: string, more: Partial<aws.GetObjectCommandInput> = one.sdk) =>
  client.send(new aws.GetObjectCommand({ Bucket, Key, ...more }))
const head = (Key: string, more: Partial<aws.HeadObjectCommandInput> = one.sdk) =>
  client.send(new aws.HeadObjectCommand({ Bucket, Key, ...more }))
const bytes = async (read: aws.GetObjectCommandOutput) => Buffer.from((await read.Body?.transformToByteArray()) ?? [])
const copy = (from: string, Key: string, more: Partial<aws.CopyObjectCommandInput>) =>
  client.send(new aws.CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${from}`, ...more }))
const told = ({ SSECustomerAlgorithm, SSECustomerKeyMD5 }: Partial<aws.HeadObjectCommandOutput>) => [
  SSECustomerAlgorithm,
  SSECustomerKeyMD5,
]
const mine = ['AES256', one.md5]

const needsKey = {
  name: 'InvalidRequest',
  message:
    'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
  $metadata: { httpStatusCode: 400 },
}
const wrongKey = {
  name: 'AccessDenied',
  message:
    'Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.',
  $metadata: { httpStatusCode: 403 },
}

describe('an object with a customer key', () => {
  const body = randomBytes(150_000)

  it('is written and read with the key, and every answer says so', async () => {
    const written = await put('object', body)
    expect(told(written)).toEqual(mine)
    expect(written.ETag).not.toBe(`"${hash('md5', body, 'hex')}"`)
    const read = await get('object')
    expect(told(read)).toEqual(mine)
    expect(read.ServerSideEncryption).toBeUndefined()
    expect((await bytes(read)).equals(body)).toBe(true)
    const described = await head('object')
    expect([told(described), described.ETag, described.ContentLength]).toEqual([mine, written.ETag, body.length])
    const range = await get('object', { ...one.sdk, Range: 'bytes=65530-65545' })
    expect(await bytes(range)).toEqual(body.subarray(65_530, 65_546))
    expect((await put('object', body)).ETag).not.toBe(written.ETag)
  })

  it('is not read without the key, nor with another one', async () => {
    await put('closed', 'content')
    await expect(get('closed', {})).rejects.toMatchObject(needsKey)
    await expect(get('closed', two.sdk)).rejects.toMatchObject(wrongKey)
    await expect(head('closed', {})).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } })
    await expect(head('closed', two.sdk)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } })
    const attributes = (more: object) =>
      client.send(
        new aws.GetObjectAttributesCommand({ Bucket, Key: 'closed', ObjectAttributes: ['ObjectSize'], ...more }),
      )
    await expect(attributes({})).rejects.toMatchObject(needsKey)
    await expect(attributes(two.sdk)).rejects.toMatchObject(wrongKey)
    expect((await attributes(one.sdk)).ObjectSize).toBe(7)
  })

  it('is not read with a key whose digest is left out, wrong, or of another algorithm', async () => {
    await put('closed', 'content')
    const read = (headers: Record<string, string>) => refusal(server, `${Bucket}/closed`, { headers })
    const { 'x-amz-server-side-encryption-customer-key-md5': _, ...without } = one.headers
    expect(await read(without)).toMatchObject({ status: 403, code: 'AccessDenied', message: wrongKey.message })
    const digest = { 'x-amz-server-side-encryption-customer-key-md5': two.md5 }
    expect(await read({ ...one.headers, ...digest })).toMatchObject({ status: 400, code: 'InvalidArgument' })
    const algorithm = { 'x-amz-server-side-encryption-customer-algorithm': 'AES128' }
    expect(await read({ ...one.headers, ...algorithm })).toMatchObject({ code: 'InvalidEncryptionAlgorithmError' })
  })

  it('keeps and shows its checksum to those with the key', async () => {
    const written = await put('summed', body, { ...one.sdk, ChecksumAlgorithm: 'SHA256' })
    expect(written.ChecksumSHA256).toBe(hash('sha256', body, 'base64'))
    expect((await head('summed', { ...one.sdk, ChecksumMode: 'ENABLED' })).ChecksumSHA256).toBe(written.ChecksumSHA256)
  })

  it('can be deleted, tagged and listed without the key', async () => {
    await put('tagged', 'content')
    const Tagging = { TagSet: [{ Key: 'a', Value: 'b' }] }
    await client.send(new aws.PutObjectTaggingCommand({ Bucket, Key: 'tagged', Tagging }))
    const { Contents } = await client.send(new aws.ListObjectsV2Command({ Bucket, Prefix: 'tagged' }))
    expect(Contents?.[0]?.Size).toBe(7)
    await client.send(new aws.DeleteObjectCommand({ Bucket, Key: 'tagged' }))
    await expect(head('tagged')).rejects.toMatchObject({ name: 'NotFound' })
  })

  it('is renamed with its key only', async () => {
    await put('from', 'content')
    const rename = (more: Record<string, string>) =>
      refusal(server, `${Bucket}/to?renameObject`, {
        method: 'PUT',
        headers: { 'x-amz-rename-source': `/${Bucket}/from`, ...more },
      })
    expect(await rename({})).toMatchObject({ status: 400, message: needsKey.message })
    expect(await rename(two.headers)).toMatchObject({ status: 403 })
    expect(await rename(one.headers)).toMatchObject({ status: 200 })
    expect((await bytes(await get('to'))).toString()).toBe('content')
  })
})

describe('a copy', () => {
  it('is read with the key of its source, and gets one of its own', async () => {
    await put('source', 'content')
    await expect(copy('source', 'copied', {})).rejects.toMatchObject(needsKey)
    await expect(copy('source', 'copied', two.source)).rejects.toMatchObject(wrongKey)
    const bad = { ...one.source, CopySourceSSECustomerAlgorithm: 'AES128' }
    await expect(copy('source', 'copied', bad)).rejects.toMatchObject({ name: 'InvalidEncryptionAlgorithmError' })
    expect(told(await copy('source', 'copied', { ...one.source, ...two.sdk }))).toEqual(['AES256', two.md5])
    expect((await bytes(await get('copied', two.sdk))).toString()).toBe('content')
    await copy('source', 'plain', one.source)
    expect((await bytes(await get('plain', {}))).toString()).toBe('content')
  })

  it('onto itself changes the key', async () => {
    await put('self', 'content')
    await copy('self', 'self', { ...one.source, ...two.sdk })
    await expect(get('self')).rejects.toMatchObject(wrongKey)
    expect((await bytes(await get('self', two.sdk))).toString()).toBe('content')
  })
})

describe('an upload in parts', () => {
  const Key = 'upload'
  const create = async (more: object = one.sdk) =>
    (await client.send(new aws.CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId
  const part = (UploadId: string | undefined, PartNumber: number, Body: string | Buffer, more: object = one.sdk) =>
    client.send(new aws.UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...more }))
  const complete = (UploadId: string | undefined, etags: readonly (string | undefined)[], more: object = {}) =>
    client.send(
      new aws.CompleteMultipartUploadCommand({
        Bucket,
        Key,
        UploadId,
        MultipartUpload: { Parts: etags.map((ETag, at) => ({ ETag, PartNumber: at + 1 })) },
        ...more,
      }),
    )
  const needsSame = {
    name: 'InvalidRequest',
    message:
      'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.',
  }
  const notSame = {
    name: 'InvalidRequest',
    message: 'The provided encryption parameters did not match the ones used originally.',
  }

  it('takes the same key for each part, and is completed with it or without', async () => {
    for (const more of [{}, one.sdk]) {
      const UploadId = await create()
      const [large, small] = [randomBytes(5 * 1024 ** 2), randomBytes(1000)]
      const first = await part(UploadId, 1, large)
      expect(told(first)).toEqual(mine)
      expect(first.ETag).not.toBe(`"${hash('md5', large, 'hex')}"`)
      const second = await part(UploadId, 2, small)
      const done = await complete(UploadId, [first.ETag, second.ETag], more)
      expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/)
      expect((await bytes(await get(Key))).equals(Buffer.concat([large, small]))).toBe(true)
      expect(await bytes(await get(Key, { ...one.sdk, PartNumber: 2 }))).toEqual(small)
    }
  })

  it('refuses parts without the key, with another one, and with one where there is none', async () => {
    const UploadId = await create()
    await expect(part(UploadId, 1, 'x', {})).rejects.toMatchObject(needsSame)
    await expect(part(UploadId, 1, 'x', two.sdk)).rejects.toMatchObject(notSame)
    await expect(part(await create({}), 1, 'x')).rejects.toMatchObject(needsSame)
    await expect(part(await create({ ServerSideEncryption: 'AES256' }), 1, 'x')).rejects.toMatchObject(needsSame)
    const { Parts } = await client.send(new aws.ListPartsCommand({ Bucket, Key, UploadId }))
    expect(Parts).toBeUndefined()
  })

  it('is not completed with another key', async () => {
    const UploadId = await create()
    const { ETag } = await part(UploadId, 1, 'x')
    await expect(complete(UploadId, [ETag], two.sdk)).rejects.toMatchObject(notSame)
    await complete(UploadId, [ETag])
    expect((await bytes(await get(Key))).toString()).toBe('x')
  })

  it('is completed with the key only, where it was created with a checksum algorithm', async () => {
    const UploadId = await create({ ...one.sdk, ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' })
    const { ETag, ChecksumSHA256 } = await part(UploadId, 1, 'x', { ...one.sdk, ChecksumAlgorithm: 'SHA256' })
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumSHA256 }] }
    await expect(complete(UploadId, [], { MultipartUpload })).rejects.toMatchObject(needsSame)
    await complete(UploadId, [], { MultipartUpload, ...one.sdk })
    expect((await bytes(await get(Key))).toString()).toBe('x')
  })

  it('copies parts between keys', async () => {
    await put('source', 'content')
    const UploadId = await create(two.sdk)
    const from = (more: object) =>
      client.send(
        new aws.UploadPartCopyCommand({
          Bucket,
          Key,
          UploadId,
          PartNumber: 1,
          CopySource: `${Bucket}/source`,
          ...more,
        }),
      )
    await expect(from(two.sdk)).rejects.toMatchObject(needsKey)
    await expect(from({ ...one.source })).rejects.toMatchObject(needsSame)
    await expect(from({ ...one.source, ...one.sdk })).rejects.toMatchObject(notSame)
    const copied = await from({ ...one.source, ...two.sdk })
    await complete(UploadId, [copied.CopyPartResult?.ETag])
    expect((await bytes(await get(Key, two.sdk))).toString()).toBe('content')
  })
})

describe('a browser', () => {
  it('uploads by a form with the key in its fields', async () => {
    const { url, fields } = await createPresignedPost(client, {
      Bucket,
      Key: 'form',
      Fields: one.headers,
      Conditions: Object.entries(one.headers).map(([name, value]) => ({ [name]: value })),
    })
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    form.append('file', new Blob(['by form']), 'file.txt')
    const answer = await fetch(url, { method: 'POST', body: form })
    expect([answer.status, answer.headers.get('x-amz-server-side-encryption-customer-key-md5')]).toEqual([204, one.md5])
    expect((await bytes(await get('form'))).toString()).toBe('by form')
  })

  it('downloads by a presigned URL with the key in its headers', async () => {
    await put('linked', 'content')
    const url = await getSignedUrl(client, new aws.GetObjectCommand({ Bucket, Key: 'linked', ...one.sdk }), {
      unhoistableHeaders: new Set(Object.keys(one.headers)),
    })
    const read = await fetch(url, { headers: one.headers })
    expect([read.status, await read.text()]).toEqual([200, 'content'])
    expect((await fetch(url)).status).toBe(403)
  })
})
