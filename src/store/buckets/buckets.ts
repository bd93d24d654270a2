/** Buckets: each has a row, and its place in the blob store. */
import { mapConcurrently } from '#lib/async/map-concurrently.ts'
import type { Bytes, MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey, rowParts, rowsAfter, rowsOf, rowsWithPrefix } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { assertFreeName, type Bucket, isBucketName, isReservedName } from '#model/bucket/bucket.ts'
import { signedRegionOf } from '#model/bucket/bucket-region.ts'
import { newBucket } from '#model/bucket/new-bucket.ts'
import { ApiError } from '#model/errors.ts'
import { forgetEvents } from '#store/changes/outbox.ts'
import { type StoreContext, transactDurably } from '#store/context.ts'
import type { Store } from '#store/contract.ts'

export async function findBucket(engine: MetadataEngine, name: string): Promise<Bucket | undefined> {
  const value = await engine.get(rowKey('b', name))
  return value === undefined ? undefined : decodeBucket(name, value)
}

/** Recently decoded buckets by name, with the bytes of their rows: each request reads its bucket's row. */
const decoded = new Map<string, { readonly row: Bytes; readonly bucket: Bucket }>()
const decodedMax = 1000

function decodeBucket(name: string, row: Bytes): Bucket {
  const known = decoded.get(name)
  if (known !== undefined && Buffer.compare(known.row, row) === 0) return known.bucket
  const bucket = Object.freeze(decodeJson<Bucket>(row))
  if (decoded.size >= decodedMax) decoded.clear()
  // A copy, since a small buffer would keep its whole pool in memory.
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
  context.blobs.assertRoom()
  await transactDurably(context, async (transaction) => {
    const existing = await transaction.get(rowKey('b', bucket.name))
    if (existing !== undefined) {
      const isOwn = decodeJson<Bucket>(existing).ownerId === bucket.ownerId
      throw new ApiError(isOwn ? 'BucketAlreadyOwnedByYou' : 'BucketAlreadyExists', {
        fields: { BucketName: bucket.name },
      })
    }
    assertFreeName(bucket.name)
    await context.blobs.buckets.assertFree(bucket.name)
    transaction.put(rowKey('b', bucket.name), encodeJson(bucket))
  })
  try {
    await context.blobs.buckets.make(bucket.name)
  } catch (error) {
    await takeBack(context, bucket.name)
    throw error
  }
}

/** Removes the record of a bucket that could not be created, unless it is in use already. */
async function takeBack(context: StoreContext, name: string): Promise<void> {
  await transactDurably(context, async (transaction) => {
    for (const table of ['o', 'v', 'u'] as const) {
      const range = rowsOf(table, name)
      if ((await transaction.scan(range, { limit: 1 })).length > 0) return
      transaction.requireEmpty(range)
    }
    if ((await transaction.get(rowKey('b', name))) !== undefined) transaction.remove(rowKey('b', name))
  })
}

/** Makes a record for a bucket that was made by hand. False if it has one, or was removed. */
export async function adoptBucket(context: StoreContext, name: string): Promise<boolean> {
  const { ownerId, region, defaults: given } = context.adopts
  const fresh = { name, ownerId, region, createdAtMs: context.clock.nowMs() }
  const defaults = { ...given, defaultObjectOwnership: 'BucketOwnerEnforced' } as const
  const isAdopted = await transactDurably(context, async (transaction) => {
    if ((await transaction.get(rowKey('b', name))) !== undefined || isReservedName(name)) return false
    if (!(await context.blobs.buckets.confirmForeign(transaction, name))) return false
    transaction.put(rowKey('b', name), encodeJson(newBucket(fresh, defaults)))
    return true
  })
  if (isAdopted) context.log.info({ bucket: name }, 'adopted a folder made by hand as a bucket')
  return isAdopted
}

export async function getBucket(context: StoreContext, name: string): Promise<Bucket> {
  const bucket = (await findBucket(context.engine, name)) ?? (await adoptAndFind(context, name))
  if (bucket === undefined) throw noSuchBucket(name)
  return bucket
}

/** A bucket that no scan has found yet. */
async function adoptAndFind(context: StoreContext, name: string): Promise<Bucket | undefined> {
  if (!isBucketName(name) || !context.blobs.buckets.isForeign(name)) return undefined
  await adoptBucket(context, name)
  return findBucket(context.engine, name)
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
      if (query.region !== undefined && signedRegionOf(bucket.region) !== query.region) continue
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
        // It was completed or aborted meanwhile.
        if (!(error instanceof ApiError) || error.code !== 'NoSuchUpload') throw error
      })
    })
  }
  const notEmpty = () => new ApiError('BucketNotEmpty', { fields: { BucketName: name } })
  if (!(await hasObjects(context.engine, name)) && (await context.blobs.buckets.hasForeign(name))) throw notEmpty()
  await forgetEvents(context.engine, name, Number.MAX_SAFE_INTEGER)
  const deleted = await transactDurably(context, async (transaction) => {
    const bucket = await bucketIn(transaction, name)
    if (await hasObjects(context.engine, name)) throw notEmpty()
    for (const table of ['o', 'v', 'u'] as const) transaction.requireEmpty(rowsOf(table, name))
    const settings = await transaction.scan(rowsOf('x', name))
    const others = [...(await transaction.scan(rowsOf('d', name))), ...(await transaction.scan(rowsOf('e', name)))]
    for (const { key } of [...settings, ...others]) transaction.remove(key)
    for (const table of ['b', 'c', 'e'] as const) transaction.remove(rowKey(table, name))
    context.blobs.buckets.recordRemoval(transaction, name)
    return [{ key: rowKey('b', name), value: encodeJson(bucket) }, ...settings]
  })
  const problem = await context.blobs.buckets.remove(name)
  if (problem === undefined) return
  // The bucket stays as it was.
  const unmade = { key: rowKey('b', name), is: undefined }
  await context.engine.commit({ checks: [unmade], writes: deleted })
  await context.blobs.buckets.keep(name)
  throw problem
}

async function hasObjects(engine: MetadataEngine, bucket: string): Promise<boolean> {
  for (const table of ['o', 'v'] as const) {
    if ((await engine.scan(rowsOf(table, bucket), { limit: 1 })).length > 0) return true
  }
  return false
}
