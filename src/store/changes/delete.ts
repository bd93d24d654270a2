/** DeleteObject: https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html */
import type { BlobStore } from '#blobs/contract/blob-store.ts'
import { noBlob } from '#metadata/blob-ref.ts'
import { newOrder } from '#metadata/order.ts'
import { rowKey, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { bucketOf } from '#model/object/imported.ts'
import type { StoreContext } from '#store/context.ts'
import type { DeletedObject, Store } from '#store/contract.ts'
import { noteEmptied } from '#store/uploads/begun-uploads.ts'
import { type Change, commitChange, noChange } from './commit-change.ts'
import { checkDeleteConditions } from './conditions.ts'
import { demote, dropNullVersion, newerThan, newestOrder, replace } from './publish.ts'

export type Remove = Parameters<Store['deleteObject']>[0]

export async function deleteObject(context: StoreContext, remove: Remove): Promise<DeletedObject> {
  const { blobs } = context
  const { key, versionId } = remove
  const actual = await blobs.prepareRemoval(remove.bucket.name, key)
  const options = { origin: remove.origin, cause: 'Delete', isAwaited: true } as const
  return commitChange(context, remove.bucket.name, options, async (transaction, bucket) => {
    const change = noChange(bucket.name, key, context, remove.passesGovernance)
    const value = await transaction.get(rowKey('o', bucket.name, key))
    const recorded = value === undefined ? undefined : decodeVersion(key, value)
    const current =
      recorded === undefined || actual === undefined ? recorded : { ...recorded, blob: actual(recorded.blob) }
    const result =
      versionId === undefined
        ? await deleteCurrent(blobs, transaction, bucket, remove, current, change)
        : await deleteVersion(blobs, transaction, bucket, remove, current, versionId, change)
    // Sorts after the version that was current.
    change.order = newOrder(current?.order, change.atMs)
    return { result, change }
  })
}

async function deleteCurrent(
  blobs: BlobStore,
  transaction: Transaction,
  bucketNow: Bucket,
  remove: Remove,
  current: StoredVersion | undefined,
  change: Change,
): Promise<DeletedObject> {
  const { key, imported } = remove
  const bucket = bucketOf(bucketNow, imported)
  checkDeleteConditions(remove.conditions, key, current)
  const row = rowKey('o', bucket.name, key)
  if (bucket.versioning === 'Unversioned') {
    if (current !== undefined) {
      transaction.remove(row)
      await noteEmptied(transaction, bucket.name, key)
      replace(transaction, current, change)
      change.happened.push({ what: 'removed', version: current })
    }
    return { versionId: undefined, isDeleteMarker: false }
  }
  const order = newOrder(current?.order ?? (await newestOrder(transaction, bucket, key)), change.atMs)
  transaction.requireEmpty(newerThan(bucket.name, key, order))
  const isVersioned = bucket.versioning === 'Enabled'
  if (current !== undefined) {
    transaction.remove(row)
    if (isVersioned || current.versionId !== 'null') demote(blobs, transaction, bucket.name, current, change)
    else replace(transaction, current, change)
  }
  if (!isVersioned && current?.versionId !== 'null') await dropNullVersion(transaction, bucket.name, key, change)
  const marker = deleteMarker(
    key,
    remove.ownerId,
    order,
    isVersioned ? order : 'null',
    imported?.modifiedAtMs ?? change.atMs,
  )
  transaction.put(rowKey('v', bucket.name, key, order), encodeVersion(marker))
  if (!isVersioned) transaction.put(rowKey('n', bucket.name, key), Buffer.from(order))
  change.happened.push({ what: 'marked', version: marker })
  return { versionId: marker.versionId, isDeleteMarker: true }
}

export function deleteMarker(
  key: string,
  ownerId: string,
  order: string,
  versionId: string,
  modifiedAtMs: number,
): StoredVersion {
  return {
    key,
    versionId,
    order,
    isDeleteMarker: true,
    sizeBytes: 0,
    etag: '',
    modifiedAtMs,
    partCount: 0,
    blob: noBlob,
    headers: {},
    userMetadata: {},
    storageClass: 'STANDARD',
    ownerId,
  }
}

export async function deleteVersion(
  blobs: BlobStore,
  transaction: Transaction,
  bucket: Bucket,
  remove: Remove,
  current: StoredVersion | undefined,
  versionId: string,
  change: Change,
): Promise<DeletedObject> {
  const { key } = remove
  if (current !== undefined && current.versionId === versionId) {
    checkDeleteConditions(remove.conditions, key, current)
    transaction.remove(rowKey('o', bucket.name, key))
    await noteEmptied(transaction, bucket.name, key)
    replace(transaction, current, change)
    change.happened.push({ what: 'removed', version: current })
    await promoteNewest(blobs, transaction, bucket.name, key, undefined, change)
    return { versionId, isDeleteMarker: false }
  }
  const pointer = rowKey('n', bucket.name, key)
  const nullOrder = versionId === 'null' ? await transaction.get(pointer) : undefined
  const order =
    versionId === 'null' ? (nullOrder === undefined ? undefined : Buffer.from(nullOrder).toString()) : versionId
  const row = order === undefined ? undefined : rowKey('v', bucket.name, key, order)
  const value = row === undefined ? undefined : await transaction.get(row)
  if (row === undefined || value === undefined) {
    checkDeleteConditions(remove.conditions, key, undefined)
    return { versionId, isDeleteMarker: false }
  }
  const version = decodeVersion(key, value)
  checkDeleteConditions(remove.conditions, key, version)
  transaction.remove(row)
  if (versionId === 'null') transaction.remove(pointer)
  replace(transaction, version, change)
  change.happened.push({ what: 'removed', version })
  if (current === undefined) {
    const newer = newerThan(bucket.name, key, version.order)
    const isTop = (await transaction.scan(newer, { limit: 1 })).length === 0
    if (isTop) {
      transaction.requireEmpty(newer)
      await promoteNewest(blobs, transaction, bucket.name, key, version.order, change)
    }
  }
  return { versionId, isDeleteMarker: version.isDeleteMarker }
}

/** If the current version of a key is removed, the next version becomes current, unless it is a delete marker. */
async function promoteNewest(
  blobs: BlobStore,
  transaction: Transaction,
  bucket: string,
  key: string,
  removedOrder: string | undefined,
  change: Change,
): Promise<void> {
  const rows = await transaction.scan(rowsOf('v', bucket, key), { limit: 2 })
  const next = rows.map(({ value }) => decodeVersion(key, value)).find((version) => version.order !== removedOrder)
  if (next === undefined || next.isDeleteMarker) return
  const row = rowKey('v', bucket, key, next.order)
  if ((await transaction.get(row)) === undefined) return
  const blob = blobs.asCurrent(key, next.blob)
  transaction.remove(row)
  if (next.versionId === 'null') transaction.remove(rowKey('n', bucket, key))
  transaction.put(rowKey('o', bucket, key), encodeVersion({ ...next, blob }))
  change.moved.push({ order: next.order, from: next.blob, to: blob })
}
