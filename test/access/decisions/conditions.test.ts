/** Conditions use the real values of a request, through HTTP. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectsCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../../s3/start-server.ts'

const Bucket = 'conditions'
const arn = `arn:aws:s3:::${Bucket}`
type Statement = Readonly<Record<string, unknown>>

describe('conditions of bucket policies', () => {
  let server: TestServer
  const put = async (...Statement: Statement[]) => {
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await server.client().send(new PutBucketPolicyCommand({ Bucket, Policy }))
  }
  const open = (more: Statement): Statement => ({
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:GetObject',
    Resource: `${arn}/*`,
    ...more,
  })
  const deny = (more: Statement): Statement => ({ ...open(more), Effect: 'Deny' })
  const statusOf = async (path: string, headers: Record<string, string> = {}) =>
    (await fetch(`${server.endpoint}/${Bucket}${path}`, { headers })).status
  const outcome = (promise: Promise<unknown>) =>
    promise.then(
      () => 'done',
      (error: Error) => error.name,
    )

  beforeAll(async () => {
    server = await startServer({ engine: 'memory', trustedProxies: ['127.0.0.1', '10.0.0.0/8'] })
    await server.client().send(new CreateBucketCommand({ Bucket }))
    for (const Key of ['a', 'home/main/x'])
      await server.client().send(new PutObjectCommand({ Bucket, Key, Body: 'body' }))
    await server
      .client()
      .send(new PutObjectCommand({ Bucket, Key: 'tagged', Body: 'body', Tagging: 'Class=public&Team=blue' }))
  })
  afterAll(() => server.close())

  it('see the address behind trusted proxies only, CVE-2026-21862', async () => {
    await put(open({ Condition: { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } } }))
    expect(await statusOf('/a', { 'x-forwarded-for': '203.0.113.9' })).toBe(200)
    expect(await statusOf('/a', { 'x-forwarded-for': '203.0.113.9, 10.1.1.1' })).toBe(200)
    // The value of the client is before the one that the proxy added.
    expect(await statusOf('/a', { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' })).toBe(403)
    expect(await statusOf('/a')).toBe(403)
    const direct = await startServer({ engine: 'memory' })
    try {
      await direct.client().send(new CreateBucketCommand({ Bucket }))
      await direct.client().send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'a' }))
      const Policy = JSON.stringify({
        Version: '2012-10-17',
        Statement: open({ Condition: { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } } }),
      })
      await direct.client().send(new PutBucketPolicyCommand({ Bucket, Policy }))
      const answer = await fetch(`${direct.endpoint}/${Bucket}/a`, { headers: { 'x-forwarded-for': '203.0.113.9' } })
      expect(answer.status).toBe(403)
    } finally {
      await direct.close()
    }
  })

  it('take no key from a header of its name, GHSA-6r96-hmgc-726c', async () => {
    await put(open({ Condition: { StringEquals: { 'aws:userid': 'main', 'aws:username': 'Main' } } }))
    expect(await statusOf('/a', { userid: 'main', 'aws-userid': 'main', username: 'Main' })).toBe(403)
  })

  it('see user agent, referer and transport', async () => {
    await put(
      open({
        Condition: {
          StringLike: { 'aws:Referer': 'https://good.example/*' },
          Bool: { 'aws:SecureTransport': 'false' },
        },
      }),
    )
    expect(await statusOf('/a', { referer: 'https://good.example/page' })).toBe(200)
    expect(await statusOf('/a', { referer: 'https://evil.example/' })).toBe(403)
    expect(await statusOf('/a', { referer: 'https://good.example/page', 'x-forwarded-proto': 'https' })).toBe(403)
    await put(open({}), deny({ Condition: { StringLike: { 'aws:UserAgent': '*curl*' } } }))
    expect(await statusOf('/a', { 'user-agent': 'curl/8' })).toBe(403)
    expect(await statusOf('/a', { 'user-agent': 'other' })).toBe(200)
  })

  it('see prefix, delimiter and page size of listings, and of nothing else', async () => {
    const list = { Action: 's3:ListBucket', Resource: arn }
    await put(
      open({
        ...list,
        Condition: { StringLike: { 's3:prefix': 'home/*' }, NumericLessThanEquals: { 's3:max-keys': 10 } },
      }),
    )
    expect(await statusOf('/?list-type=2&prefix=home/main/&max-keys=10')).toBe(200)
    expect(await statusOf('/?list-type=2&prefix=home/main/&max-keys=11')).toBe(403)
    expect(await statusOf('/?list-type=2&prefix=a&max-keys=1')).toBe(403)
    expect(await statusOf('/?list-type=2')).toBe(403)
    // A query that means nothing to GetObject must not open it.
    await put({
      ...open({ Action: 's3:*', Resource: [arn, `${arn}/*`] }),
      Condition: { StringLike: { 's3:prefix': 'home/*' } },
    })
    expect(await statusOf('/a?prefix=home/x')).toBe(403)
  })

  it('see headers of uploads and copies', async () => {
    const upload = { Action: 's3:PutObject' }
    await put(
      deny({ ...upload, Condition: { StringEquals: { 's3:x-amz-storage-class': 'STANDARD_IA' } } }),
      deny({ ...upload, Condition: { StringLike: { 's3:x-amz-copy-source': `${Bucket}/home/*` } } }),
      deny({ ...upload, Condition: { 'ForAnyValue:StringEquals': { 's3:RequestObjectTagKeys': ['Secret'] } } }),
      deny({ ...upload, Condition: { StringEquals: { 's3:RequestObjectTag/Team': 'red' } } }),
    )
    const client = server.client()
    const putObject = (more: object) =>
      outcome(client.send(new PutObjectCommand({ Bucket, Key: 'new', Body: 'x', ...more })))
    expect(await putObject({ StorageClass: 'STANDARD' })).toBe('done')
    expect(await putObject({ StorageClass: 'STANDARD_IA' })).toBe('AccessDenied')
    expect(await putObject({ Tagging: 'Team=blue' })).toBe('done')
    expect(await putObject({ Tagging: 'Team=blue&Secret=1' })).toBe('AccessDenied')
    expect(await putObject({ Tagging: 'Team=red' })).toBe('AccessDenied')
    const copy = (CopySource: string) =>
      outcome(client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource })))
    expect(await copy(`${Bucket}/a`)).toBe('done')
    expect(await copy(`/${Bucket}/home%2Fmain/x`)).toBe('AccessDenied')
  })

  it('see the tags an object has, of each object asked for', async () => {
    await put(open({ Condition: { StringEquals: { 's3:ExistingObjectTag/Class': 'public' } } }))
    expect([await statusOf('/tagged'), await statusOf('/a'), await statusOf('/missing')]).toEqual([200, 403, 403])
    await put(deny({ Condition: { StringEquals: { 's3:ExistingObjectTag/Team': 'blue' } } }))
    const copy = (from: string) =>
      outcome(server.client().send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${from}` })))
    expect([await copy('a'), await copy('tagged')]).toEqual(['done', 'AccessDenied'])
  })

  it('see how a request was signed', async () => {
    await put(deny({ Condition: { StringEquals: { 's3:authType': 'REST-QUERY-STRING' } } }))
    const get = new GetObjectCommand({ Bucket, Key: 'a' })
    expect(await outcome(server.client().send(get))).toBe('done')
    const url = await getSignedUrl(server.client(), get, { expiresIn: 60 })
    expect((await fetch(url)).status).toBe(403)
    await put(deny({ Condition: { NumericGreaterThan: { 's3:signatureAge': '60000' } } }))
    const old = { expiresIn: 3600, signingDate: new Date(Date.now() - 120_000) }
    expect((await fetch(url)).status).toBe(200)
    expect((await fetch(await getSignedUrl(server.client(), get, old))).status).toBe(403)
    await put(deny({ Condition: { StringNotEquals: { 's3:signatureversion': 'AWS4-HMAC-SHA256' } } }))
    expect(await outcome(server.client().send(get))).toBe('done')
  })

  it('hold for each key of a bulk delete', async () => {
    await put(deny({ Action: 's3:DeleteObject', Resource: `${arn}/keep/*` }))
    for (const Key of ['keep/1', 'drop/1']) await server.client().send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
    const Objects = [{ Key: 'keep/1' }, { Key: 'drop/1' }]
    const { Deleted, Errors } = await server.client().send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    expect(Deleted).toMatchObject([{ Key: 'drop/1' }])
    expect(Errors).toMatchObject([{ Key: 'keep/1', Code: 'AccessDenied' }])
    expect(Errors?.[0]?.Message).toMatch(/with an explicit deny in a resource-based policy$/)
  })

  it('tell that a key is missing to those only who may list it', async () => {
    await put(open({ Action: 's3:ListBucket', Resource: arn, Condition: { StringLike: { 's3:prefix': 'public/*' } } }))
    const head = (Key: string) => outcome(server.client('other').send(new HeadObjectCommand({ Bucket, Key })))
    expect([await head('public/missing'), await head('private/missing'), await head('a')]).toEqual([
      'NotFound',
      'Unknown',
      'Unknown',
    ])
  })

  it('are kept letter by letter, and can always be mended by an administrator', async () => {
    const locked = deny({ Action: 's3:*', Resource: [arn, `${arn}/*`] })
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [locked] }, null, 2)
    await server.client().send(new PutBucketPolicyCommand({ Bucket, Policy }))
    expect(await outcome(server.client().send(new ListObjectsV2Command({ Bucket })))).toBe('AccessDenied')
    expect(await outcome(server.client('reader').send(new GetBucketPolicyCommand({ Bucket })))).toBe('AccessDenied')
    expect((await server.client().send(new GetBucketPolicyCommand({ Bucket }))).Policy).toBe(Policy)
    await server.client().send(new DeleteBucketPolicyCommand({ Bucket }))
    expect(await outcome(server.client().send(new ListObjectsV2Command({ Bucket })))).toBe('done')
  })

  it('that a hand made invalid do not open a door: the last good policy stays, and a first one lets nobody in', async () => {
    const file = join(server.root, 'data/.myfsio.sys/config/bucket_policies.json')
    const write = (policy: unknown) => writeFile(file, JSON.stringify({ policies: { [Bucket]: policy } }))
    const reads = () => outcome(server.client().send(new GetObjectCommand({ Bucket, Key: 'a' })))
    await write({ Statement: [{ ...open({}), Condition: { StringLikes: {} } }] })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([await statusOf('/a'), await reads()]).toEqual([403, 'AccessDenied'])
    await write({ Version: '2012-10-17', Statement: [open({})] })
    await expect.poll(() => statusOf('/a')).toBe(200)
    await write({ Version: '2012-10-17', Statement: [{ ...open({}), Effect: 'allow' }] })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([await statusOf('/a'), await reads()]).toEqual([200, 'done'])
    await server.client().send(new DeleteBucketPolicyCommand({ Bucket }))
    expect(await statusOf('/a')).toBe(403)
  })
})
