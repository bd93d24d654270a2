/**
 * The write-ahead log of files. A row says: the files of these versions of this key may not be where their records say, these files
 * may have to go, and here are the bytes of a small one. It stays until the files are durably in their places.
 */

import { type Place, placeOf } from '#blobs/files/place/file-ref.ts'
import type { BlobRef } from '#metadata/blob-ref.ts'
import { asBuffer, type Bytes, type KeyRange } from '#metadata/engine.ts'
import { putWithRest } from '#metadata/local-engine.ts'
import { rowKey, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'

export interface RemovedFile {
  readonly place: Place
  readonly fileId: string
  readonly inode: number
  /** Tells the file from a later one with the same inode. Missing in rows of older releases. */
  readonly mtimeMs?: number
}

export interface Pending {
  readonly bucket: string
  readonly key: string
  /** Distinguishes the rows of a key; later rows sort first. */
  readonly order: string
  /** Orders of the versions whose files move, in the order of moving: what makes room comes first. */
  readonly moved: readonly string[]
  readonly removed: readonly RemovedFile[]
  /** Folder of a finished upload, to be removed. */
  readonly uploadId?: string | undefined
  /** File that holds the new version's bytes until it is moved: an id in `staging/`. */
  readonly fileId?: string
  /** Inodes of the new version's file and of the plain file that it replaces: no other may be in its place before. */
  readonly inodes?: readonly number[]
  /** Where a renamed version's file comes from. */
  readonly source?: { readonly key: string; readonly place: Place }
  /** Key under which the row is that moves a file away from this one. */
  readonly renamedTo?: string
  /** Bytes of a small new version. Without them, where the engine has those in its log alone (Write's `rest`), the row has their number. */
  readonly bytes?: Bytes | undefined
  readonly smallBytes?: number
}

export const pendingKey = ({ bucket, key, order }: Pick<Pending, 'bucket' | 'key' | 'order'>): Buffer =>
  rowKey('q', bucket, key, order)

/** Of the rows of its key that were written before it. */
export const olderRows = ({ bucket, key, order }: Pending): KeyRange => rowsFrom({ bucket, key, order: `${order}\0` })

/** Of the rows of a key from this order on to the oldest; an empty order is newer than every other. */
export const rowsFrom = ({ bucket, key, order }: Pick<Pending, 'bucket' | 'key' | 'order'>): KeyRange => ({
  start: rowKey('q', bucket, key, order),
  // Above every order.
  end: rowKey('q', bucket, key, 'g'),
})

/** Rows of the key that sort before it, and would be played after it. */
export const newerRows = ({ bucket, key, order }: Pick<Pending, 'bucket' | 'key' | 'order'>): KeyRange => ({
  start: rowsOf('q', bucket, key).start,
  end: rowKey('q', bucket, key, order),
})

/** How many bytes a small new version has; undefined of a large one. */
export const smallBytesOf = ({ bytes, smallBytes }: Pending): number | undefined => bytes?.byteLength ?? smallBytes

/** Puts the row; its bytes go to the engine's log, if it has one. */
export function putPending(transaction: Transaction, pending: Pending): void {
  const [row, ...rest] = encodePending(pending)
  putWithRest(transaction, pendingKey(pending), row, rest)
}

/** Before the bytes of a row that has any. */
const bytesFollow = Buffer.from([1])

/** A row in pieces: the bytes as they are, after what is known without them. */
export function encodePending(pending: Pending): [row: Buffer, ...rest: Bytes[]] {
  const { bucket, key, order, moved, removed, uploadId, fileId, inodes, source, renamedTo, bytes } = pending
  const smallBytes = smallBytesOf(pending)
  // Not by spreading: V8 has no quick way to replace a field of what was spread.
  const fields = { bucket, key, order, moved, removed, uploadId, fileId, inodes, source, renamedTo, smallBytes }
  const json = JSON.stringify(fields)
  const jsonBytes = Buffer.byteLength(json)
  const row = Buffer.allocUnsafe(4 + jsonBytes)
  row.writeUInt32LE(jsonBytes, 0)
  row.write(json, 4)
  return bytes === undefined ? [row] : [row, bytesFollow, bytes]
}

export function decodePending(value: Bytes): Pending {
  const row = asBuffer(value)
  const jsonEnd = 4 + row.readUInt32LE(0)
  const pending = JSON.parse(row.toString('utf8', 4, jsonEnd)) as Pending
  return row.length > jsonEnd ? { ...pending, bytes: row.subarray(jsonEnd + 1) } : pending
}

export const removedFile = (ref: BlobRef): RemovedFile => ({
  place: placeOf(ref),
  fileId: ref.id,
  inode: ref.stamp,
  mtimeMs: ref.secondStamp,
})

/** Inodes of the plain files that the new versions of these rows were to replace: of no version any more. */
export const replacedInodesOf = (rows: readonly Pending[]): number[] =>
  rows.flatMap(({ inodes = [] }) => inodes.slice(1))

/** Inodes of the files that these rows tell of: none of them was made by hand. */
export function inodesOf(rows: readonly Pending[]): Set<number> {
  return new Set(rows.flatMap(({ inodes = [], removed }) => [...inodes, ...removed.map(({ inode }) => inode)]))
}
