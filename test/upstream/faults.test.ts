/**
 * The upstream store is slow, refuses, or is unreachable: clients are asked to retry, and no change is left unfinished.
 */
import { randomBytes } from 'node:crypto'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { rowsOf } from '#metadata/tables.ts'
import { type FaultyProxy, startFaultyProxy } from '../support/faulty-proxy.ts'
import { startProgram, type TestProgram } from '../support/program.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { clientOf, readBody } from './reading.ts'

const MiB = 1024 * 1024
const Bucket = 'bucket'
const large = randomBytes(4 * MiB)

describe('an upstream store that fails', () => {
  let upstream: TestUpstream
  let proxy: FaultyProxy
  let program: TestProgram
  let s3: aws.S3Client

  beforeAll(async () => {
    upstream = await startOwnUpstream()
    proxy = await startFaultyProxy(upstream.url)
    const { env } = upstream.at(proxy.url, 1)
    program = await startProgram('api', {
      env: { ...env, MYFSIO_BUCKETS: Bucket, VERIFY_READS: 'always', LOG_LEVEL: 'off' },
    })
    s3 = clientOf(program)
    await put('large', large)
    await put('small', Buffer.from('small'))
  })
  afterEach(() => proxy.fail(undefined))
  afterAll(async () => {
    s3.destroy()
    await program.close()
    await proxy.close()
    await upstream.close()
  })

  const put = (Key: string, Body: Buffer) => s3.send(new aws.PutObjectCommand({ Bucket, Key, Body }))
  const get = async (Key: string) => readBody(await s3.send(new aws.GetObjectCommand({ Bucket, Key })))
  const slowDown = {
    name: 'SlowDown',
    $metadata: { httpStatusCode: 503 },
    $response: { headers: { 'retry-after': '5' } },
  }
  const rowsOfStaged = async () => (await program.opened.engine.scan(rowsOf('B', 'staged'))).length

  it.each(['stall', 'reset', 403, 500, 503, 'lose'] as const)('refuses a write with 503 SlowDown: %s', async (what) => {
    proxy.fail({ what, method: 'PUT' })
    await expect(put('new', large)).rejects.toMatchObject(slowDown)
    await expect.poll(rowsOfStaged).toBe(0)
    await expect(get('new')).rejects.toMatchObject({ name: 'NoSuchKey' })
    proxy.fail(undefined)
    await put('new', large)
    expect((await get('new')).equals(large)).toBe(true)
    await s3.send(new aws.DeleteObjectCommand({ Bucket, Key: 'new' }))
  })

  it.each(['stall', 'reset', 403, 500] as const)('refuses a read with 503 SlowDown: %s', async (what) => {
    proxy.fail({ what, method: 'GET' })
    await expect(get('large')).rejects.toMatchObject(slowDown)
    proxy.fail(undefined)
    expect((await get('large')).equals(large)).toBe(true)
  })

  it.each(['cut', 'hang', 'reset', 500] as const)('continues a broken read: %s', async (what) => {
    proxy.fail({ what, method: 'GET', times: 1 })
    expect((await get('large')).equals(large)).toBe(true)
  })

  it('never serves other bytes than were stored', async () => {
    proxy.fail({ what: 'garble', method: 'GET' })
    await expect(get('large')).rejects.toThrow()
  })

  it('gives another error for a lost object than for a missing answer', async () => {
    proxy.fail({ what: 404, method: 'GET' })
    await expect(get('large')).rejects.toMatchObject({ name: 'InternalError' })
  })

  it.each(['stall', 'reset', 500] as const)(
    'is not needed for small objects, lists and deletions: %s',
    async (what) => {
      await put('to go', large)
      proxy.fail({ what })
      const before = proxy.seen.length
      await put('small', Buffer.from('smaller'))
      expect((await get('small')).toString()).toBe('smaller')
      await s3.send(new aws.DeleteObjectCommand({ Bucket, Key: 'to go' }))
      await s3.send(new aws.CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/large` }))
      await s3.send(new aws.ListObjectsV2Command({ Bucket }))
      expect(proxy.seen.length).toBe(before)
    },
  )

  it('does not pile up requests or end the process', async () => {
    proxy.fail({ what: 'stall' })
    const answers = await Promise.allSettled(
      Array.from({ length: 100 }, (_, at) => (at % 2 ? get('large') : put('many', large))),
    )
    for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: { name: 'SlowDown' } })
    proxy.fail(undefined)
    expect((await get('large')).equals(large)).toBe(true)
    await expect.poll(rowsOfStaged).toBe(0)
  })

  it('gets no more bytes after a client breaks off, and keeps nothing of the body', async () => {
    const aborting = new AbortController()
    const before = proxy.inFlight
    const source = (async function* () {
      yield large
      aborting.abort()
    })()
    const broken = fetchUnsignedBody(program.url, source, 2 * large.length, aborting.signal)
    await expect(broken).rejects.toThrow()
    await expect.poll(rowsOfStaged).toBe(0)
    await expect.poll(() => proxy.inFlight).toBe(before)
  })

  it('refuses a part, and the upload continues', async () => {
    const Key = 'of parts'
    const { UploadId } = await s3.send(new aws.CreateMultipartUploadCommand({ Bucket, Key }))
    const part = () => s3.send(new aws.UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: large }))
    proxy.fail({ what: 500, method: 'PUT' })
    await expect(part()).rejects.toMatchObject(slowDown)
    proxy.fail(undefined)
    const { ETag } = await part()
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    await s3.send(new aws.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }))
    expect((await get(Key)).equals(large)).toBe(true)
  })
})

/** Sends the secret of a local user in clear text. */
async function fetchUnsignedBody(url: string, source: AsyncIterable<Buffer>, sizeBytes: number, signal: AbortSignal) {
  const { request } = await import('node:http')
  const headers = { 'content-length': sizeBytes, 'x-access-key': 'localadmin', 'x-secret-key': 'localadmin' }
  await new Promise<void>((resolve, reject) => {
    const put = request(`${url}/${Bucket}/broken`, { method: 'PUT', headers, signal }, () => resolve())
    put.on('error', reject)
    void (async () => {
      for await (const piece of source) await new Promise((done) => put.write(piece, done))
    })()
  })
}
