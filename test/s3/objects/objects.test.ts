import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import { join } from 'node:path'
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  RenameObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

/** Like fetch, but sends the path unchanged: fetch resolves `..` first. */
function fetchRaw(url: string): Promise<string> {
  const [, port = '', path = ''] = /^http:\/\/127\.0\.0\.1:(\d+)(.*)$/.exec(url) ?? []
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve(text))
    })
    request.on('error', reject)
  })
}

describe('S3 through the AWS SDK', () => {
  let server: TestServer
  const Bucket = 'bucket'

  beforeAll(async () => {
    server = await startServer()
    await server.client().send(new CreateBucketCommand({ Bucket }))
  })
  afterAll(() => server.close())

  const put = (Key: string, Body: string | Buffer, more = {}) =>
    server.client().send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
  const get = async (Key: string, more = {}) => {
    const answer = await server.client().send(new GetObjectCommand({ Bucket, Key, ...more }))
    return { ...answer, text: (await answer.Body?.transformToString()) ?? '' }
  }

  it('stores, reads, lists and deletes with default settings', async () => {
    await put('a/hello.txt', 'hello', { ContentType: 'text/plain', Metadata: { colour: 'blue' } })
    const read = await get('a/hello.txt', { ChecksumMode: 'ENABLED' })
    expect(read).toMatchObject({
      text: 'hello',
      ContentType: 'text/plain',
      Metadata: { colour: 'blue' },
      ETag: '"5d41402abc4b2a76b9719d911017c592"',
    })
    expect(read.ChecksumCRC32).toBe('NhCmhg==')
    expect(await readFile(join(server.root, 'data/bucket/a/hello.txt'), 'utf8')).toBe('hello')
    const list = await server.client().send(new ListObjectsV2Command({ Bucket, Prefix: 'a/' }))
    expect(list.Contents?.map(({ Key }) => Key)).toEqual(['a/hello.txt'])
    await server.client().send(new DeleteObjectCommand({ Bucket, Key: 'a/hello.txt' }))
    await expect(get('a/hello.txt')).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  it.each(['a//b', '/lead', 'a+b', 'a b', '100%', 'ü😀', "!*'()", '../x', 'a/../b', 'q?x=1&y', 'dir/'])(
    'signs, stores, lists and reads the key %j',
    async (key) => {
      await put(key, key)
      expect((await get(key)).text).toBe(key)
      const list = await server.client().send(new ListObjectsV2Command({ Bucket, Prefix: key }))
      expect(list.Contents?.map(({ Key }) => Key)).toEqual([key])
      const url = await getSignedUrl(server.client(), new GetObjectCommand({ Bucket, Key: key }))
      expect(await fetchRaw(url)).toBe(key)
      const deleted = await server
        .client()
        .send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: key }] } }))
      expect(deleted.Errors).toBeUndefined()
    },
  )

  it('serves ranges', async () => {
    await put('range', '0123456789')
    for (const [Range, text] of [
      ['bytes=2-4', '234'],
      ['bytes=7-', '789'],
      ['bytes=-3', '789'],
      ['bytes=x', '0123456789'],
    ]) {
      expect((await get('range', { Range })).text).toBe(text)
    }
    await expect(get('range', { Range: 'bytes=10-' })).rejects.toMatchObject({ name: 'InvalidRange' })
  })

  it('refuses a body that does not match its digest, and keeps what was there', async () => {
    await put('digest', 'before')
    await expect(
      put('digest', 'after', { ContentMD5: createHash('md5').update('x').digest('base64') }),
    ).rejects.toMatchObject({
      name: 'BadDigest',
    })
    await expect(
      put('digest', 'after', { ChecksumSHA256: createHash('sha256').update('x').digest('base64') }),
    ).rejects.toMatchObject({
      name: 'BadDigest',
    })
    expect((await get('digest')).text).toBe('before')
  })

  it('honours conditions on reads and writes', async () => {
    const { ETag } = await put('cond', 'one')
    await expect(put('cond', 'two', { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' })
    await expect(put('cond', 'two', { IfMatch: '"x"' })).rejects.toMatchObject({ name: 'PreconditionFailed' })
    await put('cond', 'two', { IfMatch: ETag })
    await expect(get('cond', { IfMatch: ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' })
    await expect(get('cond', { IfModifiedSince: new Date() })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    })
  })

  it('uploads a large body in parts, and reads it by part', async () => {
    const body = Buffer.alloc(12 * 1024 * 1024, 'multipart!')
    const upload = new Upload({ client: server.client(), params: { Bucket, Key: 'parts', Body: body } })
    await upload.done()
    const head = await server.client().send(new HeadObjectCommand({ Bucket, Key: 'parts', PartNumber: 3 }))
    expect(head).toMatchObject({ PartsCount: 3, ContentLength: 2 * 1024 * 1024 })
    const read = await get('parts')
    expect(read.text === body.toString()).toBe(true)
    const attributes = await server.client().send(
      new GetObjectAttributesCommand({
        Bucket,
        Key: 'parts',
        ObjectAttributes: ['ObjectParts', 'ObjectSize', 'Checksum'],
      }),
    )
    expect(attributes).toMatchObject({ ObjectSize: body.length, ObjectParts: { TotalPartsCount: 3 } })
  })

  it('completes parts of odd sizes that came out of order and twice', async () => {
    const client = server.client()
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'odd' }))
    const bodies = [Buffer.alloc(5 * 1024 ** 2 + 7, 'a'), Buffer.alloc(6 * 1024 ** 2, 'b'), Buffer.from('c')]
    const parts: CompletedPart[] = []
    for (const index of [2, 0, 1, 0]) {
      const PartNumber = index + 1
      const part = await client.send(
        new UploadPartCommand({ Bucket, Key: 'odd', UploadId, PartNumber, Body: bodies[index] ?? '' }),
      )
      parts[index] = { PartNumber, ...(part.ETag === undefined ? {} : { ETag: part.ETag }) }
    }
    const complete = new CompleteMultipartUploadCommand({
      Bucket,
      Key: 'odd',
      UploadId,
      MultipartUpload: { Parts: parts },
    })
    const first = await client.send(complete)
    expect((await client.send(complete)).ETag).toBe(first.ETag)
    expect((await get('odd')).text === Buffer.concat(bodies).toString()).toBe(true)
  })

  it('copies with and without new metadata, and renames', async () => {
    await put('source', 'copy me', { Metadata: { a: '1' } })
    await server.client().send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/source` }))
    expect((await get('copy')).Metadata).toEqual({ a: '1' })
    await server.client().send(
      new CopyObjectCommand({
        Bucket,
        Key: 'copy',
        CopySource: `${Bucket}/copy`,
        MetadataDirective: 'REPLACE',
        Metadata: { b: '2' },
      }),
    )
    expect((await get('copy')).Metadata).toEqual({ b: '2' })
    await server.client().send(new RenameObjectCommand({ Bucket, Key: 'moved', RenameSource: `${Bucket}/copy` }))
    expect((await get('moved')).text).toBe('copy me')
    await expect(get('copy')).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  it('keeps versions', async () => {
    const client = server.client()
    await client.send(new CreateBucketCommand({ Bucket: 'versioned' }))
    await client.send(
      new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration: { Status: 'Enabled' } }),
    )
    const one = await client.send(new PutObjectCommand({ Bucket: 'versioned', Key: 'k', Body: 'one' }))
    await client.send(new PutObjectCommand({ Bucket: 'versioned', Key: 'k', Body: 'two' }))
    const marker = await client.send(new DeleteObjectCommand({ Bucket: 'versioned', Key: 'k' }))
    expect(marker.DeleteMarker).toBe(true)
    const list = await client.send(new ListObjectVersionsCommand({ Bucket: 'versioned' }))
    expect(list.Versions?.length).toBe(2)
    expect(list.DeleteMarkers?.[0]?.IsLatest).toBe(true)
    const read = await client.send(new GetObjectCommand({ Bucket: 'versioned', Key: 'k', VersionId: one.VersionId }))
    expect(await read.Body?.transformToString()).toBe('one')
  })

  it('lets other accounts and strangers in only by the bucket policy', async () => {
    await put('public/x', 'open')
    const read = (user: 'other' | 'reader') =>
      server.client(user).send(new GetObjectCommand({ Bucket, Key: 'public/x' }))
    await expect(read('other')).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(
      server.client('reader').send(new PutObjectCommand({ Bucket, Key: 'no', Body: '' })),
    ).rejects.toMatchObject({
      name: 'AccessDenied',
    })
    expect((await fetch(`${server.endpoint}/${Bucket}/public/x`)).status).toBe(403)
    const statement = {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${Bucket}/public/*`,
    }
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
    await server.client().send(new PutBucketPolicyCommand({ Bucket, Policy }))
    expect(await (await fetch(`${server.endpoint}/${Bucket}/public/x`)).text()).toBe('open')
    expect((await fetch(`${server.endpoint}/${Bucket}/source`)).status).toBe(403)
    await read('other')
    const misspelt = { ...statement, Condition: { StringLikes: { 'aws:Referer': 'x' } } }
    const malformed = JSON.stringify({ Version: '2012-10-17', Statement: [misspelt] })
    await expect(server.client().send(new PutBucketPolicyCommand({ Bucket, Policy: malformed }))).rejects.toMatchObject(
      {
        name: 'MalformedPolicy',
        message: 'Invalid Condition type : StringLikes',
      },
    )
  })

  it('answers wrong credentials with the codes of AWS', async () => {
    const wrong = (accessKeyId: string) =>
      server
        .client('main', { credentials: { accessKeyId, secretAccessKey: 'wrong' } })
        .send(new ListObjectsV2Command({ Bucket }))
    await expect(wrong('nobody')).rejects.toMatchObject({ name: 'InvalidAccessKeyId' })
    await expect(wrong('main')).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' })
    const elsewhere = server.client('main', { region: 'eu-west-1' }).send(new ListObjectsV2Command({ Bucket }))
    await expect(elsewhere).rejects.toMatchObject({ name: 'AuthorizationHeaderMalformed' })
  })

  it('takes uploads from forms, within their policy', async () => {
    const form = async (body: string) => {
      const { url, fields } = await createPresignedPost(server.client(), {
        Bucket,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: so the form writes it
        Key: 'form/${filename}',
        Conditions: [['content-length-range', 1, 10]],
      })
      const data = new FormData()
      for (const [name, value] of Object.entries(fields)) data.append(name, value)
      data.append('file', new Blob([body]), 'f.txt')
      return fetch(url, { method: 'POST', body: data })
    }
    expect((await form('short')).status).toBe(204)
    expect((await get('form/f.txt')).text).toBe('short')
    const tooLong = await form('much too long')
    expect([tooLong.status, await tooLong.text()]).toEqual([400, expect.stringContaining('EntityTooLarge')])
  })

  it('takes tags in a form only from those who may tag, and keeps what its field says', async () => {
    const form = async (tags: Record<string, string>) => {
      const { url, fields } = await createPresignedPost(server.client(), { Bucket, Key: 'tagged', Fields: tags })
      const data = new FormData()
      for (const [name, value] of Object.entries(fields)) data.append(name, value)
      data.append('file', new Blob(['x']), 'f.txt')
      return (await fetch(url, { method: 'POST', body: data })).status
    }
    const tagging = '<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>'
    expect(await form({ tagging })).toBe(204)
    const tagged = await server.client().send(new GetObjectCommand({ Bucket, Key: 'tagged' }))
    expect(tagged.TagCount).toBe(1)
    const statement = {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObjectTagging',
      Resource: `arn:aws:s3:::${Bucket}/*`,
    }
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
    await server.client().send(new PutBucketPolicyCommand({ Bucket, Policy }))
    expect(await form({ tagging })).toBe(403)
    expect(await form({ 'x-amz-tagging': 'a=1' })).toBe(403)
    expect(await form({})).toBe(204)
  })
})
