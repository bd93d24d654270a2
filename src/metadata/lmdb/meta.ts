/**
 * LMDB's meta pages: the first two of its file. The one with the higher transaction id contains the positions of all
 * data. Pages that it refers to are not overwritten while a reader holds its transaction, or an older one, open. So a
 * copy of the meta page is enough to return to that transaction (MDB_meta in liblmdb/mdb.c).
 */
import fs from 'node:fs'
import { join } from 'node:path'

const magic = 0xbeefc0de
/** The length of a page's header, by version of the format. */
const headerBytes = [24, 16]
const metaBytes = 144
const pageSizeAt = 24
const lastPageAt = 120
const transactionIdAt = 128
const metaPages = 2
/** Offsets of the numbers of branch, leaf and overflow pages: for the list of free pages, and for the entries. */
const pageCountsAt = [32, 40, 48, 80, 88, 96]
const entriesAt = 104

export const dataFile = (folder: string): string => join(folder, 'data.mdb')

interface MetaPages {
  readonly metas: readonly Buffer[]
  readonly offsets: readonly number[]
}

/** The meta page of the last transaction. Only under LMDB's write lock: otherwise it may be incomplete. */
export function readMeta(file: number): Buffer {
  const [first, second] = readMetaPages(file).metas as [Buffer, Buffer]
  return first.readBigUInt64LE(transactionIdAt) > second.readBigUInt64LE(transactionIdAt) ? first : second
}

/** The length of the file that all pages of its meta page need. The very last pages may never have been written. */
export function pagesNeeded(meta: Buffer): number {
  const pages = Number(meta.readBigUInt64LE(lastPageAt)) + 1
  return pages * meta.readUInt32LE(pageSizeAt)
}

/**
 * The size of the file and the part in use, as of the last transaction. Without a lock it may be that of another
 * transaction.
 */
export function readUsage(file: number): { fileBytes: number; liveBytes: number; entries: number } {
  const meta = readMeta(file)
  const pages = pageCountsAt.reduce((sum, at) => sum + Number(meta.readBigUInt64LE(at)), metaPages)
  const liveBytes = pages * meta.readUInt32LE(pageSizeAt)
  return { fileBytes: fs.fstatSync(file).size, liveBytes, entries: Number(meta.readBigUInt64LE(entriesAt)) }
}

/** Only while no process has LMDB open. */
export function writeMeta(file: number, meta: Buffer): void {
  for (const offset of readMetaPages(file).offsets) fs.writeSync(file, meta, 0, meta.length, offset)
  fs.fdatasyncSync(file)
}

function readMetaPages(file: number): MetaPages {
  const header = headerBytes.find((offset) => readAt(file, offset).readUInt32LE(0) === magic)
  if (header === undefined) throw new Error('the index is not an LMDB file')
  const offsets = [header, header + readAt(file, header).readUInt32LE(pageSizeAt)]
  return { offsets, metas: offsets.map((offset) => readAt(file, offset)) }
}

function readAt(file: number, offset: number): Buffer {
  const bytes = Buffer.alloc(metaBytes)
  fs.readSync(file, bytes, 0, metaBytes, offset)
  return bytes
}
