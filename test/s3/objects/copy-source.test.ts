/** How `x-amz-copy-source` and `x-amz-rename-source` are written: as a query is. */
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  RenameObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'sources'
const keys = ['a b', 'a+b', 'ä?versionId', 'dir/a b+c']
let server: TestServer
beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  await server.client().send(new CreateBucketCommand({ Bucket }))
  for (const Key of keys) await server.client().send(new PutObjectCommand({ Bucket, Key, Body: Key }))
})
afterAll(() => server.close())

const text = async (Key: string) =>
  (await server.client().send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()

describe('a copy source', () => {
  it.each([
    ['sources%2Fa+b', 'a b'],
    ['sources/a+b', 'a b'],
    ['/sources/a%20b', 'a b'],
    ['sources/a b', 'a b'],
    ['sources%2Fa%2Bb', 'a+b'],
    ['sources/dir%2Fa+b%2Bc', 'dir/a b+c'],
    ['sources/%C3%A4%3FversionId', 'ä?versionId'],
  ])('%s is the key %j', async (CopySource, key) => {
    const client = server.client()
    await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
    expect(await text('copy')).toBe(key)
    const upload = { Bucket, Key: 'parts' }
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload))
    const part = await client.send(new UploadPartCopyCommand({ ...upload, UploadId, PartNumber: 1, CopySource }))
    expect(part.CopyPartResult?.ETag).toBeDefined()
  })

  it('is renamed as it is copied', async () => {
    await server.client().send(new PutObjectCommand({ Bucket, Key: 'to rename', Body: 'renamed' }))
    await server.client().send(new RenameObjectCommand({ Bucket, Key: 'renamed', RenameSource: `${Bucket}/to+rename` }))
    expect(await text('renamed')).toBe('renamed')
  })

  it('is what a policy is asked about, however it is written', async () => {
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:PutObject',
        Resource: `arn:aws:s3:::${Bucket}/*`,
        Condition: { StringNotEquals: { 's3:x-amz-copy-source': `${Bucket}/a b` } },
      },
    })
    await server.client().send(new PutObjectCommand({ Bucket, Key: 'a b?other', Body: 'secret' }))
    await server.client().send(new PutBucketPolicyCommand({ Bucket, Policy }))
    const copy = (CopySource: string) =>
      server.client().send(new CopyObjectCommand({ Bucket, Key: 'allowed', CopySource }))
    await copy('sources/a+b')
    for (const other of ['sources/a%2Bb', 'sources/a b?other', 'sources/a+b?other'])
      await expect(copy(other)).rejects.toMatchObject({ name: 'AccessDenied' })
  })
})
