/** LMDB as the engine uses it: keys and values are bytes, read in place or copied. */
import { open, type RootDatabase, type RootDatabaseOptions, TransactionFlags } from 'lmdb'
import { closeFilesToOthers } from '#lib/files/private-files.ts'
import type { Bytes, Entry, KeyRange } from '#metadata/engine.ts'
import { cut, isStorable } from './keys.ts'

export type Database = RootDatabase<Bytes, Bytes>

/** A transaction that throws, or ends with ABORT, writes nothing. */
export const abortable = TransactionFlags.ABORTABLE | TransactionFlags.SYNCHRONOUS_COMMIT

/** `flushes`: LMDB itself syncs each transaction when it commits. */
export function openDatabase(path: string, { flushes }: { flushes: boolean }): Database {
  const options: RootDatabaseOptions = { cache: false, noSync: !flushes, overlappingSync: false }
  const database = open<Bytes, Bytes>({ path, ...options, ...inPlace })
  closeFilesToOthers(path)
  return database
}

/** For copying the index. */
export function openReadOnly(path: string): Database {
  return open<Bytes, Bytes>({ path, cache: false, readOnly: true, ...inPlace })
}

export function find(database: Database, key: Bytes): Bytes | undefined {
  const found = isStorable(key) ? database.getBinaryFast(key) : undefined
  // It may be the beginning of a longer buffer: its length is kept separately.
  return found === undefined ? undefined : copyOf(found, 0, found.length)
}

/** Whether the entry has this value, without copying it. */
export function isEntry(database: Database, key: Bytes, value: Bytes | undefined): boolean {
  const found = isStorable(key) ? database.getBinaryFast(key) : undefined
  if (found === undefined || value === undefined) return found === value
  const sizeBytes = found.length
  return sizeBytes === value.byteLength && Buffer.prototype.compare.call(value, found, 0, sizeBytes) === 0
}

/** The current entry of a range, valid until the next one. lmdb would copy key and value to return them. */
export const atCursor: { keys: Buffer; start: number; end: number; value: Buffer; valueBytes: number } = {
  keys: Buffer.alloc(0),
  start: 0,
  end: 0,
  value: Buffer.alloc(0),
  valueBytes: 0,
}

const inPlace = {
  keyEncoder: {
    writeKey(key: Bytes, target: Buffer, position: number): number {
      target.set(key, position)
      return position + key.length
    },
    readKey(keys: Buffer, start: number, end: number): undefined {
      atCursor.keys = keys
      atCursor.start = start
      atCursor.end = end
    },
  },
  encoder: {
    encode: (value: Bytes) => value,
    decode(value: Buffer, valueBytes: number): undefined {
      atCursor.value = value
      atCursor.valueBytes = valueBytes
    },
  },
}

/** Small copies use the pool of small buffers: separate memory would cost more than the rest of a read. */
function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start)
  copy.set(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start))
  return copy
}

export const cutRange = ({ start, end }: KeyRange): KeyRange => ({ start: cut(start), end: cut(end) })

export function isEmpty(database: Database, range: KeyRange): boolean {
  const { start, end } = cutRange(range)
  for (const _ of database.getRange({ start, end, limit: 1 })) return false
  return true
}

export function scanDatabase(
  database: Database,
  range: KeyRange,
  { limit = Number.POSITIVE_INFINITY, reverse = false }: { limit?: number; reverse?: boolean },
): Entry[] {
  const { start, end } = cutRange(range)
  const entries: Entry[] = []
  // When reversed, LMDB includes the upper bound and excludes the lower one. Ours are the other way round.
  for (const _ of database.getRange(reverse ? { start: end, reverse } : { start, end, limit })) {
    const key = copyOf(atCursor.keys, atCursor.start, atCursor.end)
    if (reverse && Buffer.compare(key, end) === 0) continue
    if (entries.length >= limit || (reverse && Buffer.compare(key, start) < 0)) break
    entries.push({ key, value: copyOf(atCursor.value, 0, atCursor.valueBytes) })
  }
  return entries
}
