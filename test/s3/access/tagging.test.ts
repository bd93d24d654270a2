import {
  CreateBucketCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer, type TestUser } from '../start-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const setOf = (tags: Readonly<Record<string, string>>) => ({
  TagSet: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
})
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: Error) => `${error.name}: ${error.message}`,
  )
const codeOf = async (promise: Promise<unknown>) => (await outcome(promise)).split(':')[0]

describe('tags of objects', () => {
  const Bucket = 'objects'
  const put = (Key: string, Tagging?: string) =>
    server.client().send(new PutObjectCommand({ Bucket, Key, Body: 'body', Tagging }))
  const tag = (Key: string, tags: Readonly<Record<string, string>>, more: { VersionId?: string | undefined } = {}) =>
    server.client().send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: setOf(tags), ...more }))
  const tagsOf = async (Key: string, VersionId?: string) => {
    const { TagSet = [] } = await server.client().send(new GetObjectTaggingCommand({ Bucket, Key, VersionId }))
    return TagSet.map((one) => `${one.Key}=${one.Value}`)
  }
  const head = (Key: string) => server.client().send(new HeadObjectCommand({ Bucket, Key }))
  beforeAll(() => server.client().send(new CreateBucketCommand({ Bucket })))

  it('are set, replaced and removed, and change neither ETag nor time', async () => {
    await put('a')
    const before = await head('a')
    expect(await tagsOf('a')).toEqual([])
    await tag('a', { b: '2', a: '1' })
    expect(await tagsOf('a')).toEqual(['a=1', 'b=2'])
    const tagged = await head('a')
    expect([tagged.ETag, tagged.LastModified, tagged.TagCount]).toEqual([before.ETag, before.LastModified, 2])
    expect([tagged.VersionId, tagged.ContentType]).toEqual([undefined, before.ContentType])
    await tag('a', { c: '' })
    expect(await tagsOf('a')).toEqual(['c='])
    const removed = await server.client().send(new DeleteObjectTaggingCommand({ Bucket, Key: 'a' }))
    expect(removed.$metadata.httpStatusCode).toBe(204)
    expect([await tagsOf('a'), (await head('a')).TagCount]).toEqual([[], undefined])
    await tag('a', { c: '' })
    await tag('a', {})
    expect([await tagsOf('a'), (await head('a')).TagCount]).toEqual([[], undefined])
  })

  it('hold any letters, digits and spaces, in the order of their keys, and names that JavaScript knows', async () => {
    await put('names')
    const tags = { '10': 'ten', '2': 'two', 'Größe der Datei': '大きい', 'a:b/c=d+e-f@g_h.i': '', ['__proto__']: 'x' }
    const sorted = ['10=ten', '2=two', 'Größe der Datei=大きい', '__proto__=x', 'a:b/c=d+e-f@g_h.i=']
    await tag('names', tags)
    expect(await tagsOf('names')).toEqual(sorted)
    await put('names', new URLSearchParams(tags).toString())
    expect(await tagsOf('names')).toEqual(sorted)
    await put('names', 'foo=bar&bar')
    expect(await tagsOf('names')).toEqual(['bar=', 'foo=bar'])
  })

  it('are ten at most, of 128 and 256 UTF-16 units, and refused in the words of S3', async () => {
    await put('limits')
    const full = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}`.padEnd(128, 'k'), 'v'.repeat(256)]))
    await tag('limits', full)
    expect(await tagsOf('limits')).toHaveLength(10)
    expect(await outcome(tag('limits', { ...full, more: '' }))).toBe(
      'BadRequest: Object tags cannot be greater than 10',
    )
    expect(await outcome(tag('limits', { 'a!': '' }))).toBe('InvalidTag: The TagKey you have provided is invalid')
    expect(await outcome(tag('limits', { a: '!' }))).toBe('InvalidTag: The TagValue you have provided is invalid')
    expect(await outcome(tag('limits', { 'aws:a': '' }))).toBe('InvalidTag: Your TagKey cannot be prefixed with aws:')
    const Tagging = { TagSet: [setOf({ a: '1' }), setOf({ a: '2' })].flatMap(({ TagSet }) => TagSet) }
    const twice = server.client().send(new PutObjectTaggingCommand({ Bucket, Key: 'limits', Tagging }))
    expect(await outcome(twice)).toBe('InvalidTag: Cannot provide multiple Tags with the same key')
    expect(await tagsOf('limits')).toHaveLength(10)
  })

  it('come with a presigned upload, and are signed with it', async () => {
    const command = new PutObjectCommand({ Bucket, Key: 'presigned', Tagging: 'a=1' })
    const url = await getSignedUrl(server.client(), command, { unhoistableHeaders: new Set(['x-amz-tagging']) })
    const send = (tagging: string) =>
      fetch(url, { method: 'PUT', body: 'x', headers: { 'x-amz-tagging': tagging } }).then(({ status }) => status)
    expect([await send('a=2'), await send('a=1')]).toEqual([403, 200])
    expect(await tagsOf('presigned')).toEqual(['a=1'])
  })

  it('leave each version the bytes and the tags that are its own, whoever writes beside them', async () => {
    const bodies = Array.from({ length: 12 }, (_, i) => `${i}`.repeat(100 + i))
    await put('busy')
    await Promise.all(
      bodies.flatMap((Body, i) => [
        server.client().send(new PutObjectCommand({ Bucket, Key: 'busy', Body, Tagging: `of=${i}` })),
        tag('busy', { late: `${i}` }),
        server
          .client()
          .send(new GetObjectCommand({ Bucket, Key: 'busy' }))
          .then(async ({ Body: read, ContentLength }) => {
            expect((await read?.transformToString())?.length).toBe(ContentLength)
          }),
      ]),
    )
    const { Body } = await server.client().send(new GetObjectCommand({ Bucket, Key: 'busy' }))
    expect(bodies).toContain(await Body?.transformToString())
    expect(await tagsOf('busy')).toEqual([expect.stringMatching(/^(of|late)=\d+$/)])
  })

  it('are cleared by a document without a set', async () => {
    for (const body of ['<Tagging/>', '<Tagging></Tagging>', '<Tagging><TagSet/></Tagging>']) {
      await put('cleared', 'a=1')
      const command = new PutObjectTaggingCommand({ Bucket, Key: 'cleared', Tagging: { TagSet: [] } })
      command.middlewareStack.add(
        (next) => (args) => {
          Object.assign(args.request as object, { body })
          return next(args)
        },
        { step: 'build', priority: 'high' },
      )
      await server.client().send(command)
      expect([body, await tagsOf('cleared')]).toEqual([body, []])
    }
  })

  it('belong to one version, which is named in the answer', async () => {
    const client = server.client()
    const Versioned = 'versioned'
    await client.send(new CreateBucketCommand({ Bucket: Versioned }))
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await client.send(new PutBucketVersioningCommand({ Bucket: Versioned, VersioningConfiguration }))
    const at = { Bucket: Versioned, Key: 'a' }
    const first = await client.send(new PutObjectCommand({ ...at, Body: '1', Tagging: 'of=first' }))
    const second = await client.send(new PutObjectCommand({ ...at, Body: '2' }))
    const set = await client.send(new PutObjectTaggingCommand({ ...at, Tagging: setOf({ of: 'second' }) }))
    expect(set.VersionId).toBe(second.VersionId)
    const old = { ...at, VersionId: first.VersionId }
    const read = await client.send(new GetObjectTaggingCommand(old))
    expect([read.VersionId, read.TagSet]).toEqual([first.VersionId, [{ Key: 'of', Value: 'first' }]])
    await client.send(new PutObjectTaggingCommand({ ...old, Tagging: setOf({ of: 'old' }) }))
    const gone = await client.send(new DeleteObjectTaggingCommand(at))
    expect(gone.VersionId).toBe(second.VersionId)
    expect((await client.send(new GetObjectTaggingCommand(old))).TagSet).toEqual([{ Key: 'of', Value: 'old' }])
    const marker = await client.send(new DeleteObjectCommand(at))
    expect(await codeOf(client.send(new GetObjectTaggingCommand(at)))).toBe('MethodNotAllowed')
    const asked = client.send(new GetObjectTaggingCommand({ ...at, VersionId: marker.VersionId }))
    expect(await codeOf(asked)).toBe('MethodNotAllowed')
  })
})

describe('tags of buckets', () => {
  const Bucket = 'bucket'
  const tagsOf = async (name = Bucket) =>
    (await server.client().send(new GetBucketTaggingCommand({ Bucket: name }))).TagSet
  beforeAll(() => server.client().send(new CreateBucketCommand({ Bucket })))

  it('are set, replaced and removed', async () => {
    const set = (tags: Readonly<Record<string, string>>) =>
      server.client().send(new PutBucketTaggingCommand({ Bucket, Tagging: setOf(tags) }))
    expect(await outcome(tagsOf())).toBe('NoSuchTagSet: The TagSet does not exist')
    expect((await set({ b: '2', a: '1' })).$metadata.httpStatusCode).toBe(204)
    expect(await tagsOf()).toEqual(setOf({ a: '1', b: '2' }).TagSet)
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`${i}`, '']))
    expect(await outcome(set(many))).toBe('BadRequest: Bucket tag count cannot be greater than 50')
    const reserved = 'InvalidTag: System tags cannot be added/updated by requester'
    expect(await outcome(set({ 'aws:cloudformation:stack-name': 'x' }))).toBe(reserved)
    expect(await tagsOf()).toHaveLength(2)
    await set({})
    expect(await codeOf(tagsOf())).toBe('NoSuchTagSet')
    await set({ a: '1' })
    const removed = await server.client().send(new DeleteBucketTaggingCommand({ Bucket }))
    expect(removed.$metadata.httpStatusCode).toBe(204)
    expect(await codeOf(tagsOf())).toBe('NoSuchTagSet')
  })

  it('come with a new bucket for those who may tag it', async () => {
    const Tags = setOf({ team: 'blue' }).TagSet
    const create = (name: string, user: TestUser = 'main') =>
      codeOf(server.client(user).send(new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: { Tags } })))
    expect(await create('tagged')).toBe('done')
    expect(await tagsOf('tagged')).toEqual(Tags)
    expect(await create('tagged')).toBe('BucketAlreadyOwnedByYou')
    expect(await create('tagged-by-reader', 'reader')).toBe('AccessDenied')
  })

  it('have no say in access', async () => {
    const Tagging = setOf({ access: 'granted' })
    await server.client().send(new PutBucketTaggingCommand({ Bucket, Tagging }))
    await server.client().send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'a', Tagging: 'access=granted' }))
    const Statement = {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${Bucket}/*`,
      Condition: { StringEquals: { 'aws:ResourceTag/access': 'granted' } },
    }
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await server.client().send(new PutBucketPolicyCommand({ Bucket, Policy }))
    expect((await fetch(`${server.endpoint}/${Bucket}/a`)).status).toBe(403)
  })
})
