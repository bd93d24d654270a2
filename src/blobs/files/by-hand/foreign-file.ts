/**
 * Files that a user created, changed or removed in a bucket's folder. If the bytes are the same, only the file
 * signature in the record is updated, so that a restored backup keeps its metadata. Other bytes are reported to the
 * store above, which decides in one commit.
 */
import type { Adoption, Foreign } from '#blobs/contract/foreign.ts'
import { keptCrc64nvmeOf } from '#blobs/contract/kept-bytes.ts'
import { digestFile, type FileDigests, hasSameBytes, planFor } from '#blobs/files/checks/file-digests.ts'
import { badBytes } from '#blobs/files/checks/verify.ts'
import type { FilesContext } from '#blobs/files/context.ts'
import { findFileSafely, isSameFile } from '#blobs/files/io/file-operations.ts'
import { isNowhere } from '#blobs/files/moves/find-file.ts'
import { locate } from '#blobs/files/moves/locate.ts'
import { decodePending, inodesOf, type Pending } from '#blobs/files/pending/pending.ts'
import { fileRef, isPlain, isSameRef, placeOf, withSignature } from '#blobs/files/place/file-ref.ts'
import { isInside } from '#blobs/files/place/inside.ts'
import { requireThat } from '#metadata/local-engine.ts'
import { randomId } from '#metadata/order.ts'
import { rowKey, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'

/** A mismatch that a reader has found: a file that does not belong to the record, or a record without a file. */
export interface Suspect {
  readonly bucket: string
  readonly key: string
  /** The record that was read; undefined if there was none. */
  readonly known: StoredVersion | undefined
  /** The current version's record, if its bytes are kept aside. The plain file does not belong to it. */
  readonly aside?: StoredVersion | undefined
  /** Rows of the key that were played before the file was examined: their moves are finished. */
  readonly played: readonly Pending[]
}

/**
 * Examines the file at the place of the known record, or the plain file of a key without a record. A file behind a
 * symbolic link counts as missing. Everything that the decision depends on is checked again under the index's write
 * lock.
 */
export async function examineFile(context: FilesContext, suspect: Suspect): Promise<Adoption> {
  const { layout, log } = context
  const { bucket, key, known, aside } = suspect
  const path = known === undefined ? layout.plain(bucket, key) : layout.place(bucket, key, placeOf(known.blob))
  const isAtKey = known === undefined || isPlain(known.blob)
  if (isAtKey && !isInside(layout.bucket(bucket), path)) return 'none'
  const there = findFileSafely(path)
  if (there === undefined) return 'none'
  // A file that could not be moved aside still belongs to its version.
  if (isAtKey && (isOurs(there.inode, suspect.played, known) || there.inode === aside?.blob.stamp)) return 'ours'
  const read = await digestFile(path, await planFor(context.engine, known))
  if (read === undefined) return 'none'
  if (known !== undefined && hasSameBytes(known, read)) return refreshRecord(context, bucket, known, path, read)
  if (known !== undefined && (!isAtKey || isDamaged(known, read))) {
    if (!(await isStillWrong(context, bucket, known, path, read))) return 'changed'
    const message = 'the bytes of a stored version have changed; it is not served'
    log.error({ bucket, key, versionId: known.versionId }, message)
    throw badBytes(bucket, key, 'are not those that were stored')
  }
  return context.owner.onForeign(foreignFile(suspect, path, read))
}

function foreignFile({ bucket, key, known, aside, played }: Suspect, path: string, read: FileDigests): Foreign {
  const { signature, digests } = read
  const ref = fileRef(`adopted-${randomId(12)}`, 'plain', signature)
  const isThere = () => isStillThere(path, read)
  const playedOrders = new Set(played.map(({ order }) => order))
  return {
    bucket,
    key,
    known,
    aside,
    found: { ref, sizeBytes: signature.sizeBytes, digests },
    async confirm(transaction) {
      if (!(await isStillCurrent(transaction, bucket, key, known ?? aside)) || !isThere()) return 'changed'
      // The key may have been written and deleted since the record was read: then there are rows, or the file is a
      // different one.
      const range = rowsOf('q', bucket, key)
      const rows = await transaction.scan(range)
      const pendings = rows.map(({ value }) => decodePending(value))
      if (pendings.some(({ order }) => !playedOrders.has(order))) return 'changed'
      if (isOurs(signature.inode, pendings, known)) return 'ours'
      transaction.requireNoMore(range, rows)
      requireThat(transaction, isThere)
      return 'same'
    },
  }
}

/** The file of a record is missing. If it was a plain file, it was removed by hand. */
export async function examineAbsence(
  context: FilesContext,
  { bucket, key, known, played }: Suspect & { known: StoredVersion },
): Promise<Adoption> {
  const { log, engine, layout } = context
  const path = layout.place(bucket, key, placeOf(known.blob))
  // If there is another file now, the first one was replaced and not removed.
  const isGone = () => findFileSafely(path) === undefined && isNowhere(layout, bucket, known, played)
  if (!isPlain(known.blob)) {
    const isLost = await engine.exclusively((view) => {
      const located = locate(view, bucket, key, known.order)
      return located !== undefined && isSameRef(located.version.blob, known.blob) && isGone()
    })
    if (!isLost) return 'changed'
    log.error({ bucket, key, versionId: known.versionId }, 'the bytes of a stored version are missing')
    throw badBytes(bucket, key, 'are missing')
  }
  return context.owner.onForeign({
    bucket,
    key,
    known,
    found: undefined,
    async confirm(transaction) {
      if (!(await isStillCurrent(transaction, bucket, key, known)) || !isGone()) return 'changed'
      requireThat(transaction, isGone)
      return 'same'
    },
  })
}

/** Whether the key's current version is still the known one, or there is still none. */
async function isStillCurrent(
  transaction: Transaction,
  bucket: string,
  key: string,
  known: StoredVersion | undefined,
): Promise<boolean> {
  const row = await transaction.get(rowKey('o', bucket, key))
  if (row === undefined || known === undefined) return row === known
  const current = decodeVersion(key, row)
  return current.order === known.order && isSameRef(current.blob, known.blob)
}

/**
 * Whether the rows of the key name this file, and it is not the current version's: a writer still has to move or remove
 * it. The rows at the old key of a renamed object do not name the file. If the current version's own file has another
 * time, it was changed by hand.
 */
export function isOurs(inode: number, rows: readonly Pending[], current: StoredVersion | undefined): boolean {
  if (inode === current?.blob.stamp) return false
  return inodesOf(rows).has(inode) || rows.some(({ renamedTo }) => renamedTo !== undefined)
}

/** A program that changes a file also changes its time; a copy keeps the time. */
export const isDamaged = (known: StoredVersion, { signature }: FileDigests): boolean =>
  signature.sizeBytes === known.blob.sizeBytes && signature.mtimeMs === known.blob.secondStamp

const isStillThere = (path: string, { signature }: FileDigests): boolean => {
  const there = findFileSafely(path)
  return there !== undefined && isSameFile(there, signature)
}

/** For the same bytes in another file: a restored copy, or a file whose time was changed. */
export async function refreshRecord(
  { engine }: FilesContext,
  bucket: string,
  known: StoredVersion,
  path: string,
  read: FileDigests,
): Promise<Adoption> {
  const crc64nvme = read.digests.get('CRC64NVME')?.toString('base64')
  return engine.exclusively((view) => {
    const located = locate(view, bucket, known.key, known.order)
    const isSame = located !== undefined && isSameRef(located.version.blob, known.blob)
    if (!isSame || !isStillThere(path, read)) return 'changed'
    const { version, row } = located
    const isBare = crc64nvme !== undefined && keptCrc64nvmeOf(version) === undefined
    const refreshed = {
      ...version,
      ...(isBare ? { crc64nvme } : {}),
      blob: withSignature(version.blob, read.signature),
    }
    view.put(row, encodeVersion(refreshed))
    return 'adopted'
  })
}

/** Whether the record and the file are still the ones of the mismatch. */
export function isStillWrong(
  { engine }: FilesContext,
  bucket: string,
  known: StoredVersion,
  path: string,
  read: FileDigests,
): Promise<boolean> {
  return engine.exclusively((view) => {
    const located = locate(view, bucket, known.key, known.order)
    return located !== undefined && isSameRef(located.version.blob, known.blob) && isStillThere(path, read)
  })
}
