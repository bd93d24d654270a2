/**
 * Folders and files that the server may not write to, or not read, because another user made them. They are the trouble
 * of their objects alone.
 */
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketCorsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  RenameObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '#app/open-store.ts'
import { startServer, type TestServer } from '../../s3/start-server.ts'

const nobody = 65534
/** Each test file has its own process, so this one can stay another user. */
const canBeOrdinary = process.platform === 'linux'

describe.runIf(canBeOrdinary)('a server that runs as an ordinary user', () => {
  let root: string
  let server: TestServer
  let client: S3Client
  const told: { message: string; key: unknown }[] = []
  const note = (fields: object, message?: string) => {
    if (message !== undefined) told.push({ message, key: 'key' in fields ? fields.key : undefined })
  }
  const log = { info: () => undefined, warn: note, error: note }

  const start = async () => {
    server = await startServer({ root, log })
    client = server.client()
  }
  const stop = async () => {
    client.destroy()
    await server.close()
  }
  const path = (...names: string[]) => join(root, 'data', ...names)
  const put = (Key: string, Body: string, Bucket = 'bucket') =>
    client.send(new PutObjectCommand({ Bucket, Key, Body, Metadata: { said: Body } }))
  const get = async (Key: string, Bucket = 'bucket') => {
    const { Body, Metadata } = await client.send(new GetObjectCommand({ Bucket, Key }))
    const text = await Body?.transformToString()
    expect(Metadata?.said).toBe(text)
    return text
  }
  const remove = (Key: string, Bucket = 'bucket') => client.send(new DeleteObjectCommand({ Bucket, Key }))
  const list = async (Prefix: string, Bucket = 'bucket') =>
    ((await client.send(new ListObjectsV2Command({ Bucket, Prefix }))).Contents ?? []).map(({ Key }) => Key)
  const refused = { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }
  const missing = { name: 'NoSuchKey', $metadata: { httpStatusCode: 404 } }

  beforeAll(async () => {
    root = fs.mkdtempSync(join(tmpdir(), 'myfsio-ordinary-'))
    if (process.getuid?.() === 0) {
      fs.chownSync(root, nobody, nobody)
      if (dirname(root) !== '/tmp') fs.chmodSync(dirname(root), 0o755)
      process.setgroups?.([])
      process.setgid?.(nobody)
      process.setuid?.(nobody)
    }
    await start()
    for (const Bucket of ['bucket', 'versioned']) await client.send(new CreateBucketCommand({ Bucket }))
    await client.send(
      new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration: { Status: 'Enabled' } }),
    )
  })
  afterAll(stop)
  beforeEach(() => {
    told.length = 0
  })

  it('keeps a new object of a folder that it may not write to, also after a restart', async () => {
    fs.mkdirSync(path('bucket', 'new'))
    fs.chmodSync(path('bucket', 'new'), 0o555)
    const keys = ['new/one', 'new/sub/three', 'new/two']
    for (const key of keys) await put(key, 'bytes')
    await put('elsewhere', 'bytes')
    expect(told).toHaveLength(2)
    await stop()
    await start()
    for (const key of [...keys, 'elsewhere']) expect(await get(key)).toBe('bytes')
    expect(await list('new/')).toEqual(keys)
    await put('new/one', 'other bytes')
    expect(await get('new/one')).toBe('other bytes')
    await remove('new/one')
    await expect(get('new/one')).rejects.toMatchObject(missing)
    expect(await list('new/')).toEqual(keys.slice(1))
    fs.chmodSync(path('bucket', 'new'), 0o755)
  })

  it('refuses a new object of a folder that it may not look into', async () => {
    fs.mkdirSync(path('bucket', 'dark'), { mode: 0o000 })
    await expect(put('dark/one', 'bytes')).rejects.toMatchObject(refused)
    await expect(get('dark/one')).rejects.toMatchObject(missing)
    await expect(remove('dark/one')).rejects.toMatchObject(refused)
    expect(await list('dark/')).toEqual([])
  })

  it('refuses to delete, replace or rename an object whose file it cannot take from its place', async () => {
    for (const Bucket of ['bucket', 'versioned']) {
      await put('kept/object', 'bytes', Bucket)
      fs.chmodSync(path(Bucket, 'kept'), 0o555)
      const all = { Bucket, Delete: { Objects: [{ Key: 'kept/object' }] } }
      await expect(remove('kept/object', Bucket)).rejects.toMatchObject(refused)
      await expect(put('kept/object', 'other', Bucket)).rejects.toMatchObject(refused)
      const rename = { Bucket, Key: 'moved', RenameSource: `/${Bucket}/kept/object` }
      await expect(client.send(new RenameObjectCommand(rename))).rejects.toMatchObject(refused)
      const { Errors } = await client.send(new DeleteObjectsCommand(all))
      expect(Errors).toMatchObject([{ Key: 'kept/object', Code: 'AccessDenied' }])
      expect(await get('kept/object', Bucket)).toBe('bytes')
      expect(await list('', Bucket)).toContain('kept/object')
      fs.chmodSync(path(Bucket, 'kept'), 0o755)
      await put('kept/object', 'other', Bucket)
      expect(await get('kept/object', Bucket)).toBe('other')
      await remove('kept/object', Bucket)
      await expect(get('kept/object', Bucket)).rejects.toMatchObject(missing)
      expect(fs.existsSync(path(Bucket, 'kept/object'))).toBe(false)
    }
  })

  it('refuses to put an object over a file that it has not seen yet and cannot replace', async () => {
    fs.mkdirSync(path('bucket', 'theirs'))
    fs.writeFileSync(path('bucket', 'theirs/file'), 'by hand')
    fs.chmodSync(path('bucket', 'theirs'), 0o555)
    await expect(put('theirs/file', 'bytes')).rejects.toMatchObject(refused)
    fs.chmodSync(path('bucket', 'theirs'), 0o755)
  })

  it('answers 403 for an object whose file it may not read, and tells of it once', async () => {
    await put('closed', 'bytes')
    fs.chmodSync(path('bucket', 'closed'), 0o000)
    for (let i = 0; i < 3; i++) await expect(get('closed')).rejects.toMatchObject(refused)
    expect(told.filter(({ key }) => key === 'closed')).toHaveLength(1)
    fs.chmodSync(path('bucket', 'closed'), 0o644)
    expect(await get('closed')).toBe('bytes')
  })

  it('neither lists nor serves a file made by hand that it may not read, and tells of it once', async () => {
    fs.writeFileSync(path('bucket', 'secret'), 'by hand', { mode: 0o000 })
    for (let i = 0; i < 3; i++) await expect(get('secret')).rejects.toMatchObject(missing)
    expect(await list('secret')).toEqual([])
    expect(told.filter(({ key }) => key === 'secret')).toHaveLength(1)
  })

  it('never takes an object for removed because its folder is closed', async () => {
    await put('shut/object', 'bytes')
    fs.chmodSync(path('bucket', 'shut'), 0o000)
    await expect(get('shut/object')).rejects.toMatchObject(refused)
    await expect(client.send(new HeadObjectCommand({ Bucket: 'bucket', Key: 'shut/object' }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    })
    await expect(remove('shut/object')).rejects.toMatchObject(refused)
    fs.chmodSync(path('bucket', 'shut'), 0o755)
    expect(await get('shut/object')).toBe('bytes')
  })

  it('keeps a bucket with its settings while its folder cannot be removed', async () => {
    const Bucket = 'fixed'
    const CORSRules = [{ AllowedMethods: ['GET'], AllowedOrigins: ['*'] }]
    await client.send(new CreateBucketCommand({ Bucket }))
    await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }))
    fs.chmodSync(path(), 0o555)
    await expect(client.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject(refused)
    fs.chmodSync(path(), 0o755)
    expect(await client.send(new GetBucketCorsCommand({ Bucket }))).toMatchObject({ CORSRules })
    await client.send(new DeleteBucketCommand({ Bucket }))
    await client.send(new CreateBucketCommand({ Bucket }))
    await expect(client.send(new GetBucketCorsCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchCORSConfiguration',
    })
  })

  it('finds files made by hand behind a folder that it may not read', async () => {
    const data = join(root, 'scanned')
    for (const folder of ['a-bucket/closed', 'a-bucket/open', 'b-bucket']) {
      fs.mkdirSync(join(data, folder), { recursive: true })
    }
    for (const file of ['a-bucket/open/file', 'b-bucket/file']) fs.writeFileSync(join(data, file), 'by hand')
    fs.chmodSync(join(data, 'a-bucket/closed'), 0o000)
    const store = await openStore({
      root: data,
      durability: 'strict',
      engine: 'memory',
      watch: true,
      log,
      isPrimary: true,
    })
    try {
      const keys = async (bucket: string) =>
        (await store.listObjects({ bucket, prefix: '', delimiter: '', limit: 10, after: '' })).objects.map(
          ({ key }) => key,
        )
      await expect.poll(() => keys('a-bucket')).toEqual(['open/file'])
      await expect.poll(() => keys('b-bucket')).toEqual(['file'])
    } finally {
      await store.close()
    }
  })
})
