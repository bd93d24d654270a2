/** Headers that SDKs move into the query of a presigned URL mean there what they mean as headers. */
import {
  CopyObjectCommand,
  CreateBucketCommand,
  type GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from './start-server.ts'

const Bucket = 'urls'
let server: TestServer
beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  await server.client().send(new CreateBucketCommand({ Bucket }))
  await server.client().send(new PutObjectCommand({ Bucket, Key: 'source', Body: 'the source' }))
})
afterAll(() => server.close())

async function send(command: GetObjectCommand | PutObjectCommand | CopyObjectCommand, init: RequestInit, more = '') {
  const url = await getSignedUrl(server.client(), command as GetObjectCommand, { expiresIn: 60 })
  return fetch(url + more, init)
}
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
    const unserved = new PutObjectCommand({ Bucket, Key: 'source', ObjectLockLegalHoldStatus: 'ON' })
    expect((await send(unserved, { method: 'PUT', body: 'x' })).status).toBe(501)
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
})
