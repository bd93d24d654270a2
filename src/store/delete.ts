/** DeleteObject: https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html */
import { isSameFile } from '#blobs/files/io/file-operations.ts'
import { type Pending, putPending } from '#blobs/files/moves/pending.ts'
import { isPlainKey } from '#blobs/files/place/layout.ts'
import { assertRemovable } from '#blobs/files/place/replaceable.ts'
import { newOrder } from '#metadata/order.ts'
import { rowKey, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { Bucket } from '#model/bucket.ts'
import type { FileSignature } from '#model/object.ts'
import { noteEmptied } from './begun-uploads.ts'
import { bucketIn } from './buckets.ts'
import { checkDeleteConditions } from './conditions.ts'
import { type StoreContext, transactDurably } from './context.ts'
import type { DeletedObject, Store } from './contract.ts'
import {
  type Change,
  countUsage,
  demote,
  dropNullVersion,
  newerThan,
  newestOrder,
  noChange,
  replace,
} from './publish.ts'

type Remove = Parameters<Store['deleteObject']>[0]

/** Removes the current version, whose plain file is gone. False, and nothing is done, if it is another by now or `isGone` is false. */
export async function deleteVanished(
  context: StoreContext,
  bucketName: string,
  known: StoredVersion,
  isGone: () => boolean,
): Promise<boolean> {
  const { key, versionId } = known
  const { isDeleted, pending } = await transactDurably(context, async (transaction) => {
    const bucket = await bucketIn(transaction, bucketName)
    const value = await transaction.get(rowKey('o', bucketName, key))
    const current = value === undefined ? undefined : decodeVersion(key, value)
    const isSame = current?.order === known.order && isSameFile(current.signature, known.signature)
    if (!isSame || !isGone()) return { isDeleted: false, pending: undefined }
    transaction.requireThat(isGone)
    const change = noChange()
    const remove = { bucket, key, versionId, ownerId: known.ownerId, conditions: {} }
    await deleteVersion(transaction, bucket, remove, current, versionId, change)
    countUsage(transaction, bucketName, change)
    return { isDeleted: true, pending: logMoves(transaction, bucketName, key, change, current.order) }
  })
  if (pending !== undefined) await context.settler.settle(pending)
  return isDeleted
}

/** `damaged`: the plain file of the key, where it is not what the record says. */
export async function deleteObject(
  context: StoreContext,
  remove: Remove,
  damaged?: FileSignature,
): Promise<DeletedObject> {
  const { deleted, pending } = await transactDurably(context, async (transaction) => {
    const bucket = await bucketIn(transaction, remove.bucket.name)
    const change = noChange()
    const value = await transaction.get(rowKey('o', bucket.name, remove.key))
    const recorded = value === undefined ? undefined : decodeVersion(remove.key, value)
    const isDamaged = damaged !== undefined && recorded?.place.kind === 'plain'
    const current = isDamaged ? { ...recorded, signature: damaged } : recorded
    const deleted =
      remove.versionId === undefined
        ? await deleteCurrent(transaction, bucket, remove, current, change)
        : await deleteVersion(transaction, bucket, remove, current, remove.versionId, change)
    if (change.vacatesPlain) assertRemovable(context, bucket.name, remove.key)
    countUsage(transaction, bucket.name, change)
    return { deleted, pending: logMoves(transaction, bucket.name, remove.key, change, current?.order) }
  })
  if (pending !== undefined) await context.settler.settle(pending)
  return deleted
}

/** `newest`: the order of the version that was current, which the row has to follow. */
function logMoves(
  transaction: Transaction,
  bucket: string,
  key: string,
  change: Change,
  newest: string | undefined,
): Pending | undefined {
  if (change.moved.length === 0 && change.removed.length === 0) return undefined
  const pending: Pending = { bucket, key, order: newOrder(newest), moved: change.moved, removed: change.removed }
  putPending(transaction, pending)
  return pending
}

async function deleteCurrent(
  transaction: Transaction,
  bucket: Bucket,
  remove: Remove,
  current: StoredVersion | undefined,
  change: Change,
): Promise<DeletedObject> {
  const { key } = remove
  checkDeleteConditions(remove.conditions, key, current)
  const row = rowKey('o', bucket.name, key)
  if (bucket.versioning === 'Unversioned') {
    if (current !== undefined) {
      transaction.remove(row)
      await noteEmptied(transaction, bucket.name, key)
      replace(transaction, current, change)
    }
    return { versionId: undefined, isDeleteMarker: false }
  }
  const order = newOrder(current?.order ?? (await newestOrder(transaction, bucket, key)))
  transaction.requireEmpty(newerThan(bucket.name, key, order))
  const isVersioned = bucket.versioning === 'Enabled'
  if (current !== undefined) {
    transaction.remove(row)
    if (isVersioned || current.versionId !== 'null') demote(transaction, bucket.name, current, change)
    else replace(transaction, current, change)
  }
  if (!isVersioned && current?.versionId !== 'null') await dropNullVersion(transaction, bucket.name, key, change)
  const marker = deleteMarker(key, remove.ownerId, order, isVersioned ? order : 'null')
  transaction.put(rowKey('v', bucket.name, key, order), encodeVersion(marker))
  if (!isVersioned) transaction.put(rowKey('n', bucket.name, key), Buffer.from(order))
  return { versionId: marker.versionId, isDeleteMarker: true }
}

export function deleteMarker(key: string, ownerId: string, order: string, versionId: string): StoredVersion {
  return {
    key,
    versionId,
    order,
    isDeleteMarker: true,
    sizeBytes: 0,
    etag: '',
    modifiedAtMs: Date.now(),
    partCount: 0,
    place: { kind: 'opaque', id: '' },
    fileId: '',
    signature: { inode: 0, sizeBytes: 0, mtimeMs: 0 },
    headers: {},
    userMetadata: {},
    storageClass: 'STANDARD',
    ownerId,
  }
}

async function deleteVersion(
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
    await promoteNewest(transaction, bucket.name, key, undefined, change)
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
  if (current === undefined) {
    const newer = newerThan(bucket.name, key, version.order)
    const isTop = (await transaction.scan(newer, { limit: 1 })).length === 0
    if (isTop) {
      transaction.requireEmpty(newer)
      await promoteNewest(transaction, bucket.name, key, version.order, change)
    }
  }
  return { versionId, isDeleteMarker: version.isDeleteMarker }
}

/** With the top of a key gone, the next version becomes current, unless it is a delete marker. */
async function promoteNewest(
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
  const place = isPlainKey(key) && next.place.kind === 'version' ? ({ kind: 'plain' } as const) : next.place
  transaction.remove(row)
  if (next.versionId === 'null') transaction.remove(rowKey('n', bucket, key))
  transaction.put(rowKey('o', bucket, key), encodeVersion({ ...next, place }))
  if (place !== next.place) change.moved.push(next.order)
}
