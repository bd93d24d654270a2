/** Headers in the query of a presigned URL, where SDKs move them, have the same meaning as headers. */
import { createHash, createHmac } from 'node:crypto'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'urls'
let server: TestServer
beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  await server.client().send(new CreateBucketCommand({ Bucket }))
  await server.client().send(new PutObjectCommand({ Bucket, Key: 'source', Body: 'the source' }))
})
afterAll(() => server.close())

/** Signs it with all its headers in the query: SDKs do this with `x-amz-*`, and some with any header on request. */
function presign(command: object): Promise<string> {
  const moving = command as PutObjectCommand
  moving.middlewareStack.add(
    (next) => (args) => {
      const { headers, query } = args.request as Record<'headers' | 'query', Record<string, string>>
      for (const [name, value] of Object.entries(headers)) {
        if (!/^(cache-control|content-(?!length)|expires|if-|range)/.test(name)) continue
        query[name] = value
        delete headers[name]
      }
      return next(args)
    },
    { step: 'build' },
  )
  return getSignedUrl(server.client(), moving, { expiresIn: 60 })
}

const send = async (command: object, init: RequestInit, more = '') => fetch((await presign(command)) + more, init)
const head = (Key: string) => server.client().send(new HeadObjectCommand({ Bucket, Key }))

