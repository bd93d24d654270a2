/**
 * Restores a version of another store of this program as the newest of its key: its record is unchanged, and its bytes
 * are new here. The versions of a key are restored in their order, oldest first.
 */
import type { StagedBlob } from '#blobs/contract/incoming.ts'
import { noBlob } from '#metadata/blob-ref.ts'
import { rowKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { usedBytes } from '#model/object/annotation-set.ts'
import { asideReason } from '#store/changes/aside.ts'
import { type Change, commitChange, noChange } from '#store/changes/commit-change.ts'
import { demote, newerThan } from '#store/changes/publish.ts'
import type { StoreContext } from '#store/context.ts'

export interface RestoredVersion {
  /** The version in the other store. */
  readonly version: StoredVersion
  /** Its stored bytes; undefined for a delete marker. */
  readonly staged: StagedBlob | undefined
  /** The row of its parts. */
  readonly parts: Uint8Array | undefined
}

/** Whether the version is here already. */
export async function isRestored(
  { engine }: Pick<StoreContext, 'engine'>,
  bucket: string,
  { key, order }: StoredVersion,
): Promise<boolean> {
  const [current, older] = await engine.getMany([rowKey('o', bucket, key), rowKey('v', bucket, key, order)])
  return older !== undefined || (current !== undefined && decodeVersion(key, current).order === order)
}

/** Takes over staged bytes, also when it throws. */
export async function restoreVersion(context: StoreContext, bucket: string, restored: RestoredVersion): Promise<void> {
  const { blobs } = context
  const { version, staged } = restored
  const { key, order } = version
  const discard = () => staged && blobs.discard(staged)
  // Quota and listeners are ignored: the version has only moved.
  const options = { origin: undefined, cause: 'FileSystem', isAwaited: false, discard } as const
  await commitChange(context, bucket, options, async (transaction) => {
    const change = noChange(bucket, key, context)
    change.order = order
    await makeRoom(context, transaction, version, change)
    if (version.isDeleteMarker) putMarker(transaction, bucket, version)
    else putCurrent(context, transaction, restored, change)
    return { result: undefined, change }
  })
}

async function makeRoom(
  { blobs }: StoreContext,
  transaction: Transaction,
  { key, order }: StoredVersion,
  change: Change,
): Promise<void> {
  const row = rowKey('o', change.bucket, key)
  const value = await transaction.get(row)
  transaction.requireEmpty(newerThan(change.bucket, key, order))
  if (value === undefined) return
  const current = decodeVersion(key, value)
  if (current.order <= order) throw new Error(`a newer version of ${change.bucket}/${key} is there already`)
  transaction.remove(row)
  demote(blobs, transaction, change.bucket, current, change)
}

function putMarker(transaction: Transaction, bucket: string, marker: StoredVersion): void {
  const { key, order, versionId } = marker
  transaction.put(rowKey('v', bucket, key, order), encodeVersion({ ...marker, blob: noBlob }))
  if (versionId === 'null') transaction.put(rowKey('n', bucket, key), Buffer.from(order))
}

function putCurrent(
  { blobs }: StoreContext,
  transaction: Transaction,
  { version, staged, parts }: RestoredVersion,
  change: Change,
): void {
  if (staged === undefined) throw new Error('a version has bytes')
  const { key } = version
  // The checksum of encrypted bytes belongs to these bytes, wherever they are.
  const { detail } = version.encryption === undefined ? {} : version.blob
  const blob = blobs.asCurrent(key, { ...staged.ref, ...(detail !== undefined && { detail }) }, asideReason(version))
  transaction.put(rowKey('o', change.bucket, key), encodeVersion({ ...version, blob }))
  if (parts !== undefined) transaction.put(rowKey('m', blob.id), parts)
  change.arrived = { ref: blob, bytes: staged.bytes }
  change.objectCount++
  change.sizeBytes += usedBytes(version)
}
