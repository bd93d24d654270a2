/** Objects of an archive class, which releases before took like any other: they are shown, and not read. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { openStore } from '#app/open-store.ts'
import { openFilesBelow } from '../../faults/open-files.ts'
import { attributes, silentLog } from '../../store/fixtures.ts'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'bucket'
const classes = ['GLACIER', 'DEEP_ARCHIVE'] as const
const body = Buffer.alloc(100_000, 'archived')

let root: string
let server: TestServer
let client: S3Client
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'archived-'))
  const first = await startServer({ root })
  await first.client().send(new CreateBucketCommand({ Bucket }))
  await first.close()
  const options = { durability: 'none', engine: 'lmdb', watch: false, log: silentLog, isPrimary: false } as const
  const store = await openStore({ root: join(root, 'data'), ...options })
  const bucket = await store.getBucket(Bucket)
  for (const storageClass of classes) {
    const source = Readable.from([body], { objectMode: false })
    const staged = await store.stage({ source, sizeBytes: body.length, maxBytes: 1e6, algorithms: [] })
    const value = staged.digests.get('CRC64NVME')?.toString('base64') ?? ''
    const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value } as const
    const kept = { ...attributes, storageClass, ownerId: bucket.ownerId }
    await store.putObject({ bucket, key: storageClass, staged, attributes: kept, checksum, conditions: {} })
  }
  await store.close()
  server = await startServer({ root })
  client = server.client()
})
afterAll(async () => {
  await server.close()
  await rm(root, { recursive: true, force: true })
})

it.each(classes)('an object of class %s is listed and described, and not read', async (StorageClass) => {
  const object = { Bucket, Key: StorageClass }
  const head = await client.send(new HeadObjectCommand(object))
  expect(head).toMatchObject({ StorageClass, ContentLength: body.length })
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: StorageClass }))
  expect(Contents).toMatchObject([{ Key: StorageClass, StorageClass }])
  const before = openFilesBelow(root)
  for (const more of [{}, { Range: 'bytes=0-1' }, { PartNumber: 1 }]) {
    await expect(client.send(new GetObjectCommand({ ...object, ...more }))).rejects.toMatchObject({
      name: 'InvalidObjectState',
      message: "The operation is not valid for the object's storage class",
      StorageClass,
      $metadata: { httpStatusCode: 403 },
    })
  }
  await vi.waitFor(() => expect(openFilesBelow(root)).toEqual(before), 10_000)
})

it.each(classes)('an object of class %s is no source of a copy', async (StorageClass) => {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }))
  const copy = { Bucket, CopySource: `${Bucket}/${StorageClass}` }
  const refused = {
    name: 'InvalidObjectState',
    message: "Operation is not valid for the source object's storage class",
  }
  const before = openFilesBelow(root)
  await expect(client.send(new CopyObjectCommand({ ...copy, Key: 'copy' }))).rejects.toMatchObject(refused)
  const again = { ...copy, Key: StorageClass, StorageClass: 'STANDARD' } as const
  await expect(client.send(new CopyObjectCommand(again))).rejects.toMatchObject(refused)
  const part = { ...copy, Key: 'parts', UploadId, PartNumber: 1 }
  await expect(client.send(new UploadPartCopyCommand(part))).rejects.toMatchObject(refused)
  await vi.waitFor(() => expect(openFilesBelow(root)).toEqual(before), 10_000)
})

it.each(classes)('no object is written in class %s', async (StorageClass) => {
  const refused = { name: 'InvalidStorageClass', StorageClassRequested: StorageClass }
  await client.send(new PutObjectCommand({ Bucket, Key: 'source', Body: 'x' }))
  const object = { Bucket, Key: 'new', StorageClass }
  await expect(client.send(new PutObjectCommand({ ...object, Body: 'x' }))).rejects.toMatchObject(refused)
  const copy = new CopyObjectCommand({ ...object, CopySource: `${Bucket}/source` })
  await expect(client.send(copy)).rejects.toMatchObject(refused)
  await expect(client.send(new CreateMultipartUploadCommand(object))).rejects.toMatchObject(refused)
})

it('classes that can be read at once are written', async () => {
  for (const StorageClass of ['STANDARD_IA', 'GLACIER_IR', 'INTELLIGENT_TIERING', 'REDUCED_REDUNDANCY'] as const) {
    await client.send(new PutObjectCommand({ Bucket, Key: StorageClass, Body: 'x', StorageClass }))
    const read = await client.send(new GetObjectCommand({ Bucket, Key: StorageClass }))
    expect([read.StorageClass, await read.Body?.transformToString()]).toEqual([StorageClass, 'x'])
  }
})
