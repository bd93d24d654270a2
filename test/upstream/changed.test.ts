/** Objects of the upstream store that somebody else has changed. */
import { randomBytes } from 'node:crypto'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProgram, type TestProgram } from '../support/program.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { clientOf, listUpstream, readBody } from './reading.ts'

const Bucket = 'bucket'
const bytes = randomBytes(1024 * 1024)
const refused = { name: 'InternalError', $metadata: { httpStatusCode: 500 } }

interface Address {
  readonly Bucket: string
  readonly Key: string | undefined
}

describe('an object that was changed upstream', () => {
  let upstream: TestUpstream
  let program: TestProgram
  let s3: aws.S3Client

  beforeAll(async () => {
    upstream = await startOwnUpstream()
    program = await startProgram('api', { env: { ...upstream.env, MYFSIO_BUCKETS: Bucket, LOG_LEVEL: 'off' } })
    s3 = clientOf(program)
  })
  afterAll(async () => {
    s3.destroy()
    await program.close()
    await upstream.close()
  })

  const get = async (Key: string, Range?: string) =>
    readBody(await s3.send(new aws.GetObjectCommand({ Bucket, Key, Range })))

  /** Writes an object. Returns its address upstream. */
  async function write(Key: string): Promise<Address> {
    const before = new Set((await listUpstream(upstream)).map(({ Key }) => Key))
    await s3.send(new aws.PutObjectCommand({ Bucket, Key, Body: bytes }))
    const kept = (await listUpstream(upstream)).find(({ Key }) => !before.has(Key))?.Key
    return { Bucket: upstream.settings.bucket, Key: kept }
  }

  const replace = (own: Address, Body: Buffer) => upstream.client.send(new aws.PutObjectCommand({ ...own, Body }))

  it.each([0, 1000])('is refused when only %i bytes are left: a retry would not help', async (leftBytes) => {
    await replace(await write('shorter'), bytes.subarray(0, leftBytes))
    await expect(get('shorter')).rejects.toMatchObject(refused)
    await expect(get('shorter', 'bytes=500-1500')).rejects.toMatchObject(refused)
    await expect(get('shorter', 'bytes=5000-6000')).rejects.toMatchObject(refused)
  })

  it('is refused when its bytes were replaced, in ranges and just after a read too', async () => {
    const own = await write('replaced')
    expect((await get('replaced')).equals(bytes)).toBe(true)
    await replace(own, randomBytes(bytes.length))
    await expect(get('replaced', 'bytes=5-9')).rejects.toMatchObject(refused)
    await expect(get('replaced')).rejects.toMatchObject(refused)
    await s3.send(new aws.CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/replaced` }))
    await expect(get('copy', 'bytes=5-9')).rejects.toMatchObject(refused)
  })

  /** Writes an object of two objects upstream. Returns their addresses. */
  async function writeTwo(write: () => Promise<unknown>): Promise<Address[]> {
    const before = new Set((await listUpstream(upstream)).map(({ Key }) => Key))
    await write()
    const kept = (await listUpstream(upstream)).filter(({ Key }) => !before.has(Key))
    expect(kept.length).toBe(2)
    return kept.map(({ Key }) => ({ Bucket: upstream.settings.bucket, Key }))
  }

  it('is refused in ranges when a part was replaced, and so are its copies', async () => {
    const Key = 'in parts'
    const sizes = [5 * 1024 * 1024, 1024 * 1024]
    const own = await writeTwo(async () => {
      const { UploadId } = await s3.send(new aws.CreateMultipartUploadCommand({ Bucket, Key }))
      const Parts: aws.CompletedPart[] = []
      for (const [at, size] of sizes.entries()) {
        const part = { Bucket, Key, UploadId, PartNumber: at + 1, Body: randomBytes(size) }
        const { ETag } = await s3.send(new aws.UploadPartCommand(part))
        Parts.push({ ETag, PartNumber: at + 1 })
      }
      await s3.send(new aws.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }))
    })
    await s3.send(
      new aws.CopyObjectCommand({ Bucket, Key: 'copy of parts', CopySource: `${Bucket}/${encodeURI(Key)}` }),
    )
    for (const key of [Key, 'copy of parts']) expect((await get(key, `bytes=${sizes[0]}-`)).length).toBe(sizes[1])
    const [, second] = await sorted(own)
    await replace(second as Address, randomBytes(sizes[1] as number))
    for (const key of [Key, 'copy of parts']) {
      await expect(get(key, `bytes=${sizes[0]}-`)).rejects.toMatchObject(refused)
      expect((await get(key, 'bytes=0-9')).length).toBe(10)
    }
  })

  /** The larger object first. */
  async function sorted(own: readonly Address[]): Promise<Address[]> {
    const sizeOf = async (one: Address) =>
      (await upstream.client.send(new aws.HeadObjectCommand({ ...one }))).ContentLength ?? 0
    const sized = await Promise.all(own.map(async (one) => ({ one, size: await sizeOf(one) })))
    return sized.sort((a, b) => b.size - a.size).map(({ one }) => one)
  }

  it('is refused in ranges when what was appended was replaced', async () => {
    const Key = 'appended'
    const own = await writeTwo(async () => {
      await s3.send(new aws.PutObjectCommand({ Bucket, Key, Body: bytes }))
      const Body = randomBytes(200_000)
      await s3.send(new aws.PutObjectCommand({ Bucket, Key, Body, WriteOffsetBytes: bytes.length }))
    })
    const [, second] = await sorted(own)
    expect((await get(Key, `bytes=${bytes.length}-`)).length).toBe(200_000)
    await replace(second as Address, randomBytes(200_000))
    await expect(get(Key, `bytes=${bytes.length}-`)).rejects.toMatchObject(refused)
  })

  it('is served when it has the same bytes and another ETag', async () => {
    const own = await write('restored')
    const { UploadId } = await upstream.client.send(new aws.CreateMultipartUploadCommand(own))
    const part = { ...own, UploadId, PartNumber: 1 }
    const { ETag } = await upstream.client.send(new aws.UploadPartCommand({ ...part, Body: bytes }))
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    await upstream.client.send(new aws.CompleteMultipartUploadCommand({ ...own, UploadId, MultipartUpload }))
    expect((await get('restored', 'bytes=5-9')).equals(bytes.subarray(5, 10))).toBe(true)
    expect((await get('restored')).equals(bytes)).toBe(true)
  })
})
