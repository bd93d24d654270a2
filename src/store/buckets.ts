/** Buckets: a row each, and a folder. */
import fs from 'node:fs/promises'
import { hasCode, lstatSafely } from '#blobs/files.ts'
import { mayReplaceFile } from '#blobs/folder-access.ts'
import { mapConcurrently } from '#lib/async/map-concurrently.ts'
import type { Bytes, MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey, rowParts, rowsAfter, rowsOf, rowsWithPrefix } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeCounters } from '#metadata/write.ts'
import { assertFreeName, type Bucket, type BucketUsage, isBucketName, isReservedName } from '#model/bucket.ts'
import { signedRegionOf } from '#model/bucket-region.ts'
import { ApiError } from '#model/errors.ts'
import { newBucket } from '#model/new-bucket.ts'
import { hasForeignFiles, removeEmptyFolders } from './bucket-folder.ts'
import { type StoreContext, transactDurably } from './context.ts'
import type { Store } from './contract.ts'
import { assertRoom } from './staging.ts'
import { asStorageError, isForbidden } from './storage-error.ts'

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
  const path = context.layout.bucket(bucket.name)
  assertRoom(context)
  await transactDurably(context, async (transaction) => {
    const existing = await transaction.get(rowKey('b', bucket.name))
    if (existing !== undefined) {
      const isOwn = decodeJson<Bucket>(existing).ownerId === bucket.ownerId
      throw new ApiError(isOwn ? 'BucketAlreadyOwnedByYou' : 'BucketAlreadyExists', {
        fields: { BucketName: bucket.name },
      })
    }
    assertFreeName(bucket.name)
    const stats = await fs.lstat(path).catch(() => undefined)
    if (stats !== undefined && !stats.isDirectory()) throw occupied(bucket.name)
    transaction.put(rowKey('b', bucket.name), encodeJson(bucket))
  })
  // Not before: a folder without a record is adopted as another's bucket.
  try {
    await fs.mkdir(path, { recursive: true })
  } catch (error) {
    await takeBack(context, bucket.name)
    throw asFolderError(error, bucket.name)
  }
}

/** The record of a bucket whose folder could not be made, unless it is in use already. */
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

function asFolderError(error: unknown, name: string): unknown {
  if (hasCode(error, 'EEXIST', 'ENOTDIR')) return occupied(name)
  if (!isForbidden(error)) return asStorageError(error)
  const message = 'The server is not permitted to make or remove the folder of this bucket on its disk.'
  return new ApiError('AccessDenied', { message, cause: error })
}

/** A file or a symbolic link has the folder's name. */
const occupied = (name: string) => new ApiError('BucketAlreadyExists', { fields: { BucketName: name } })

/**
 * Makes a bucket of a folder that has none. False if there is no folder, or it is about to go with the bucket that it was: a record
 * goes before its folder, and the mark it leaves tells the two apart until that is gone too.
 */
export async function adoptBucket(
  context: StoreContext,
  name: string,
  as: { readonly ownerId: string; readonly region: string; readonly blocksPublicAccess: boolean },
): Promise<boolean> {
  return transactDurably(context, async (transaction) => {
    if ((await transaction.get(rowKey('b', name))) !== undefined) return false
    const mark = await transaction.get(rowKey('f', name))
    if (mark !== undefined && Date.now() - decodeJson<number>(mark) < folderRemovalMs) return false
    const stats = await fs.lstat(context.layout.bucket(name)).catch(() => undefined)
    if (stats?.isDirectory() !== true || isReservedName(name)) return false
    const { ownerId, region, blocksPublicAccess } = as
    const defaults = {
      defaultObjectOwnership: 'BucketOwnerEnforced',
      defaultPublicAccessBlock: blocksPublicAccess,
    } as const
    transaction.put(rowKey('b', name), encodeJson(newBucket({ name, ownerId, region }, defaults)))
    return true
  })
}

/** Whoever has not removed a folder by then is no more. */
const folderRemovalMs = 60_000

export async function getBucket(context: StoreContext, name: string): Promise<Bucket> {
  const bucket = (await findBucket(context.engine, name)) ?? (await adoptAndFind(context, name))
  if (bucket === undefined) throw noSuchBucket(name)
  return bucket
}

/** A folder that the scan has not come to yet. */
async function adoptAndFind(context: StoreContext, name: string): Promise<Bucket | undefined> {
  if (!isBucketName(name) || lstatSafely(context.layout.bucket(name))?.isDirectory() !== true) return undefined
  if (await adoptBucket(context, name, context.adopts)) {
    context.log.info({ bucket: name }, 'adopted a folder made by hand as a bucket')
  }
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
        // Completed or aborted meanwhile.
        if (!(error instanceof ApiError) || error.code !== 'NoSuchUpload') throw error
      })
    })
  }
  const notEmpty = () => new ApiError('BucketNotEmpty', { fields: { BucketName: name } })
  if (!(await hasObjects(context.engine, name)) && (await hasForeignFiles(context, name))) throw notEmpty()
  const deleted = await transactDurably(context, async (transaction) => {
    const bucket = await bucketIn(transaction, name)
    if (await hasObjects(context.engine, name)) throw notEmpty()
    for (const table of ['o', 'v', 'u'] as const) transaction.requireEmpty(rowsOf(table, name))
    const settings = await transaction.scan(rowsOf('x', name))
    for (const { key } of [...settings, ...(await transaction.scan(rowsOf('d', name)))]) transaction.remove(key)
    transaction.remove(rowKey('b', name))
    transaction.remove(rowKey('c', name))
    transaction.put(rowKey('f', name), encodeJson(Date.now()))
    return [{ key: rowKey('b', name), value: encodeJson(bucket) }, ...settings]
  })
  const isGone = await removeEmptyFolders(Buffer.from(context.layout.bucket(name)))
  const mark = { key: rowKey('f', name), value: undefined }
  if (isGone) {
    await context.engine.commit({ checks: [], writes: [mark] })
    return
  }
  // Something has been put there a moment ago, or the folder cannot be removed: the bucket stays as it was.
  const unmade = { key: rowKey('b', name), is: undefined }
  await context.engine.commit({ checks: [unmade], writes: [...deleted, mark] })
  throw mayReplaceFile(context.layout.bucket(name)) ? notEmpty() : asFolderError(notPermitted, name)
}

const notPermitted = Object.assign(new Error('the folder cannot be removed'), { code: 'EACCES' })

async function hasObjects(engine: MetadataEngine, bucket: string): Promise<boolean> {
  for (const table of ['o', 'v'] as const) {
    if ((await engine.scan(rowsOf(table, bucket), { limit: 1 })).length > 0) return true
  }
  return false
}

export async function bucketUsage(context: StoreContext, name: string): Promise<BucketUsage> {
  const counters = decodeCounters(await context.engine.get(rowKey('c', name)))
  return { objectCount: counters.objectCount ?? 0, sizeBytes: counters.sizeBytes ?? 0 }
}
