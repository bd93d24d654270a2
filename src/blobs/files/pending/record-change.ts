/**
 * The row of a change: which files to move or remove. A change that is impossible is refused before anything is
 * changed.
 */
import { type BlobChange, type MovedBlob, NotSettled } from '#blobs/contract/blob-change.ts'
import type { FilesContext } from '#blobs/files/context.ts'
import { readSame } from '#blobs/files/io/file-operations.ts'
import { isPlain, type Place, placeOf, signatureIn } from '#blobs/files/place/file-ref.ts'
import { assertRemovable, assertReplaceable } from '#blobs/files/place/replaceable.ts'
import type { BlobRef } from '#metadata/blob-ref.ts'
import { rowKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodePending, type Pending, putPending, type RemovedFile, removedFile, smallBytesOf } from './pending.ts'

export interface RecordedChange {
  readonly pending: Pending
  /**
   * The row at a renamed object's old key: the next writer of that key must not replace the file before it has been
   * moved.
   */
  readonly leaving: Pending | undefined
  /** The place of the new version. */
  readonly place: Place | undefined
}

export async function recordChange(
  context: FilesContext,
  transaction: Transaction,
  change: BlobChange,
): Promise<RecordedChange | undefined> {
  const { bucket, key, order, arrived } = change
  assertSettled(change)
  const isInPlace = arrived?.isInPlace === true && isPlain(arrived.ref)
  if (!isInPlace) assertPossible(context, change)
  const { moved, removed, replacedInodes } = filesOf(change)
  // An adopted file stays in its place, unless its version has to be kept aside.
  if (arrived?.isInPlace === true && !isInPlace) moved.push(order)
  if (arrived === undefined || arrived.isInPlace === true) {
    if (moved.length === 0 && removed.length === 0) return undefined
    const pending = { bucket, key, order, moved, removed }
    putPending(transaction, pending)
    return { pending, leaving: undefined, place: undefined }
  }
  moved.push(order)
  const { ref, renamedFrom, uploadId } = arrived
  const inodes = [ref.stamp, ...replacedInodes]
  const place = placeOf(ref)
  if (renamedFrom === undefined) {
    const pending = { bucket, key, order, moved, removed, fileId: ref.id, inodes, bytes: arrived.bytes, uploadId }
    putPending(transaction, pending)
    return { pending, leaving: undefined, place }
  }
  const source = { key: renamedFrom.key, place: placeOf(renamedFrom.ref) }
  const carried = await carryBytes(context, transaction, bucket, renamedFrom)
  const pending = { bucket, key, order, moved, removed, source, ...carried, inodes }
  const leaving = { bucket, key: renamedFrom.key, order, moved: [], removed: [], renamedTo: key }
  for (const row of [pending, leaving]) putPending(transaction, row)
  return { pending, leaving, place }
}

/**
 * Throws NotSettled. A write moves only its own file. If a renamed file were still on its way to this key, the write
 * would leave it at its old path.
 */
function assertSettled({ bucket, key, arrived, moved, relocked, gone }: BlobChange): void {
  for (const { order, ref } of [...gone, ...relocked]) if (ref.isArriving) throw new NotSettled(bucket, key, order)
  for (const { order, from } of moved) if (from.isArriving) throw new NotSettled(bucket, key, order)
  const source = arrived?.renamedFrom
  if (source?.ref.isArriving) throw new NotSettled(bucket, source.key, source.order)
}

/** AccessDenied if the server may not change a file in a folder. */
function assertPossible(context: FilesContext, { bucket, key, arrived, moved, gone }: BlobChange): void {
  const vacatesPlain =
    gone.some(({ ref }) => isPlain(ref)) || moved.some(({ from, to }) => isPlain(from) && !isPlain(to))
  if (vacatesPlain) assertRemovable(context, bucket, key)
  else if (arrived !== undefined && isPlain(arrived.ref)) assertReplaceable(context, bucket, key)
  const from = arrived?.renamedFrom
  if (from !== undefined && isPlain(from.ref)) assertRemovable(context, bucket, from.key)
}

function filesOf({ arrived, moved, relocked, gone }: BlobChange): {
  moved: string[]
  removed: RemovedFile[]
  replacedInodes: number[]
} {
  const isOther = ({ from, to }: MovedBlob) => from.kind !== to.kind || from.aside !== to.aside
  const orders = moved.filter(isOther).map(({ order }) => order)
  // Their files stay in place; their lock records change.
  orders.push(...relocked.map(({ order }) => order))
  // The new file replaces the old one: there is nothing to remove.
  const replaced = arrived !== undefined && isPlain(arrived.ref) ? gone.find(({ ref }) => isPlain(ref)) : undefined
  const removed = gone.filter((one) => one !== replaced).map(({ ref }) => removedFile(ref))
  return { moved: orders, removed, replacedInodes: replaced === undefined ? [] : [replaced.ref.stamp] }
}

/**
 * The bytes of a small version may be durable only in the log, in the row at its old key: the new row gets them as
 * well.
 */
async function carryBytes(
  { layout }: FilesContext,
  transaction: Transaction,
  bucket: string,
  { key, order, ref }: { readonly key: string; readonly order: string; readonly ref: BlobRef },
): Promise<Pick<Pending, 'fileId' | 'bytes'>> {
  const row = await transaction.get(rowKey('q', bucket, key, order))
  if (row === undefined || smallBytesOf(decodePending(row)) === undefined) return {}
  const bytes = readSame(layout.place(bucket, key, placeOf(ref)), signatureIn(ref))
  return bytes === undefined ? {} : { fileId: ref.id, bytes }
}