describe('a presigned URL', () => {
  it('writes metadata and storage class', async () => {
    const asked = { Bucket, Key: 'made', Metadata: { owner: 'ann' }, StorageClass: 'STANDARD_IA' as const }
    expect((await send(new PutObjectCommand(asked), { method: 'PUT', body: 'x' })).status).toBe(200)
    expect(await head('made')).toMatchObject({ Metadata: { owner: 'ann' }, StorageClass: 'STANDARD_IA' })
  })

  it('copies, and does not write an empty object instead', async () => {
    const asked = new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/source` })
    expect((await send(asked, { method: 'PUT' })).status).toBe(200)
    expect(await head('copy')).toMatchObject({ ContentLength: 10 })
  })

  it('asks for conditions and owners, and is held to them', async () => {
    const twice = new PutObjectCommand({ Bucket, Key: 'source', ExpectedBucketOwner: '999999999999' })
    expect((await send(twice, { method: 'PUT', body: 'x' })).status).toBe(403)
    const locked = new PutObjectCommand({ Bucket, Key: 'source', ObjectLockLegalHoldStatus: 'ON' })
    // The bucket has no Object Lock.
    expect((await send(locked, { method: 'PUT', body: 'x' })).status).toBe(400)
    expect(await head('source')).toMatchObject({ ContentLength: 10 })
  })

  it('is held to nothing that was added to it', async () => {
    const asked = new PutObjectCommand({ Bucket, Key: 'added' })
    expect((await send(asked, { method: 'PUT', body: 'x' }, '&x-amz-meta-a=b')).status).toBe(403)
  })

  it.each(['x-amz-meta-a=%0D%0Ax: y', 'x-amz-storage-class=%00'])('with %s is refused', async (more) => {
    const client = server.client()
    const command = new PutObjectCommand({ Bucket, Key: 'bad' })
    const [name = '', value = ''] = more.split('=')
    command.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { query: Record<string, string> }
        request.query[name] = decodeURIComponent(value)
        return next(args)
      },
      { step: 'build' },
    )
    const answer = await fetch(await getSignedUrl(client, command), { method: 'PUT', body: 'x' })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('<Code>InvalidArgument')])
  })

  it('that nobody signed says nothing', async () => {
    const answer = await fetch(`${server.endpoint}/${Bucket}/source?x-amz-expected-bucket-owner=1`)
    expect(await answer.text()).toContain('<Code>AccessDenied')
  })

  it('writes only what is not there yet, however often it is used', async () => {
    const asked = new PutObjectCommand({ Bucket, Key: 'once', IfNoneMatch: '*' })
    const url = await presign(asked)
    expect(url.toLowerCase()).toContain('if-none-match=%2a')
    expect((await fetch(url, { method: 'PUT', body: 'first' })).status).toBe(200)
    expect((await fetch(url, { method: 'PUT', body: 'second' })).status).toBe(412)
    const other = { 'if-none-match': '"other"' }
    expect((await fetch(url, { method: 'PUT', body: 'third', headers: other })).status).toBe(412)
    expect(await head('once')).toMatchObject({ ContentLength: 5 })
  })

  it('copies, completes and deletes under the conditions of its query', async () => {
    await server.client().send(new PutObjectCommand({ Bucket, Key: 'there', Body: 'there' }))
    const copy = { Bucket, Key: 'there', CopySource: `${Bucket}/source` }
    expect((await send(new CopyObjectCommand({ ...copy, IfNoneMatch: '*' }), { method: 'PUT' })).status).toBe(412)
    const other = { ...copy, CopySourceIfMatch: '"other"' }
    expect((await send(new CopyObjectCommand(other), { method: 'PUT' })).status).toBe(412)
    const stale = new DeleteObjectCommand({ Bucket, Key: 'there', IfMatch: '"other"' })
    expect((await send(stale, { method: 'DELETE' })).status).toBe(412)
    const upload = { Bucket, Key: 'there' }
    const { UploadId } = await server.client().send(new CreateMultipartUploadCommand(upload))
    const part = { ...upload, UploadId, PartNumber: 1 }
    const { ETag } = await server.client().send(new UploadPartCommand({ ...part, Body: 'part' }))
    const parts = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${ETag}</ETag></Part></CompleteMultipartUpload>`
    const complete = new CompleteMultipartUploadCommand({ ...upload, UploadId, IfNoneMatch: '*' })
    expect((await send(complete, { method: 'POST', body: parts })).status).toBe(412)
    const wrong = new CompleteMultipartUploadCommand({ ...upload, UploadId, ChecksumCRC64NVME: 'AAAAAAAAAAA=' })
    expect(await (await send(wrong, { method: 'POST', body: parts })).text()).toContain('<Code>BadDigest')
    expect(await head('there')).toMatchObject({ ContentLength: 5 })
  })

  it('reads the range and under the conditions of its query, whatever the reader adds', async () => {
    const { ETag } = await head('source')
    const object = { Bucket, Key: 'source' }
    const answer = async (more: object, headers: Record<string, string> = {}) => {
      const { status } = await send(new GetObjectCommand({ ...object, ...more }), { headers })
      return status
    }
    expect(await answer({ IfNoneMatch: ETag })).toBe(304)
    expect(await answer({ IfMatch: '"other"' })).toBe(412)
    expect(await answer({ IfUnmodifiedSince: new Date(0) })).toBe(412)
    expect(await answer({ IfModifiedSince: new Date() })).toBe(304)
    const ranged = await send(new GetObjectCommand({ ...object, Range: 'bytes=0-2' }), {
      headers: { range: 'bytes=0-9' },
    })
    expect([ranged.status, await ranged.text()]).toEqual([206, 'the'])
  })

  it('says what the object is, and what its body has to be', async () => {
    const asked = { Bucket, Key: 'described', ContentType: 'text/css', CacheControl: 'no-store', ContentLanguage: 'de' }
    const put = new PutObjectCommand({ ...asked, ContentDisposition: 'inline', ContentMD5: 'ndTkYSaMgDT1yFZOFVxnpg==' })
    expect((await send(put, { method: 'PUT', body: 'other' })).status).toBe(400)
    expect((await send(put, { method: 'PUT', body: 'x', headers: { 'content-type': 'text/html' } })).status).toBe(200)
    const described = { ContentType: 'text/css', CacheControl: 'no-store', ContentLanguage: 'de' }
    expect(await head('described')).toMatchObject({ ...described, ContentDisposition: 'inline' })
  })

  it('begins an upload with the checksum of its query', async () => {
    const create = { Bucket, Key: 'sums', ChecksumAlgorithm: 'CRC32' as const, ChecksumType: 'FULL_OBJECT' as const }
    const answer = await send(new CreateMultipartUploadCommand(create), { method: 'POST' })
    const told = ['x-amz-checksum-algorithm', 'x-amz-checksum-type'].map((name) => answer.headers.get(name))
    expect(told).toEqual(['CRC32', 'FULL_OBJECT'])
  })

  it('of version 2 takes nothing from its query that this version does not sign', async () => {
    const expires = Math.floor(Date.now() / 1000) + 60
    const signature = createHmac('sha1', 'main-secret').update(`PUT\n\n\n${expires}\n/${Bucket}/old`).digest('base64')
    const query = `AWSAccessKeyId=main&Expires=${expires}&Signature=${encodeURIComponent(signature)}`
    const url = `${server.endpoint}/${Bucket}/old?${query}&Content-Type=text/html&Cache-Control=no-store`
    // A Blob without a type sends no Content-Type, which would be signed.
    expect((await fetch(url, { method: 'PUT', body: new Blob(['x']) })).status).toBe(200)
    const { ContentType, CacheControl } = await head('old')
    expect([ContentType, CacheControl]).toEqual(['binary/octet-stream', undefined])
  })

  it('ignores a hash of the body that it does not sign', async () => {
    const url = await presign(new PutObjectCommand({ Bucket, Key: 'hashed' }))
    for (const hash of ['UNSIGNED-PAYLOAD', 'a'.repeat(64), 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'nonsense']) {
      const answer = await fetch(url, { method: 'PUT', body: hash, headers: { 'x-amz-content-sha256': hash } })
      expect([hash, answer.status]).toEqual([hash, 200])
      expect(await head('hashed')).toMatchObject({ ContentLength: hash.length })
    }
    for (const name of ['x-amz-meta-a', 'x-amz-acl', 'x-amz-decoded-content-length', 'x-amz-tagging']) {
      const answer = await fetch(url, { method: 'PUT', body: 'x', headers: { [name]: '1' } })
      expect([name, answer.status, await answer.text()]).toEqual([name, 403, expect.stringContaining(name)])
    }
  })

  it('is not let through by such a hash where a policy asks for one', async () => {
    const Statement = {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `arn:aws:s3:::${Bucket}/guarded`,
      Condition: { StringEquals: { 's3:x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
    }
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await server.client().send(new PutBucketPolicyCommand({ Bucket, Policy }))
    const url = await presign(new PutObjectCommand({ Bucket, Key: 'guarded' }))
    const headers = { 'x-amz-content-sha256': createHash('sha256').update('x').digest('hex') }
    expect((await fetch(url, { method: 'PUT', body: 'x', headers })).status).toBe(403)
  })
})
