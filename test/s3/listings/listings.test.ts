/** Listings: markers, the elements about a page, and times. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'lists'
const keys = ['folder/aSub/1', 'folder/aSub/2', 'folder/aSubfile', 'folder/bSub/1', 'folder/file1', 'other/x/1']
const uploadIds = new Map<string, string>()
let server: TestServer

beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  await server.client().send(new CreateBucketCommand({ Bucket }))
  for (const Key of keys) {
    await server.client().send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
    const { UploadId } = await server.client().send(new CreateMultipartUploadCommand({ Bucket, Key }))
    uploadIds.set(Key, UploadId ?? '')
  }
})
afterAll(() => server.close())

const folder = { Bucket, Prefix: 'folder/', Delimiter: '/' }
interface Page {
  CommonPrefixes?: { Prefix?: string | undefined }[] | undefined
}
const names = (page: Page, listed: { Key?: string | undefined }[] | undefined) =>
  [...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix), ...(listed ?? []).map(({ Key }) => Key)].sort()

describe('a marker inside a common prefix', () => {
  const rest = (Marker: string) => keys.filter((key) => key > Marker && !key.startsWith('other/'))
  const after: [string, (string | undefined)[]][] = [
    ['folder/aSub/1', ['folder/aSubfile', 'folder/bSub/', 'folder/file1']],
    ['folder/aSub/9', ['folder/aSubfile', 'folder/bSub/', 'folder/file1']],
    ['folder/aSub/', ['folder/aSubfile', 'folder/bSub/', 'folder/file1']],
    ['folder/aSub', ['folder/aSub/', 'folder/aSubfile', 'folder/bSub/', 'folder/file1']],
    ['folder/bSub/0', ['folder/file1']],
    ['a/b/c', ['folder/aSub/', 'folder/aSubfile', 'folder/bSub/', 'folder/file1']],
    ['other/x/0', []],
  ]

  it.each(after)('%s passes over that prefix in every listing by markers', async (Marker, expected) => {
    const objects = await server.client().send(new ListObjectsCommand({ ...folder, Marker }))
    expect(names(objects, objects.Contents)).toEqual(expected)
    const versions = await server.client().send(new ListObjectVersionsCommand({ ...folder, KeyMarker: Marker }))
    expect(names(versions, versions.Versions)).toEqual(expected)
    const uploads = await server.client().send(new ListMultipartUploadsCommand({ ...folder, KeyMarker: Marker }))
    expect(names(uploads, uploads.Uploads)).toEqual(expected)
    // Without a delimiter nothing can be skipped.
    const { Contents } = await server.client().send(new ListObjectsCommand({ Bucket, Prefix: 'folder/', Marker }))
    expect(Contents?.map(({ Key }) => Key) ?? []).toEqual(rest(Marker))
  })

  it('with the id of a version or an upload passes over it too', async () => {
    const versions = { ...folder, KeyMarker: 'folder/aSub/1', VersionIdMarker: 'null' }
    expect((await server.client().send(new ListObjectVersionsCommand(versions))).CommonPrefixes).toEqual([
      { Prefix: 'folder/bSub/' },
    ])
    const UploadIdMarker = uploadIds.get('folder/aSub/1')
    const uploads = { ...folder, KeyMarker: 'folder/aSub/1', UploadIdMarker }
    expect((await server.client().send(new ListMultipartUploadsCommand(uploads))).CommonPrefixes).toEqual([
      { Prefix: 'folder/bSub/' },
    ])
  })

  it('is no marker for version 2, which lists the prefix again', async () => {
    const page = await server.client().send(new ListObjectsV2Command({ ...folder, StartAfter: 'folder/aSub/1' }))
    expect(page.CommonPrefixes?.[0]).toEqual({ Prefix: 'folder/aSub/' })
  })

  it('leaves out nothing where pages are followed', async () => {
    const found: (string | undefined)[] = []
    let Marker: string | undefined
    do {
      const asked = { ...folder, MaxKeys: 1, ...(Marker === undefined ? {} : { Marker }) }
      const page = await server.client().send(new ListObjectsCommand(asked))
      found.push(...names(page, page.Contents))
      Marker = page.NextMarker
    } while (Marker !== undefined)
    expect(found).toEqual(['folder/aSub/', 'folder/aSubfile', 'folder/bSub/', 'folder/file1'])
  })
})

describe('ListMultipartUploads', () => {
  const list = (more: object) => server.client().send(new ListMultipartUploadsCommand({ Bucket, ...more }))

  it('says what the next marker would be on its last page too', async () => {
    const last = { NextKeyMarker: 'other/x/1', NextUploadIdMarker: uploadIds.get('other/x/1') }
    expect(await list({})).toMatchObject({ IsTruncated: false, ...last })
    expect(await list({ Prefix: 'none' })).toMatchObject({ NextKeyMarker: '', NextUploadIdMarker: '' })
  })

  it('goes on after an upload that is over, and refuses one of another key', async () => {
    const ids: string[] = []
    for (const _ of [1, 2, 3]) {
      const { UploadId } = await server.client().send(new CreateMultipartUploadCommand({ Bucket, Key: 'three' }))
      ids.push(UploadId ?? '')
    }
    const [first = '', second = '', third = ''] = ids.sort()
    const idsAfter = async (UploadIdMarker: string, KeyMarker = 'three') =>
      (await list({ Prefix: 'three', KeyMarker, UploadIdMarker })).Uploads?.map(({ UploadId }) => UploadId)
    expect(await idsAfter(first)).toEqual([second, third])
    await server.client().send(new AbortMultipartUploadCommand({ Bucket, Key: 'three', UploadId: first }))
    expect(await idsAfter(first)).toEqual([second, third])
    const part = { Bucket, Key: 'three', UploadId: second, PartNumber: 1 }
    const { ETag } = await server.client().send(new UploadPartCommand({ ...part, Body: 'x' }))
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    await server.client().send(new CompleteMultipartUploadCommand({ ...part, MultipartUpload }))
    expect(await idsAfter(second)).toEqual([third])
    for (const other of [second, third, 'nonsense']) {
      await expect(idsAfter(other, 'another')).rejects.toMatchObject({
        name: 'InvalidArgument',
        message: 'Invalid uploadId marker',
        ArgumentName: 'upload-id-marker',
        ArgumentValue: other,
      })
    }
  })
})

describe('a page size', () => {
  const asked = (name: string, command: object) => ({ name, command: command as GetObjectCommand })
  it.each([
    asked('maxKeys', new ListObjectsCommand({ Bucket, MaxKeys: -1 })),
    asked('maxKeys', new ListObjectsV2Command({ Bucket, MaxKeys: -1 })),
    asked('maxKeys', new ListObjectVersionsCommand({ Bucket, MaxKeys: -1 })),
    asked('max-uploads', new ListMultipartUploadsCommand({ Bucket, MaxUploads: -1 })),
  ])('below zero is refused as $name', async ({ name, command }) => {
    await expect(server.client().send(command)).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: `Argument ${name} must be an integer between 0 and 2147483647`,
      ArgumentValue: '-1',
    })
  })

  it('of parts below zero is refused in the same words', async () => {
    const Key = 'folder/file1'
    const parts = { Bucket, Key, UploadId: uploadIds.get(Key), MaxParts: -1 }
    await expect(server.client().send(new ListPartsCommand(parts))).rejects.toMatchObject({
      message: 'Argument max-parts must be an integer between 0 and 2147483647',
    })
  })
})

it('list-type=1 is ListObjects', async () => {
  const url = await getSignedUrl(server.client(), new ListObjectsCommand({ Bucket }))
  const answer = await fetch(url)
  expect(answer.status).toBe(200)
  const client = server.client()
  client.middlewareStack.add(
    (next) => (args) => {
      const { query } = args.request as { query: Record<string, string> }
      query['list-type'] = '1'
      return next(args)
    },
    { step: 'build' },
  )
  const page = await client.send(new ListObjectsCommand({ Bucket, MaxKeys: 1 }))
  expect([page.Contents?.length, page.IsTruncated, page.Marker]).toEqual([1, true, ''])
})

it('tells an empty continuation token from none', async () => {
  await expect(server.client().send(new ListObjectsV2Command({ Bucket, ContinuationToken: '' }))).rejects.toMatchObject(
    { name: 'InvalidArgument', message: 'The continuation token provided is incorrect' },
  )
})

it('has whole seconds in every time, which are those of Last-Modified', async () => {
  const Key = 'folder/file1'
  const UploadId = uploadIds.get(Key)
  await server.client().send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'x' }))
  const commands = [
    new ListObjectsCommand({ Bucket }),
    new ListObjectsV2Command({ Bucket }),
    new ListObjectVersionsCommand({ Bucket }),
    new ListMultipartUploadsCommand({ Bucket }),
    new ListPartsCommand({ Bucket, Key, UploadId }),
    new ListBucketsCommand({}),
  ]
  for (const command of commands) {
    const answer = await fetch(await getSignedUrl(server.client(), command as ListObjectsCommand))
    const text = await answer.text()
    const times = [...text.matchAll(/<(?:LastModified|Initiated|CreationDate)>([^<]*)</g)].map(([, time]) => time ?? '')
    expect(times.length).toBeGreaterThan(0)
    for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/)
  }
  const { Contents } = await server.client().send(new ListObjectsV2Command({ Bucket, Prefix: Key }))
  const head = await server.client().send(new HeadObjectCommand({ Bucket, Key }))
  expect(Contents?.[0]?.LastModified).toEqual(head.LastModified)
})
