/** The changes of a bucket's objects, recorded in their own commits, if there is a listener. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '#app/open-store.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { openPostgresEngine } from '#metadata/postgres/engine.ts'
import { rowsOf } from '#metadata/tables.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { Origin } from '#model/origin.ts'
import { forgetEvents, listEvents } from '#store/changes/outbox.ts'
import type { Store } from '#store/contract.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { attributes, bucketOf, silentLog } from './fixtures.ts'

const principal = { canonicalId: 'c1', accessKeyId: 'AK', displayName: 'Ann', isAnonymous: false }
const origin: Origin = { principal, address: '192.0.2.1', requestId: 'R1' }

const kinds = [
  'files',
  'memory',
  ...(noPostgres === undefined ? (['memory, rows in PostgreSQL'] as const) : []),
] as const

describe.each(kinds)('the outbox of a bucket, bytes in %s', (kept) => {
  let postgres: TestPostgres | undefined
  let folder: string
  let engine: MetadataEngine
  let store: Store
  let bucket: Bucket

  beforeAll(async () => {
    if (kept === 'memory, rows in PostgreSQL') postgres = await startPostgres()
  }, 60_000)
  afterAll(() => postgres?.close())

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'myfsio-outbox-'))
    const address = postgres?.address()
    engine = address === undefined ? openMemoryEngine() : await openPostgresEngine({ address, space: 'index' })
    const root = kept === 'files' ? folder : undefined
    store = await openStore({ root, durability: 'strict', engine, watch: false, log: silentLog, isPrimary: false })
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  async function create(versioning: Bucket['versioning'], hasListeners = true): Promise<void> {
    bucket = { ...bucketOf(versioning), ...(hasListeners ? { hasListeners: true as const } : {}) }
    await store.createBucket(bucket)
  }

  async function put(key: string, more: { cause?: 'Copy' | 'Post' } = {}) {
    const body = Buffer.from(key)
    const source = Readable.from([body], { objectMode: false })
    const staged = await store.stage({ source, sizeBytes: body.length, maxBytes: 1e9, algorithms: [] })
    const checksum = { algorithm: 'MD5', type: 'FULL_OBJECT', value: '' } as const
    return store.putObject({ bucket, key, staged, attributes, checksum, conditions: {}, origin, ...more })
  }

  const remove = (key: string, versionId?: string) =>
    store.deleteObject({ bucket, key, versionId, ownerId: 'owner', conditions: {}, origin })

  const told = async () =>
    (await listEvents(engine, 'bucket', 0, 100)).map(({ event }) => `${event.what} ${event.key} by ${event.cause}`)

  it('has nothing where nobody listens', async () => {
    await create('Unversioned', false)
    await put('a')
    await remove('a')
    expect(await engine.scan(rowsOf('e'))).toEqual([])
    expect(await listEvents(engine, 'bucket', 0, 10)).toEqual([])
  })

  it('says what happened, to which version, by whom, from where and in which request', async () => {
    await create('Enabled')
    const version = await put('a')
    const [row] = await listEvents(engine, 'bucket', 0, 10)
    expect(row).toEqual({
      position: 0,
      event: {
        what: 'created',
        cause: 'Put',
        atMs: expect.any(Number),
        key: 'a',
        versionId: version.versionId,
        order: version.versionId,
        sizeBytes: 1,
        etag: version.etag,
        principal: { canonicalId: 'c1', accessKeyId: 'AK' },
        address: '192.0.2.1',
        requestId: 'R1',
      },
    })
  })

  it('tells of every way in which a version comes, changes and goes, in order', async () => {
    await create('Unversioned')
    await put('a')
    await put('a', { cause: 'Copy' })
    await put('b', { cause: 'Post' })
    const version = await store.headObject('bucket', 'a', undefined)
    await store.changeVersion('bucket', version, { change: (stored) => ({ ...stored, tags: { k: 'v' } }), origin })
    await store.renameObject({ bucket, from: 'a', to: 'c', sourceConditions: {}, conditions: {}, origin })
    await remove('c')
    await remove('none')
    expect(await told()).toEqual([
      'created a by Put',
      'created a by Copy',
      'created b by Post',
      'changed a by Change',
      'created c by Rename',
      'removed a by Rename',
      'removed c by Delete',
    ])
  })

  it('tells of delete markers and of versions removed for good', async () => {
    await create('Enabled')
    const { versionId } = await put('a')
    const marker = await remove('a')
    await remove('a', versionId)
    await remove('a', marker.versionId)
    expect(await told()).toEqual([
      'created a by Put',
      'marked a by Delete',
      'removed a by Delete',
      'removed a by Delete',
    ])
  })

  it('tells of completed uploads', async () => {
    await create('Unversioned')
    const upload = await store.createUpload({ bucket: 'bucket', key: 'up', initiatorId: 'owner', attributes })
    const source = Readable.from(['part'], { objectMode: false })
    const staged = await store.stagePart(upload, 1, { source, sizeBytes: 4, maxBytes: 4, algorithms: [] })
    const { etag } = await store.putPart(upload, staged, undefined)
    const parts = [{ partNumber: 1, etag, checksums: {} }]
    const { uploadId } = upload
    await store.completeUpload({ bucket, key: 'up', uploadId, parts, conditions: {}, origin })
    expect(await told()).toEqual(['created up by CompleteMultipartUpload'])
  })

  it('tells nothing of what was refused', async () => {
    await create('Unversioned')
    await put('a')
    const conditions = { ifMatch: 'other' }
    await expect(
      store.deleteObject({ bucket, key: 'a', versionId: undefined, ownerId: 'owner', conditions, origin }),
    ).rejects.toMatchObject({ code: 'PreconditionFailed' })
    expect(await told()).toEqual(['created a by Put'])
  })

  it('is read from a position on, and forgotten up to one', async () => {
    await create('Unversioned')
    for (const key of ['a', 'b', 'c', 'd']) await put(key)
    const positions = async (from: number, limit = 10) =>
      (await listEvents(engine, 'bucket', from, limit)).map(({ position, event }) => `${position} ${event.key}`)
    expect(await positions(1, 2)).toEqual(['1 b', '2 c'])
    await forgetEvents(engine, 'bucket', 2)
    expect(await positions(0)).toEqual(['2 c', '3 d'])
    await forgetEvents(engine, 'bucket', 4)
    await put('e')
    expect(await positions(0)).toEqual(['4 e'])
  })

  it('goes with the bucket', async () => {
    await create('Unversioned')
    await put('a')
    await remove('a')
    await store.deleteBucket('bucket')
    expect(await engine.scan(rowsOf('e'))).toEqual([])
    expect(await engine.get(Buffer.from('e\0bucket'))).toBeUndefined()
  })

  it.runIf(kept === 'files')('tells of what was changed by hand', async () => {
    await create('Unversioned')
    await writeFile(join(folder, 'bucket/by-hand'), 'one')
    await store.headObject('bucket', 'by-hand', undefined)
    await rm(join(folder, 'bucket/by-hand'))
    await expect(store.headObject('bucket', 'by-hand', undefined)).rejects.toMatchObject({ code: 'NoSuchKey' })
    expect(await told()).toEqual(['created by-hand by FileSystem', 'removed by-hand by FileSystem'])
    const [row] = await listEvents(engine, 'bucket', 0, 1)
    expect(row?.event.principal).toBeUndefined()
  })
})
