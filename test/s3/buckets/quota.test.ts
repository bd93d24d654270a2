/** Quotas of buckets: which requests are refused when a bucket is full, and which never are. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as aws from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi } from '../../input/api.ts'

const MiB = 1024 * 1024
const exceeded = { name: 'QuotaExceeded', $metadata: { httpStatusCode: 403 } }

describe.each(['lmdb', 'memory'])('a bucket with a quota (%s)', (METADATA_ENGINE) => {
  let api: TestApi
  let s3: aws.S3Client
  let count = 0
  let Bucket = ''

  beforeAll(async () => {
    api = await startTestApi({ METADATA_ENGINE })
    s3 = new aws.S3Client({
      endpoint: `http://127.0.0.1:${api.port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'main', secretAccessKey: 'main-secret' },
      maxAttempts: 1,
    })
  })
  afterEach(() => {
    Bucket = ''
  })
  afterAll(async () => {
    s3.destroy()
    await api.close()
  })

  const limit = async (quota: object) => {
    if (Bucket === '') {
      Bucket = `full-${count++}`
      await s3.send(new aws.CreateBucketCommand({ Bucket }))
    }
    const answer = await api.ask({ line: `PUT /_/quota/${Bucket}`, body: JSON.stringify(quota) })
    expect(answer.status).toBe(204)
  }
  const usage = async () => JSON.parse((await api.ask({ line: `GET /_/quota/${Bucket}` })).body).usage
  const put = (Key: string, size: number) =>
    s3.send(new aws.PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(size) }))
  const remove = (Key: string) => s3.send(new aws.DeleteObjectCommand({ Bucket, Key }))
  const keys = async () =>
    (await s3.send(new aws.ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key, Size }) => [Key, Size]) ?? []

  it('is filled to the last byte, says why it takes no more, and goes on once there is room', async () => {
    await limit({ sizeBytes: 100 })
    await put('a', 60)
    await put('b', 40)
    await expect(put('c', 1)).rejects.toMatchObject({
      ...exceeded,
      message:
        `The quota of bucket ${Bucket} is 100 bytes. It holds 100, and this request would add 1. ` +
        'Delete objects or old versions, or ask an administrator of the server for a larger quota.',
      BucketName: Bucket,
      QuotaBytes: '100',
      UsedBytes: '100',
    })
    expect(await keys()).toEqual([
      ['a', 60],
      ['b', 40],
    ])
    await put('empty', 0)
    await remove('b')
    await put('c', 40)
    expect(await usage()).toEqual({ objectCount: 3, sizeBytes: 100 })
  })

  it('takes an object that replaces a larger one, also when it holds more than it may', async () => {
    await limit({ sizeBytes: 100 })
    await put('a', 100)
    await limit({ sizeBytes: 10 })
    await put('a', 99)
    await put('a', 99)
    await expect(put('a', 100)).rejects.toMatchObject(exceeded)
    await expect(put('b', 1)).rejects.toMatchObject(exceeded)
    expect(await keys()).toEqual([['a', 99]])
  })

  it('counts objects, and lets them be replaced', async () => {
    await limit({ objectCount: 2 })
    await put('a', 1)
    await put('b', 1)
    await expect(put('c', 0)).rejects.toMatchObject({ ...exceeded, QuotaObjects: '2', UsedObjects: '2' })
    await put('b', 1000)
    await remove('a')
    await put('c', 0)
  })

  it.each([0, 70_000])('is never passed by writers who race, with %i bytes more each', async (more) => {
    const each = 1000 + more
    await limit({ sizeBytes: 10 * each, objectCount: 100 })
    const writes = Array.from({ length: 25 }, (_, at) => put(`key-${at}`, each))
    const outcomes = await Promise.allSettled(writes)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
    for (const one of outcomes) if (one.status === 'rejected') expect(one.reason).toMatchObject(exceeded)
    expect(await usage()).toEqual({ objectCount: 10, sizeBytes: 10 * each })
    expect(await keys()).toHaveLength(10)
  })

  it('counts all versions; delete markers are always possible', async () => {
    await limit({ sizeBytes: 100, objectCount: 2 })
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await s3.send(new aws.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
    const { VersionId } = await put('a', 60)
    await expect(put('a', 60)).rejects.toMatchObject(exceeded)
    await put('a', 40)
    await expect(put('a', 0)).rejects.toMatchObject({ QuotaObjects: '2' })
    expect((await remove('a')).DeleteMarker).toBe(true)
    await s3.send(new aws.DeleteObjectCommand({ Bucket, Key: 'a', VersionId }))
    await put('a', 60)
  })

  it('refuses copies, and allows renames', async () => {
    await limit({ sizeBytes: 100 })
    await put('a', 60)
    const CopySource = `${Bucket}/a`
    const copy = new aws.CopyObjectCommand({ Bucket, Key: 'b', CopySource })
    await expect(s3.send(copy)).rejects.toMatchObject(exceeded)
    await s3.send(new aws.RenameObjectCommand({ Bucket, Key: 'b', RenameSource: CopySource }))
    expect(await keys()).toEqual([['b', 60]])
  })

  it('refuses a part that has no room, and an upload whose parts together have none', async () => {
    await limit({ sizeBytes: 8 * MiB })
    const upload = {
      Bucket,
      Key: 'large',
      ...(await s3.send(new aws.CreateMultipartUploadCommand({ Bucket, Key: 'large' }))),
    }
    const { UploadId } = upload
    const part = (PartNumber: number, size: number) =>
      s3.send(new aws.UploadPartCommand({ Bucket, Key: 'large', UploadId, PartNumber, Body: Buffer.alloc(size) }))
    await expect(part(1, 9 * MiB)).rejects.toMatchObject(exceeded)
    const parts = [await part(1, 5 * MiB), await part(2, 5 * MiB)]
    const complete = (all: typeof parts) =>
      s3.send(
        new aws.CompleteMultipartUploadCommand({
          Bucket,
          Key: 'large',
          UploadId,
          MultipartUpload: { Parts: all.map(({ ETag }, at) => ({ ETag, PartNumber: at + 1 })) },
        }),
      )
    await expect(complete(parts)).rejects.toMatchObject(exceeded)
    expect(await usage()).toEqual({ objectCount: 0, sizeBytes: 0 })
    await complete(parts.slice(0, 1))
    expect(await usage()).toEqual({ objectCount: 1, sizeBytes: 5 * MiB })
    const copy = {
      Bucket,
      Key: 'more',
      UploadId: (await s3.send(new aws.CreateMultipartUploadCommand({ Bucket, Key: 'more' }))).UploadId,
    }
    const copied = new aws.UploadPartCopyCommand({ ...copy, PartNumber: 1, CopySource: `${Bucket}/large` })
    await expect(s3.send(copied)).rejects.toMatchObject(exceeded)
  })

  it('refuses forms', async () => {
    await limit({ sizeBytes: 3 })
    const { url, fields } = await createPresignedPost(s3, { Bucket, Key: 'form' })
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    form.append('file', new Blob(['four']), 'file')
    const answer = await fetch(url, { method: 'POST', body: form })
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('<Code>QuotaExceeded</Code>')])
    expect(await keys()).toEqual([])
  })

  it('is asked before the body is sent', async () => {
    await limit({ sizeBytes: 3 })
    const headers = { 'content-length': '4', expect: '100-continue' }
    const signing = { payload: 'UNSIGNED-PAYLOAD' }
    const answer = await api.ask({ line: `PUT /${Bucket}/key`, headers, signing })
    expect([answer.status, answer.code]).toEqual([403, 'QuotaExceeded'])
  })

  it('takes what it likes once its quota is gone', async () => {
    await limit({ sizeBytes: 0 })
    await expect(put('a', 1)).rejects.toMatchObject(exceeded)
    expect((await api.ask({ line: `DELETE /_/quota/${Bucket}` })).status).toBe(204)
    expect((await api.ask({ line: `GET /_/quota/${Bucket}` })).code).toBe('NoSuchQuota')
    await put('a', 1)
  })

  it.skipIf(METADATA_ENGINE === 'memory')('adopts a file put there by hand, which counts', async () => {
    await limit({ sizeBytes: 10 })
    mkdirSync(join(api.root, Bucket), { recursive: true })
    writeFileSync(join(api.root, Bucket, 'by-hand'), 'x'.repeat(50))
    await s3.send(new aws.HeadObjectCommand({ Bucket, Key: 'by-hand' }))
    expect(await usage()).toEqual({ objectCount: 1, sizeBytes: 50 })
    await expect(put('a', 1)).rejects.toMatchObject(exceeded)
    await remove('by-hand')
    await put('a', 1)
  })
})
