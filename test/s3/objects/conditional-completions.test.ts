/**
 * Completions under a condition: refused once the key changed after the upload began, also where the condition holds
 * again.
 */
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  RenameObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  for (const Bucket of ['plain', 'versioned']) await server.client().send(new CreateBucketCommand({ Bucket }))
  const VersioningConfiguration = { Status: 'Enabled' } as const
  await server.client().send(new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration }))
})
afterAll(() => server.close())

let count = 0
class Upload {
  readonly Bucket: string
  readonly Key = `key-${++count}`
  #uploadId = ''
  #etag = ''

  constructor(bucket: string) {
    this.Bucket = bucket
  }

  get #object() {
    return { Bucket: this.Bucket, Key: this.Key }
  }

  async begin(): Promise<void> {
    const { UploadId } = await server.client().send(new CreateMultipartUploadCommand(this.#object))
    const part = { ...this.#object, UploadId, PartNumber: 1, Body: 'from parts' }
    const { ETag } = await server.client().send(new UploadPartCommand(part))
    this.#uploadId = UploadId ?? ''
    this.#etag = ETag ?? ''
  }

  async put(Body: string): Promise<string> {
    return (await server.client().send(new PutObjectCommand({ ...this.#object, Body }))).ETag ?? ''
  }

  remove = () => server.client().send(new DeleteObjectCommand(this.#object))

  complete(conditions: { IfMatch?: string; IfNoneMatch?: string } = {}) {
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: this.#etag }] }
    const asked = { ...this.#object, UploadId: this.#uploadId, MultipartUpload, ...conditions }
    return server.client().send(new CompleteMultipartUploadCommand(asked))
  }
}

const conflict = (Condition: string, Key: string) => ({ name: 'ConditionalRequestConflict', Condition, Key })

describe.each(['plain', 'versioned'])('in a bucket that is %s, a completion', (bucket) => {
  it('goes through where nothing changed', async () => {
    const fresh = new Upload(bucket)
    await fresh.begin()
    await fresh.complete({ IfNoneMatch: '*' })
    const onto = new Upload(bucket)
    const etag = await onto.put('before')
    await onto.begin()
    await onto.complete({ IfMatch: etag })
  })

  it('goes through without a condition, whatever changed', async () => {
    const upload = new Upload(bucket)
    await upload.begin()
    await upload.put('meanwhile')
    await upload.complete()
  })

  it('is refused by its condition first', async () => {
    const upload = new Upload(bucket)
    const before = await upload.put('before')
    await upload.begin()
    await upload.put('meanwhile')
    await expect(upload.complete({ IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      Condition: 'If-None-Match',
    })
    await expect(upload.complete({ IfMatch: before })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      Condition: 'If-Match',
    })
    await upload.remove()
    await expect(upload.complete({ IfMatch: before })).rejects.toMatchObject({ name: 'NoSuchKey', Key: upload.Key })
  })

  it('conflicts with a write meanwhile, also one of the same bytes', async () => {
    const upload = new Upload(bucket)
    await upload.put('the same')
    await upload.begin()
    const etag = await upload.put('the same')
    await expect(upload.complete({ IfMatch: etag })).rejects.toMatchObject(conflict('If-Match', upload.Key))
    await upload.begin()
    await upload.complete({ IfMatch: etag })
  })

  it('conflicts with a deletion meanwhile', async () => {
    const upload = new Upload(bucket)
    await upload.put('before')
    await upload.begin()
    await upload.remove()
    const refused = conflict('If-None-Match', upload.Key)
    await expect(upload.complete({ IfNoneMatch: '*' })).rejects.toMatchObject(refused)
    const etag = await upload.put('after')
    await expect(upload.complete({ IfMatch: etag })).rejects.toMatchObject(conflict('If-Match', upload.Key))
  })

  it.each<[string, (object: { Bucket: string; Key: string }) => Promise<unknown>]>([
    ['deleted', (object) => server.client().send(new DeleteObjectCommand(object))],
    [
      'deleted with others',
      ({ Bucket, Key }) => server.client().send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }] } })),
    ],
    [
      'renamed',
      ({ Bucket, Key }) =>
        server.client().send(new RenameObjectCommand({ Bucket, Key: `${Key}-2`, RenameSource: `${Bucket}/${Key}` })),
    ],
  ])('conflicts with what was written and %s meanwhile', async (_how, removed) => {
    const upload = new Upload(bucket)
    await upload.begin()
    await upload.put('for a moment')
    await removed({ Bucket: upload.Bucket, Key: upload.Key })
    const refused = conflict('If-None-Match', upload.Key)
    await expect(upload.complete({ IfNoneMatch: '*' })).rejects.toMatchObject(refused)
  })

  it('conflicts with a copy and with another completion meanwhile', async () => {
    const upload = new Upload(bucket)
    await upload.begin()
    const source = new Upload(bucket)
    await source.put('source')
    const CopySource = `${bucket}/${source.Key}`
    const copy = { Bucket: bucket, Key: upload.Key, CopySource }
    const { CopyObjectResult } = await server.client().send(new CopyObjectCommand(copy))
    const IfMatch = CopyObjectResult?.ETag ?? ''
    await expect(upload.complete({ IfMatch })).rejects.toMatchObject(conflict('If-Match', upload.Key))
    await upload.complete()
    const head = await server.client().send(new HeadObjectCommand({ Bucket: bucket, Key: upload.Key }))
    expect(head.ContentLength).toBe('from parts'.length)
  })

  it('is not touched by what happens to other keys, and may be repeated', async () => {
    const upload = new Upload(bucket)
    await upload.begin()
    const other = new Upload(bucket)
    await other.put('other')
    await other.remove()
    const done = await upload.complete({ IfNoneMatch: '*' })
    expect((await upload.complete({ IfNoneMatch: '*' })).ETag).toBe(done.ETag)
  })
})
