/** Damaged files are refused: never served, never copied, never taken for a change by hand. */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../../s3/start-server.ts'

const Bucket = 'bucket'
const MIB = 1024 * 1024

describe('an object whose file is damaged', () => {
  let server: TestServer
  let client: S3Client
  const told: { readonly key: unknown; readonly versionId: unknown; readonly message: string }[] = []
  const note = (fields: object, message = '') => {
    const { key, versionId } = { key: undefined, versionId: undefined, ...fields }
    told.push({ key, versionId, message })
  }
  const log = { info: () => undefined, warn: note, error: note }

  beforeAll(async () => {
    server = await startServer({ log })
    client = server.client()
    await client.send(new CreateBucketCommand({ Bucket }))
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }))
  })
  afterAll(async () => {
    client.destroy()
    await server.close()
  })
  beforeEach(() => {
    told.length = 0
  })

  const sealed = { ServerSideEncryption: 'AES256' } as const
  const put = async (Key: string, Body: Buffer, more = {}) =>
    (await client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))).VersionId

  async function complete(Key: string, bodies: readonly Buffer[]): Promise<string | undefined> {
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' }),
    )
    const Parts = []
    for (const [i, Body] of bodies.entries()) {
      const part = { Bucket, Key, UploadId, PartNumber: i + 1, Body, ChecksumAlgorithm: 'SHA256' } as const
      const { ETag, ChecksumSHA256 } = await client.send(new UploadPartCommand(part))
      Parts.push({ PartNumber: i + 1, ETag, ChecksumSHA256 })
    }
    const completion = { Bucket, Key, UploadId, MultipartUpload: { Parts } }
    return (await client.send(new CompleteMultipartUploadCommand(completion))).VersionId
  }

  const read = async (Key: string, VersionId?: string, Range?: string) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, VersionId, Range }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }

  /** The file of this object, found by its bytes. */
  function fileOf(body: Buffer): string {
    for (const entry of fs.readdirSync(join(server.root, 'data'), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (entry.isFile() && fs.statSync(path).size === body.length && fs.readFileSync(path).equals(body)) return path
    }
    throw new Error('there is no file with these bytes')
  }

  /** The file of the object that was encrypted last. */
  function newestOpaque(): string {
    const folder = join(server.root, 'data', '.myfsio.sys', 'opaque')
    const files = fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
    const newest = files.sort((a, b) => fs.statSync(b).ctimeMs - fs.statSync(a).ctimeMs)[0]
    if (newest === undefined) throw new Error('there is no such file')
    return newest
  }

  /** Like a disk error: only the bytes change. */
  function damage(path: string): void {
    const { atime, mtime } = fs.statSync(path)
    // Encrypted files are read-only.
    fs.chmodSync(path, 0o644)
    const file = fs.openSync(path, 'r+')
    const byte = Buffer.alloc(1)
    fs.readSync(file, byte, 0, 1, 50)
    fs.writeSync(file, Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 50)
    fs.closeSync(file)
    fs.utimesSync(path, atime, mtime)
  }

  /** The times of files have a whole number of milliseconds here, which utimes(2) of Node can set again. */
  function settleTimes(path: string): void {
    fs.utimesSync(path, new Date(1_700_000_000_000), new Date(1_700_000_000_000))
  }

  const kinds: Readonly<Record<string, (key: string) => Promise<[Buffer, string | undefined]>>> = {
    'a small one': async (key) => {
      const body = randomBytes(1000)
      return [body, await put(key, body)]
    },
    'one of 200 KB': async (key) => {
      const body = randomBytes(200_000)
      return [body, await put(key, body)]
    },
    'one of several pieces': async (key) => {
      const body = randomBytes(3 * MIB)
      return [body, await put(key, body)]
    },
    'an older version': async (key) => {
      const body = randomBytes(1000)
      const version = await put(key, body)
      await put(key, Buffer.from('newer'))
      return [body, version]
    },
    'an older large version': async (key) => {
      const body = randomBytes(200_000)
      const version = await put(key, body)
      await put(key, Buffer.from('newer'))
      return [body, version]
    },
    'one that is no plain file': async (key) => {
      const body = randomBytes(70_000)
      return [body, await put(`${key}//x`, body)]
    },
    'a small sealed one': async (key) => {
      const body = randomBytes(1000)
      return [body, await put(key, body, sealed)]
    },
    'a large sealed one': async (key) => {
      const body = randomBytes(3 * MIB)
      return [body, await put(key, body, sealed)]
    },
    'one of parts with composite checksums': async (key) => {
      const bodies = [randomBytes(5 * MIB), randomBytes(1000)]
      return [Buffer.concat(bodies), await complete(key, bodies)]
    },
  }

  it.each(Object.entries(kinds))('is neither served nor copied: %s', async (name, make) => {
    const key = name.replaceAll(' ', '-')
    const [body, versionId] = await make(key)
    const Key = name === 'one that is no plain file' ? `${key}//x` : key
    const path = name.includes('sealed') ? newestOpaque() : fileOf(body)
    settleTimes(path)
    expect((await read(Key, versionId)).equals(body)).toBe(true)
    damage(path)
    await expect(read(Key, versionId)).rejects.toThrow()
    await expect(read(Key, versionId)).rejects.toThrow()
    expect(told).toEqual([{ key: Key, versionId, message: expect.stringContaining('it is not served') }])
    const CopySource = `${Bucket}/${encodeURIComponent(Key)}?versionId=${versionId}`
    const failed = { name: 'InternalError', $metadata: { httpStatusCode: 500 } }
    await expect(client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))).rejects.toMatchObject(failed)
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'copy' }))
    const part = { Bucket, Key: 'copy', UploadId, PartNumber: 1, CopySource }
    await expect(client.send(new UploadPartCopyCommand(part))).rejects.toMatchObject(failed)
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'copy' }))
    expect(Contents).toEqual([])
    await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId: versionId }))
  })

  it('is not served with the sealed bytes of another, nor of an older version of its own', async () => {
    const files: string[] = []
    for (const Key of ['own', 'other', 'own']) {
      await put(Key, randomBytes(1000), sealed)
      files.push(newestOpaque())
    }
    const [older = '', other = '', own = ''] = files
    for (const path of files) settleTimes(path)
    for (const from of [older, other]) {
      fs.chmodSync(own, 0o644)
      fs.copyFileSync(from, own)
      settleTimes(own)
      await expect(read('own')).rejects.toMatchObject({ name: 'InternalError' })
    }
  })

  it('is refused whatever small range of it is asked for', async () => {
    const body = randomBytes(1000)
    await put('ranged', body)
    settleTimes(fileOf(body))
    expect(await read('ranged', undefined, 'bytes=900-909')).toEqual(body.subarray(900, 910))
    damage(fileOf(body))
    await expect(read('ranged', undefined, 'bytes=900-909')).rejects.toMatchObject({ name: 'InternalError' })
  })

  it('ends no download as complete whose file was overwritten meanwhile', async () => {
    const body = randomBytes(40 * MIB)
    await put('slow', body)
    const path = fileOf(body)
    const request = http.get(`${server.endpoint}/${Bucket}/slow`, {
      headers: { 'x-access-key': 'main', 'x-secret-key': 'main-secret' },
    })
    const response = await new Promise<http.IncomingMessage>((resolve) => request.once('response', resolve))
    response.once('error', () => undefined)
    expect(response.statusCode).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 50))
    fs.writeFileSync(path, randomBytes(40 * MIB), { flag: 'r+' })
    let received = 0
    response.on('data', (piece: Buffer) => {
      received += piece.length
    })
    await new Promise((resolve) => response.once('close', resolve))
    expect(response.complete).toBe(false)
    expect(received).toBeLessThan(body.length)
  })
})
