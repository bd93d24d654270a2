/**
 * RenameObject: the current version moves to another key in one commit. It keeps its version id in unversioned buckets
 * only.
 */
import type { AsideReason } from '#metadata/blob-ref.ts'
import { newOrder } from '#metadata/order.ts'
import { rowKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { usedBytes } from '#model/object/annotation-set.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { StoreContext } from '#store/context.ts'
import type { Store } from '#store/contract.ts'
import { findSettled } from '#store/reads/read.ts'
import { noteEmptied } from '#store/uploads/begun-uploads.ts'
import { rewrapped } from './change-version.ts'
import { type Change, commitChange, noChange } from './commit-change.ts'
import { checkWriteConditions } from './conditions.ts'
import { deleteMarker } from './delete.ts'
import { dropNullVersion, makeCurrent, type NewVersion } from './publish.ts'

type Rename = Parameters<Store['renameObject']>[0]

const attempts = 20

export async function renameObject(context: StoreContext, rename: Rename): Promise<ObjectVersion> {
  const { bucket, from, to } = rename
  if (from === to) throw new ApiError('InvalidRequest', { message: 'The source and the destination are the same key.' })
  if (bucket.versioning !== 'Unversioned') await context.blobs.prepareChange(bucket.name, to)
  for (let attempt = 0; attempt < attempts; attempt++) {
    const found = await findSettled(context, bucket.name, from)
    const version = await renameVersion(context, rename, found?.order)
    if (version !== undefined) return version
  }
  throw new ApiError('OperationAborted')
}

/** Undefined if the current version has another order. */
function renameVersion(
  context: StoreContext,
  rename: Rename,
  order: string | undefined,
): Promise<ObjectVersion | undefined> {
  const { from, to } = rename
  const { blobs } = context
  const options = { origin: rename.origin, cause: 'Rename', isAwaited: true } as const
  return commitChange(context, rename.bucket.name, options, async (transaction, bucket) => {
    const value = await transaction.get(rowKey('o', bucket.name, from))
    if (value === undefined) throw new ApiError('NoSuchKey', { fields: { Key: from } })
    const source = decodeVersion(from, value)
    if (source.order !== order) return { result: undefined, change: undefined }
    checkWriteConditions(rename.sourceConditions, from, source)
    const { encryption } = rewrapped(source, rename.rewrap)
    const change = noChange(bucket.name, to, context)
    const blobOf = (aside: AsideReason | undefined) => blobs.asRenamed(to, source.blob, aside)
    const fresh = { ...freshOf(source, to), encryption, blobOf }
    const version = await makeCurrent(context, transaction, bucket, fresh, rename.conditions, change)
    change.arrived = { ref: version.blob, renamedFrom: { key: from, order: source.order, ref: source.blob } }
    // A protected version keeps its key and its id.
    if (source.lock !== undefined) change.unlocked.push(source.lock)
    transaction.remove(rowKey('o', bucket.name, from))
    await noteEmptied(transaction, bucket.name, from)
    change.objectCount--
    change.sizeBytes -= usedBytes(source)
    if (bucket.versioning === 'Unversioned') change.happened.push({ what: 'removed', version: source })
    else await leaveMarker(transaction, bucket, source, change)
    return { result: version, change }
  })
}

/** The source as a new version of the other key, with its bytes and attributes, except its lock. */
function freshOf({ lock: _, ...source }: StoredVersion, key: string): Omit<NewVersion, 'blobOf'> {
  const { sizeBytes, etag, partCount, checksum, crc64nvme, annotations } = source
  return { key, sizeBytes, etag, partCount, checksum, crc64nvme, annotations, attributes: source }
}

/** If versions are kept, the old key gets a delete marker, as after a delete. */
async function leaveMarker(
  transaction: Transaction,
  bucket: Bucket,
  source: StoredVersion,
  change: Change,
): Promise<void> {
  const { key } = source
  const isVersioned = bucket.versioning === 'Enabled'
  if (!isVersioned && source.versionId !== 'null') await dropNullVersion(transaction, bucket.name, key, change)
  const order = newOrder(source.order, change.atMs)
  const marker = deleteMarker(key, source.ownerId, order, isVersioned ? order : 'null', change.atMs)
  transaction.put(rowKey('v', bucket.name, key, order), encodeVersion(marker))
  change.happened.push({ what: 'marked', version: marker })
  if (!isVersioned) transaction.put(rowKey('n', bucket.name, key), Buffer.from(order))
}
