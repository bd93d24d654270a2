/** Buckets: a row each, and a folder. */
import fs from 'node:fs/promises'
import { mapConcurrently } from '#lib/map-concurrently.ts'
import type { Bytes, MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey, rowParts, rowsAfter, rowsOf, rowsWithPrefix } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeCounters } from '#metadata/write.ts'
import type { Bucket, BucketUsage } from '#model/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { type StoreContext, transactDurably } from './context.ts'
import type { Store } from './contract.ts'
import { assertRoom } from './staging.ts'

export async function findBucket(engine: MetadataEngine, name: string): Promise<Bucket | undefined> {
  const value = await engine.get(rowKey('b', name))
  return value === undefined ? undefined : decodeBucket(name, value)
}

/** Buckets decoded lately, by name, with the bytes they were decoded from: each request reads its bucket's row. */
const decoded = new Map<string, { readonly row: Bytes; readonly bucket: Bucket }>()
const decodedMax = 1000

function decodeBucket(name: string, row: Bytes): Bucket {
  const known = decoded.get(name)
  if (known !== undefined && Buffer.compare(known.row, row) === 0) return known.bucket
  const bucket = Object.freeze(decodeJson<Bucket>(row))
  if (decoded.size >= decodedMax) decoded.clear()
  // Of its own: a small buffer would keep the pool that it is from.
  decoded.set(name, { row: new Uint8Array(row), bucket })
  return bucket
}

/** The bucket as of this transaction, which fails if the bucket changes meanwhile. */
export async function bucketIn(transaction: Transaction, name: string): Promise<Bucket> {
  const value = await transaction.get(rowKey('b', name))
  if (value === undefined) throw noSuchBucket(name)
  return decodeBucket(name, value)
}

const noSuchBucket = (name: string) => new ApiError('NoSuchBucket', { fields: { BucketName: name } })

export async function createBucket(context: StoreContext, bucket: Bucket): Promise<void> {
  assertRoom(context)
  await transactDurably(context, async (transaction) => {
    const existing = await transaction.get(rowKey('b', bucket.name))
    if (existing !== undefined) {
      const isOwn = decodeJson<Bucket>(existing).ownerId === bucket.ownerId
      throw new ApiError(isOwn ? 'BucketAlreadyOwnedByYou' : 'BucketAlreadyExists', {
        fields: { BucketName: bucket.name },
      })
    }
    transaction.put(rowKey('b', bucket.name), encodeJson(bucket))
  })
  await fs.mkdir(context.layout.bucket(bucket.name), { recursive: true })
}

/**
 * Makes a bucket of a folder that has none. False if there is no folder, or it is about to go with the bucket that it was: a record
 * goes before its folder, and the mark it leaves tells the two apart until that is gone too.
 */
export async function adoptBucket(
  context: StoreContext,
  name: string,
  as: { readonly ownerId: string; readonly region: string },
): Promise<boolean> {
  return transactDurably(context, async (transaction) => {
    if ((await transaction.get(rowKey('b', name))) !== undefined) return false
    const mark = await transaction.get(rowKey('f', name))
    if (mark !== undefined && Date.now() - decodeJson<number>(mark) < folderRemovalMs) return false
    const stats = await fs.lstat(context.layout.bucket(name)).catch(() => undefined)
    if (stats?.isDirectory() !== true) return false
    const fresh = { versioning: 'Unversioned', mfaDelete: false, objectLockEnabled: false } as const
    const bucket: Bucket = { name, createdAtMs: Date.now(), ownerId: as.ownerId, region: as.region, ...fresh }
    transaction.put(rowKey('b', name), encodeJson(bucket))
    return true
  })
}

/** Whoever has not removed a folder by then is no more. */
const folderRemovalMs = 60_000

export async function getBucket(context: StoreContext, name: string): Promise<Bucket> {
  const bucket = await findBucket(context.engine, name)
  if (bucket === undefined) throw noSuchBucket(name)
  return bucket
}

export async function listBuckets(
  context: StoreContext,
  query: Parameters<Store['listBuckets']>[0],
): ReturnType<Store['listBuckets']> {
  const buckets: Bucket[] = []
  let range = rowsWithPrefix('b', query.prefix)
  if (query.after > query.prefix) range = rowsAfter(range, rowKey('b', query.after), 'row')
  for (;;) {
    const rows = await context.engine.scan(range, { limit: 1000 })
    for (const { value } of rows) {
      const bucket = decodeJson<Bucket>(value)
      if (query.ownerId !== undefined && bucket.ownerId !== query.ownerId) continue
      if (query.region !== undefined && bucket.region !== query.region) continue
      if (buckets.length === query.limit) return { buckets, next: buckets.at(-1)?.name }
      buckets.push(bucket)
    }
    const last = rows.at(-1)
    if (last === undefined) return { buckets, next: undefined }
    range = rowsAfter(range, last.key, 'row')
  }
}

export async function updateBucket(
  context: StoreContext,
  name: string,
  change: (bucket: Bucket) => Bucket,
): Promise<Bucket> {
  return transactDurably(context, async (transaction) => {
    const bucket = change(await bucketIn(transaction, name))
    transaction.put(rowKey('b', name), encodeJson(bucket))
    return bucket
  })
}

const abortsAtOnceMax = 100

export async function deleteBucket(
  context: StoreContext,
  name: string,
  abortUpload: (key: string, uploadId: string) => Promise<void>,
): Promise<void> {
  for (;;) {
    const uploads = await context.engine.scan(rowsOf('u', name), { limit: 1000 })
    if (uploads.length === 0) break
    if (await hasObjects(context.engine, name)) break
    await mapConcurrently(uploads, { atOnceMax: abortsAtOnceMax, touches: () => [] }, async ({ key: row }) => {
      const [, key = '', uploadId = ''] = rowParts(row)
      await abortUpload(key, uploadId).catch((error: unknown) => {
        // Completed or aborted meanwhile.
        if (!(error instanceof ApiError) || error.code !== 'NoSuchUpload') throw error
      })
    })
  }
  await transactDurably(context, async (transaction) => {
    await bucketIn(transaction, name)
    if (await hasObjects(context.engine, name)) throw new ApiError('BucketNotEmpty', { fields: { BucketName: name } })
    for (const table of ['o', 'v', 'u'] as const) transaction.requireEmpty(rowsOf(table, name))
    for (const { key } of await transaction.scan(rowsOf('d', name))) transaction.remove(key)
    transaction.remove(rowKey('b', name))
    transaction.remove(rowKey('c', name))
    transaction.put(rowKey('f', name), encodeJson(Date.now()))
  })
  await removeFolder(context.layout.bucket(name))
  await context.engine.commit({ checks: [], writes: [{ key: rowKey('f', name), value: undefined }] })
}

async function hasObjects(engine: MetadataEngine, bucket: string): Promise<boolean> {
  for (const table of ['o', 'v'] as const) {
    if ((await engine.scan(rowsOf(table, bucket), { limit: 1 })).length > 0) return true
  }
  return false
}

/** Empty folders go; a file put there by hand a moment ago stays, and will be adopted with its bucket. */
async function removeFolder(path: string): Promise<void> {
  for (const entry of await fs.readdir(path, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await removeFolder(`${path}/${entry.name}`)
  }
  await fs.rmdir(path).catch(() => undefined)
}

export async function bucketUsage(context: StoreContext, name: string): Promise<BucketUsage> {
  const counters = decodeCounters(await context.engine.get(rowKey('c', name)))
  return { objectCount: counters.objectCount ?? 0, sizeBytes: counters.sizeBytes ?? 0 }
}
