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
