/** RenameObject: the current version moves to another key in one commit. Its version id stays in unversioned buckets only. */
import { dirname } from 'node:path'
import { readSame } from '#blobs/files/io/file-operations.ts'
import { decodePending, type Pending, putPending, smallBytesOf } from '#blobs/files/moves/pending.ts'
import { assertRemovable, assertReplaceable } from '#blobs/files/place/replaceable.ts'
import { syncFolderIfThere } from '#lib/files/sync.ts'
import { newOrder } from '#metadata/order.ts'
import { rowKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { Bucket } from '#model/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object.ts'
import { noteEmptied } from './begun-uploads.ts'
import { bucketIn } from './buckets.ts'
import { checkWriteConditions } from './conditions.ts'
import { type StoreContext, transactDurably } from './context.ts'
import type { Store } from './contract.ts'
import { deleteMarker } from './delete.ts'
import { type Change, countUsage, dropNullVersion, makeCurrent, noChange } from './publish.ts'
import { findPlaced } from './read.ts'

type Rename = Parameters<Store['renameObject']>[0]

const attempts = 20

export async function renameObject(context: StoreContext, rename: Rename): Promise<ObjectVersion> {
  const { from, to } = rename
  if (from === to) throw new ApiError('InvalidRequest', { message: 'The source and the destination are the same key.' })
  for (let attempt = 0; attempt < attempts; attempt++) {
    // Looking at it has its file moved to its place; the row that brought it there is done with it.
    const found = await findPlaced(context, rename.bucket.name, from)
    if (found !== undefined) await secureName(context, rename.bucket.name, found)
    const version = await renameVersion(context, rename, found?.order)
    if (version !== undefined) return version
  }
  throw new ApiError('OperationAborted')
}

/** A file that was renamed a moment ago is looked for under its last two names only: the first must be gone for good. */
async function secureName(context: StoreContext, bucket: string, version: StoredVersion): Promise<void> {
  const row = await context.engine.get(rowKey('q', bucket, version.key, version.order))
  if (row === undefined || decodePending(row).source === undefined || context.durability === 'none') return
  await syncFolderIfThere(dirname(context.layout.place(bucket, version.key, version.place)))
}

/** Undefined if the current version is not the one of this order. */
async function renameVersion(
  context: StoreContext,
  rename: Rename,
  order: string | undefined,
): Promise<ObjectVersion | undefined> {
  const { from, to } = rename
  const renamed = await transactDurably(context, async (transaction) => {
    const bucket = await bucketIn(transaction, rename.bucket.name)
    const value = await transaction.get(rowKey('o', bucket.name, from))
    if (value === undefined) throw new ApiError('NoSuchKey', { fields: { Key: from } })
    const source = decodeVersion(from, value)
    if (source.order !== order) return undefined
    checkWriteConditions(rename.sourceConditions, from, source)
    const change = noChange()
    const { order: _, versionId: __, isDeleteMarker: ___, modifiedAtMs: ____, place: _____, ...kept } = source
    const fresh = { ...kept, key: to, checksum: source.checksum, crc64nvme: source.crc64nvme, attributes: source }
    const version = await makeCurrent(transaction, bucket, fresh, rename.conditions, change)
    assertReplaceable(context, bucket.name, version, change)
    if (source.place.kind === 'plain') assertRemovable(context, bucket.name, from)
    transaction.remove(rowKey('o', bucket.name, from))
    await noteEmptied(transaction, bucket.name, from)
    change.objectCount--
    change.sizeBytes -= source.sizeBytes
    const log: Pending[] = []
    log.push({
      bucket: bucket.name,
      key: to,
      order: version.order,
      moved: [...change.moved, version.order],
      removed: change.removed,
      source: { key: from, place: source.place },
      ...(await carryBytes(context, transaction, bucket.name, source)),
      inodes: [source.signature.inode, ...change.replacedInodes],
    })
    // Whoever writes to the old key next must not replace the file before it has been moved.
    log.push({ bucket: bucket.name, key: from, order: version.order, moved: [], removed: [], renamedTo: to })
    if (bucket.versioning !== 'Unversioned') await leaveMarker(transaction, bucket, source, change)
    for (const pending of log) putPending(transaction, pending)
    countUsage(transaction, bucket.name, change)
    return { version, log }
  })
  for (const pending of renamed?.log ?? []) await context.settler.settle(pending)
  return renamed?.version
}

/** Where versions are kept the old key ends with a delete marker, as a delete would leave it. */
async function leaveMarker(
  transaction: Transaction,
  bucket: Bucket,
  source: StoredVersion,
  change: Change,
): Promise<void> {
  const { key } = source
  const isVersioned = bucket.versioning === 'Enabled'
  if (!isVersioned && source.versionId !== 'null') await dropNullVersion(transaction, bucket.name, key, change)
  const order = newOrder(source.order)
  const versionId = isVersioned ? order : 'null'
  transaction.put(
    rowKey('v', bucket.name, key, order),
    encodeVersion(deleteMarker(key, source.ownerId, order, versionId)),
  )
  if (!isVersioned) transaction.put(rowKey('n', bucket.name, key), Buffer.from(order))
}

/** The bytes of a small version may be on disk nowhere but in the log, with the row that brought it to the old key. */
async function carryBytes(
  { layout }: StoreContext,
  transaction: Transaction,
  bucket: string,
  source: StoredVersion,
): Promise<Pick<Pending, 'fileId' | 'bytes'>> {
  const row = await transaction.get(rowKey('q', bucket, source.key, source.order))
  if (row === undefined || smallBytesOf(decodePending(row)) === undefined) return {}
  const bytes = readSame(layout.place(bucket, source.key, source.place), source.signature)
  return bytes === undefined ? {} : { fileId: source.fileId, bytes }
}
