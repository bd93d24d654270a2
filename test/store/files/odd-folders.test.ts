/** Folders of buckets with files that are not objects, or without an index. */
import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../../s3/start-server.ts'

let root: string
let server: TestServer
let client: S3Client
const told: { level: string; message: string; key: unknown }[] = []
const note =
  (level: string) =>
  (fields: object, message = '') =>
    void told.push({ level, message, key: 'key' in fields ? fields.key : undefined })
const log = { info: note('info'), warn: note('warn'), error: note('error') }
const path = (...names: string[]) => join(root, 'data', ...names)
const Bucket = 'bucket'

async function start(isPrimary = false): Promise<void> {
  server = await startServer({ root, log, isPrimary })
  client = server.client()
}

async function stop(): Promise<void> {
  client.destroy()
  await server.close()
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'myfsio-odd-'))
  told.length = 0
})
afterEach(async () => {
  await stop()
  await rm(root, { recursive: true })
})

describe('a bucket is not deleted', () => {
  const kinds: Readonly<Record<string, () => void>> = {
    'a file that was put there a moment ago': () => fs.writeFileSync(path(Bucket, 'file'), 'by hand'),
    'a file in a folder': () => {
      fs.mkdirSync(path(Bucket, 'a/b'), { recursive: true })
      fs.writeFileSync(path(Bucket, 'a/b/file'), 'by hand')
    },
    'a file whose name is not UTF-8': () =>
      fs.writeFileSync(Buffer.concat([Buffer.from(path(Bucket)), Buffer.from('/caf\xe9', 'latin1')]), 'by hand'),
    'a link': () => fs.symlinkSync('/etc/hostname', path(Bucket, 'link')),
    'a path longer than a key': () => {
      const folder = path(Bucket, ...Array.from({ length: 5 }, () => 'x'.repeat(230)))
      fs.mkdirSync(folder, { recursive: true })
      fs.writeFileSync(join(folder, 'file'), 'by hand')
    },
  }

  it.each(Object.entries(kinds))('whose folder has %s', async (_, make) => {
    await start()
    await client.send(new CreateBucketCommand({ Bucket }))
    make()
    const failed = { name: 'BucketNotEmpty', $metadata: { httpStatusCode: 409 } }
    await expect(client.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject(failed)
    await client.send(new HeadBucketCommand({ Bucket }))
    fs.rmSync(path(Bucket), { recursive: true })
    fs.mkdirSync(path(Bucket, 'empty/folders'), { recursive: true })
    await client.send(new DeleteBucketCommand({ Bucket }))
    expect(fs.existsSync(path(Bucket))).toBe(false)
  })

  it('and is, once its last object has been deleted', async () => {
    await start()
    for (let i = 0; i < 10; i++) {
      await client.send(new CreateBucketCommand({ Bucket }))
      await client.send(new PutObjectCommand({ Bucket, Key: 'a/b', Body: 'x' }))
      await client.send(new DeleteObjectCommand({ Bucket, Key: 'a/b' }))
      await client.send(new DeleteBucketCommand({ Bucket }))
    }
  })
})

it('does not make half a bucket where a file has its name', async () => {
  await start()
  fs.writeFileSync(path(Bucket), 'by hand')
  await expect(client.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'BucketAlreadyExists' })
  await expect(client.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'NotFound' })
})

it('tells once of names that cannot be keys, and lists the others', async () => {
  const long = Array.from({ length: 5 }, () => 'x'.repeat(230))
  fs.mkdirSync(path(Bucket, ...long), { recursive: true })
  fs.writeFileSync(path(Bucket, ...long, 'file'), 'by hand')
  fs.writeFileSync(Buffer.concat([Buffer.from(path(Bucket)), Buffer.from('/caf\xe9', 'latin1')]), 'by hand')
  fs.writeFileSync(path(Bucket, 'café'), 'by hand')
  fs.writeFileSync(path(Bucket, 'odd\ufffd'), 'by hand')
  await start(true)
  const keys = async () =>
    ((await client.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key)
  await expect.poll(keys).toEqual(['café', 'odd\ufffd'])
  await expect.poll(() => told.filter(({ message }) => message.includes('is not listed')).length).toBe(2)
})

it('serves a file of a bucket that the index does not know yet, and says that there is no index', async () => {
  await start()
  await client.send(new CreateBucketCommand({ Bucket }))
  await client.send(new PutObjectCommand({ Bucket, Key: 'a/b', Body: 'bytes' }))
  await stop()
  fs.rmSync(path('.myfsio.sys/index'), { recursive: true })
  told.length = 0
  await start(true)
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'a/b' }))
  expect(await Body?.transformToString()).toBe('bytes')
  expect(told.filter(({ level, message }) => level === 'warn' && message.startsWith('there is no index'))).toHaveLength(
    1,
  )
  await stop()
  told.length = 0
  await start(true)
  expect(told.filter(({ level }) => level === 'warn')).toEqual([])
})

it('answers a completion that races an abort with one of the two', async () => {
  await start()
  await client.send(new CreateBucketCommand({ Bucket }))
  const codes = new Set<string>()
  for (let i = 0; i < 24; i++) {
    const Key = `key${i}`
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const upload = { Bucket, Key, UploadId }
    const parts = []
    // The second time, so that the completion copies.
    for (const Body of ['first', 'second']) {
      const { ETag } = await client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body }))
      parts[0] = { PartNumber: 1, ETag }
    }
    const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } })
    const abort = new AbortMultipartUploadCommand(upload)
    const both = i % 2 === 0 ? [complete, abort] : [abort, complete]
    const answers = await Promise.allSettled(both.map((command) => client.send(command as typeof abort)))
    for (const answer of answers) codes.add(answer.status === 'fulfilled' ? 'done' : answer.reason.name)
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBe(1)
  }
  expect([...codes].sort()).toEqual(['NoSuchUpload', 'done'])
})
