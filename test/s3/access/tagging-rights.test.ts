import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer, type TestUser } from '../start-server.ts'

type Statement = Readonly<Record<string, unknown>>

let server: TestServer
beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
})
afterAll(() => server.close())

const setOf = (tags: Readonly<Record<string, string>>) => ({
  TagSet: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
})
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: Error) => error.name,
  )

describe('rights to tags', () => {
  const Bucket = 'rights'
  const arn = `arn:aws:s3:::${Bucket}`
  const allowTo = (Action: string | string[], Condition: object = {}): Statement => ({
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::111111111111:root' },
    Action,
    Resource: [arn, `${arn}/*`],
    Condition,
  })
  const policy = (...Statement: Statement[]) => {
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    return server.client().send(new PutBucketPolicyCommand({ Bucket, Policy }))
  }
  const put = (Key: string, Tagging?: string, user: TestUser = 'main') =>
    codeOf(server.client(user).send(new PutObjectCommand({ Bucket, Key, Body: 'body', Tagging })))
  const tag = (Key: string, tags: Readonly<Record<string, string>>) =>
    codeOf(server.client('other').send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: setOf(tags) })))
  const read = (Key: string) => codeOf(server.client('other').send(new GetObjectTaggingCommand({ Bucket, Key })))
  const remove = (Key: string) => codeOf(server.client('other').send(new DeleteObjectTaggingCommand({ Bucket, Key })))
  const copy = (from: string, more: object = {}) => {
    const command = new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${from}`, ...more })
    return codeOf(server.client('other').send(command))
  }
  beforeAll(async () => {
    await server.client().send(new CreateBucketCommand({ Bucket }))
    await put('plain')
    await put('public', 'class=public')
    await put('secret', 'class=secret')
  })

  it('are one for each verb', async () => {
    const verbs = async () => [await read('plain'), await tag('plain', { a: '1' }), await remove('plain')]
    await policy(allowTo('s3:GetObjectTagging'))
    expect(await verbs()).toEqual(['done', 'AccessDenied', 'AccessDenied'])
    await policy(allowTo('s3:PutObjectTagging'))
    expect(await verbs()).toEqual(['AccessDenied', 'done', 'AccessDenied'])
    await policy(allowTo('s3:DeleteObjectTagging'))
    expect(await verbs()).toEqual(['AccessDenied', 'AccessDenied', 'done'])
  })

  it('are others for versions by their id', async () => {
    const at = { Bucket, Key: 'plain', VersionId: 'null' }
    const verbs = async () => [
      await codeOf(server.client('other').send(new GetObjectTaggingCommand(at))),
      await codeOf(server.client('other').send(new PutObjectTaggingCommand({ ...at, Tagging: setOf({ a: '1' }) }))),
      await codeOf(server.client('other').send(new DeleteObjectTaggingCommand(at))),
    ]
    await policy(allowTo(['s3:GetObjectTagging', 's3:PutObjectTagging', 's3:DeleteObjectTagging']))
    expect(await verbs()).toEqual(['AccessDenied', 'AccessDenied', 'AccessDenied'])
    await policy(allowTo(['s3:GetObjectVersionTagging', 's3:PutObjectVersionTagging', 's3:DeleteObjectVersionTagging']))
    expect(await verbs()).toEqual(['done', 'done', 'done'])
  })

  it('may depend on the tags there are', async () => {
    const all = ['s3:GetObjectTagging', 's3:PutObjectTagging', 's3:DeleteObjectTagging']
    await policy(allowTo(all, { StringEquals: { 's3:ExistingObjectTag/class': 'public' } }))
    expect([await read('public'), await read('secret'), await read('plain')]).toEqual([
      'done',
      'AccessDenied',
      'AccessDenied',
    ])
    expect([await tag('secret', { class: 'public' }), await remove('secret')]).toEqual(['AccessDenied', 'AccessDenied'])
    expect(await tag('public', { class: 'public', more: '1' })).toBe('done')
  })

  it('may depend on the tags that are to be, which the document says and no header', async () => {
    await policy(
      allowTo('s3:PutObjectTagging', {
        StringEquals: { 's3:RequestObjectTag/class': 'public' },
        'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': ['class', 'owner'] },
      }),
    )
    expect(await tag('plain', { class: 'public', owner: 'me' })).toBe('done')
    expect(await tag('plain', { class: 'secret' })).toBe('AccessDenied')
    expect(await tag('plain', { class: 'public', cost: '1' })).toBe('AccessDenied')
    const smuggling = server.client('other')
    smuggling.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: object }).headers, { 'x-amz-tagging': 'class=public' })
        return next(args)
      },
      { step: 'build' },
    )
    const command = new PutObjectTaggingCommand({ Bucket, Key: 'plain', Tagging: setOf({ owner: 'me' }) })
    expect(await codeOf(smuggling.send(command))).toBe('AccessDenied')
  })

  it('of a new object do not depend on the one that it replaces', async () => {
    const deny = { StringEquals: { 's3:ExistingObjectTag/class': 'secret' } }
    const denied = { ...allowTo('s3:PutObjectTagging', deny), Effect: 'Deny' }
    await policy(allowTo(['s3:PutObject', 's3:PutObjectTagging']), denied)
    expect([await tag('secret', { a: '1' }), await put('secret', 'class=secret', 'other')]).toEqual([
      'AccessDenied',
      'done',
    ])
    await policy(allowTo('s3:PutObject'))
    expect([await put('new', undefined, 'other'), await put('new', 'a=1', 'other')]).toEqual(['done', 'AccessDenied'])
  })

  it('are asked for at both ends of a copy that carries tags over, and not for one that does not', async () => {
    const both = allowTo(['s3:GetObject', 's3:PutObject'])
    await policy(both)
    await server.client().send(new DeleteObjectTaggingCommand({ Bucket, Key: 'plain' }))
    expect(await copy('plain')).toBe('done')
    expect(await copy('public')).toBe('AccessDenied')
    expect(await copy('public', { TaggingDirective: 'REPLACE' })).toBe('done')
    expect(await copy('public', { TaggingDirective: 'REPLACE', Tagging: 'a=1' })).toBe('AccessDenied')
    await policy(both, allowTo('s3:PutObjectTagging'))
    expect(await copy('public')).toBe('AccessDenied')
    expect(await copy('public', { TaggingDirective: 'REPLACE', Tagging: 'a=1' })).toBe('done')
    await policy(both, allowTo('s3:GetObjectTagging'))
    expect(await copy('public')).toBe('AccessDenied')
    await policy(both, allowTo(['s3:GetObjectTagging', 's3:PutObjectTagging']))
    expect(await copy('public')).toBe('done')
  })

  it('to what a copy carries over are those to what a request names, and a header that says nothing opens nothing', async () => {
    const both = allowTo(['s3:GetObject', 's3:PutObject'])
    const secret = { StringEquals: { 's3:RequestObjectTag/class': 'secret' } }
    const denied = { ...allowTo('s3:PutObjectTagging', secret), Effect: 'Deny' }
    await policy(both, allowTo(['s3:GetObjectTagging', 's3:PutObjectTagging']), denied)
    expect([await copy('public'), await copy('secret')]).toEqual(['done', 'AccessDenied'])
    const classified = allowTo('s3:PutObject', { StringEquals: { 's3:RequestObjectTag/class': 'public' } })
    await policy(allowTo(['s3:GetObject', 's3:PutObjectTagging']), classified)
    const header = { Tagging: 'class=public' }
    expect(await copy('plain', { ...header, TaggingDirective: 'COPY' })).toBe('AccessDenied')
    expect(await copy('plain', { ...header, TaggingDirective: 'REPLACE' })).toBe('done')
  })

  it('decide who is told how many there are', async () => {
    const count = async () =>
      (await server.client('other').send(new GetObjectCommand({ Bucket, Key: 'secret' }))).TagCount
    await policy(allowTo('s3:GetObject'))
    expect(await count()).toBeUndefined()
    await policy(allowTo(['s3:GetObject', 's3:GetObjectTagging']))
    expect(await count()).toBe(1)
  })
})
