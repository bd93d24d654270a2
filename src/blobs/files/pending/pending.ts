/**
 * The write-ahead log of files. A row names the versions of a key whose files may not be at their recorded places, the
 * files that may have to be removed, and has the bytes of a small file. It stays until the files are durable in their
 * places.
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
  /** Distinguishes the file from a later one with the same inode. Missing in rows of older releases. */
  readonly mtimeMs?: number
}

export interface Pending {
  readonly bucket: string
  readonly key: string
  /** Distinguishes the rows of a key; later rows sort first. */
  readonly order: string
  /** Orders of the versions whose files move, in this sequence: a file that makes room for another comes first. */
  readonly moved: readonly string[]
  readonly removed: readonly RemovedFile[]
  /** A finished upload whose folder is to be removed. */
  readonly uploadId?: string | undefined
  /** Id of the file in `staging/` with the new version's bytes. */
  readonly fileId?: string
  /** Inodes of the new version's file and of the plain file that it replaces: it may replace no other file. */
  readonly inodes?: readonly number[]
  /** The old place of a renamed version's file. */
  readonly source?: { readonly key: string; readonly place: Place }
  /** The new key of a renamed object: the row that moves the file is there. */
  readonly renamedTo?: string
  /**
   * Bytes of a small new version. If the engine keeps them only in its log (`rest` of Write), the row has only their
   * number.
   */
  readonly bytes?: Bytes | undefined
  readonly smallBytes?: number
}

export const pendingKey = ({ bucket, key, order }: Pick<Pending, 'bucket' | 'key' | 'order'>): Buffer =>
  rowKey('q', bucket, key, order)

/** The range of the rows of its key that were written before it. */
export const olderRows = ({ bucket, key, order }: Pending): KeyRange => rowsFrom({ bucket, key, order: `${order}\0` })

/** The range of a key's rows from this order to the oldest. An empty order is newer than every other. */
export const rowsFrom = ({ bucket, key, order }: Pick<Pending, 'bucket' | 'key' | 'order'>): KeyRange => ({
  start: rowKey('q', bucket, key, order),
  // Sorts after every order.
  end: rowKey('q', bucket, key, 'g'),
})

/** The range of the rows of the key that are newer, and are played after it. */
export const newerRows = ({ bucket, key, order }: Pick<Pending, 'bucket' | 'key' | 'order'>): KeyRange => ({
  start: rowsOf('q', bucket, key).start,
  end: rowKey('q', bucket, key, order),
})

/** The size of a small new version; undefined for a large one. */
export const smallBytesOf = ({ bytes, smallBytes }: Pending): number | undefined => bytes?.byteLength ?? smallBytes

/** Writes the row. Its bytes go to the engine's log, if it has one. */
export function putPending(transaction: Transaction, pending: Pending): void {
  const [row, ...rest] = encodePending(pending)
  putWithRest(transaction, pendingKey(pending), row, rest)
}

/** The marker before the bytes of a row that has bytes. */
const bytesFollow = Buffer.from([1])

/** A row in pieces, so that the bytes need not be copied. */
export function encodePending(pending: Pending): [row: Buffer, ...rest: Bytes[]] {
  const { bucket, key, order, moved, removed, uploadId, fileId, inodes, source, renamedTo, bytes } = pending
  const smallBytes = smallBytesOf(pending)
  // Each field is named, since V8 is slow at replacing a field of a spread object.
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

/** Inodes of the plain files that the new versions of these rows replace. They belong to no version any more. */
export const replacedInodesOf = (rows: readonly Pending[]): number[] =>
  rows.flatMap(({ inodes = [] }) => inodes.slice(1))

/** Inodes of the files that these rows name: these were not created by hand. */
export function inodesOf(rows: readonly Pending[]): Set<number> {
  return new Set(rows.flatMap(({ inodes = [], removed }) => [...inodes, ...removed.map(({ inode }) => inode)]))
}
