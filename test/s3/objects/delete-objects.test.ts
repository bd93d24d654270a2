import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ObjectIdentifier,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapConcurrently } from '#lib/async/map-concurrently.ts'
import { countSyncs } from '../../count-syncs.ts'
import { startServer, type TestServer } from '../start-server.ts'

describe('DeleteObjects', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer()
    for (const Bucket of ['plain', 'versioned', 'suspended']) await send(new CreateBucketCommand({ Bucket }))
    await setVersioning('versioned', 'Enabled')
  })
  afterAll(() => server.close())

  const send: ReturnType<TestServer['client']>['send'] = (command: never) => server.client().send(command)
  const setVersioning = (Bucket: string, Status: 'Enabled' | 'Suspended') =>
    send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))
  const put = async (Bucket: string, Key: string) =>
    (await send(new PutObjectCommand({ Bucket, Key, Body: Key }))).VersionId
  const remove = (Bucket: string, Objects: ObjectIdentifier[]) =>
    send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
  const names = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(4, '0')}`)
  const versionsOf = async (Bucket: string, Prefix: string) => {
    const { Versions = [], DeleteMarkers = [] } = await send(new ListObjectVersionsCommand({ Bucket, Prefix }))
    return [...Versions, ...DeleteMarkers]
  }

  it('deletes many keys with few flushes, and answers in the order of the request', async () => {
    const keys = names('many/', 300).reverse()
    await Promise.all(keys.map((key) => put('plain', key)))
    const syncs = await countSyncs(server.root, async () => {
      const { Deleted, Errors } = await remove(
        'plain',
        keys.map((Key) => ({ Key })),
      )
      expect(Errors).toBeUndefined()
      expect(Deleted?.map(({ Key }) => Key)).toEqual(keys)
    })
    expect(syncs).toBeLessThan(60)
    expect((await send(new ListObjectsV2Command({ Bucket: 'plain', Prefix: 'many/' }))).KeyCount).toBe(0)
  })

  it('tells what was refused in the order of the request, and deletes the rest', async () => {
    for (const key of ['refused/1', 'refused/2', 'free/1', 'free/2']) await put('plain', key)
    const policy = {
      Statement: {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:DeleteObject',
        Resource: 'arn:aws:s3:::plain/refused/*',
      },
    }
    await send(new PutBucketPolicyCommand({ Bucket: 'plain', Policy: JSON.stringify(policy) }))
    const { Deleted, Errors } = await remove('plain', [
      { Key: 'refused/2' },
      { Key: 'free/2' },
      { Key: 'free/1', VersionId: 'no-version-id' },
      { Key: 'refused/1' },
      { Key: 'free/1' },
      { Key: 'missing' },
    ])
    expect(Deleted?.map(({ Key }) => Key)).toEqual(['free/2', 'free/1', 'missing'])
    expect(Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([
      ['refused/2', 'AccessDenied'],
      ['free/1', 'NoSuchVersion'],
      ['refused/1', 'AccessDenied'],
    ])
  })

  it('deletes a key that is named several times in the order of the request', async () => {
    const first = await put('versioned', 'twice')
    const { Deleted = [] } = await remove('versioned', [
      { Key: 'twice' },
      { Key: 'twice', VersionId: first as string },
      { Key: 'twice' },
    ])
    const [one, version, two] = Deleted
    expect([one?.DeleteMarker, version?.VersionId, two?.DeleteMarker]).toEqual([true, first, true])
    const left = await versionsOf('versioned', 'twice')
    expect(left.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      [two?.DeleteMarkerVersionId, true],
      [one?.DeleteMarkerVersionId, false],
    ])
  })

  it.each([
    ['the newest first', false],
    ['the oldest first', true],
  ])('deletes many versions of one key with few flushes, %s', async (_, isReversed) => {
    await mapConcurrently(names('', 150), { atOnceMax: 10, touches: () => [] }, () => put('versioned', 'one'))
    await remove('versioned', [{ Key: 'one' }])
    const found = await versionsOf('versioned', 'one')
    const objects = found.map(({ VersionId }) => ({ Key: 'one', VersionId: VersionId as string }))
    if (isReversed) objects.reverse()
    const syncs = await countSyncs(server.root, async () => {
      const { Deleted, Errors } = await remove('versioned', objects)
      expect(Errors).toBeUndefined()
      expect(Deleted?.map(({ VersionId }) => VersionId)).toEqual(objects.map(({ VersionId }) => VersionId))
    })
    expect(syncs).toBeLessThan(60)
    expect(await versionsOf('versioned', 'one')).toEqual([])
  })

  it('deletes a null version that is current together with the versions behind it', async () => {
    await put('suspended', 'key')
    await setVersioning('suspended', 'Enabled')
    for (let count = 0; count < 5; count++) await put('suspended', 'key')
    await setVersioning('suspended', 'Suspended')
    await put('suspended', 'key')
    const found = await versionsOf('suspended', 'key')
    expect(found.map(({ VersionId }) => VersionId === 'null')).toEqual([true, false, false, false, false, false])
    const { Errors } = await remove(
      'suspended',
      found.map(({ VersionId }) => ({ Key: 'key', VersionId: VersionId as string })),
    )
    expect(Errors).toBeUndefined()
    expect(await versionsOf('suspended', 'key')).toEqual([])
  })

  it('aborts the many uploads of a bucket that is deleted with few flushes', async () => {
    await send(new CreateBucketCommand({ Bucket: 'uploads' }))
    await Promise.all(names('', 150).map((Key) => send(new CreateMultipartUploadCommand({ Bucket: 'uploads', Key }))))
    const syncs = await countSyncs(server.root, () => send(new DeleteBucketCommand({ Bucket: 'uploads' })))
    expect(syncs).toBeLessThan(60)
  })
})
