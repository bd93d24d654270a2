/**
 * The additional interface of an engine on the same machine as the files, needed to publish plain files (blobs/files/).
 */
import {
  type Awaitable,
  asBuffer,
  type Bytes,
  type Check,
  type Commit,
  type Committed,
  type Entry,
  type Fold,
  type KeyRange,
  type MetadataEngine,
  type Write,
} from './engine.ts'
import type { Transaction } from './transact.ts'

/**
 * Reads an entry without copying it: its key is `keys` from `start` to `end`, its value is the beginning of `value`,
 * which may be longer. The reader must not keep these bytes, and must not use the engine meanwhile.
 */
export type ReadInPlace<T> = (keys: Buffer, start: number, end: number, value: Buffer) => T

/**
 * A condition outside of the index, checked while no other commit of any process takes effect. `holds` is synchronous
 * and short, and does not throw.
 */
export type LocalCheck = Check | { readonly holds: () => boolean }

/**
 * `rest`: bytes after the value that are also in a file, in case a power loss takes the file. An engine with a log that
 * syncs files before it discards log records keeps them in the log only. Other engines that survive a power loss store
 * them in the value.
 */
export type LocalWrite =
  | Write
  | { readonly key: Bytes; readonly value: Bytes; readonly rest?: readonly Bytes[] | undefined }

/** Reads and writes of an exclusive section. */
export interface Exclusive {
  get(key: Bytes): Bytes | undefined
  /** Entries in order, as of the beginning of the section. */
  scan(range: KeyRange, options?: { limit?: number }): Entry[]
  put(key: Bytes, value: Bytes | undefined): void
}

export interface LocalCommit extends Omit<Commit, 'checks' | 'writes'> {
  readonly checks: readonly LocalCheck[]
  readonly writes: readonly LocalWrite[]
}

export interface LocalEngine extends MetadataEngine {
  commit(commit: LocalCommit): Promise<Committed | undefined>
  /**
   * The results of `read` for up to `limit` entries in order. Like `scan`, for many rows of which only a little is
   * kept.
   */
  scanInPlace<T>(range: KeyRange, limit: number, read: ReadInPlace<T>): Awaitable<T[]>
  /**
   * Runs `section` while no commit of any process takes effect, after everything that this engine committed before the
   * call was flushed: files that the section moves must not survive a commit that is lost. The section is synchronous
   * and short, and its writes are one commit. If it throws, nothing is written and the promise rejects.
   */
  exclusively<T>(section: (view: Exclusive) => T): Promise<T>
  /** Resolves when everything that any process has committed so far is on disk. */
  flush(): Promise<void>
}

export const isLocalEngine = (engine: MetadataEngine): engine is LocalEngine => 'exclusively' in engine

/**
 * Adds a condition outside of the index. The body must check it first: the commit is tried again while it does not
 * hold.
 */
export function requireThat(transaction: Transaction, holds: () => boolean): void {
  const checks: LocalCheck[] = transaction.checks
  checks.push({ holds })
}

/** Puts a value that ends with bytes that are also in a file. */
export function putWithRest(transaction: Transaction, key: Bytes, value: Bytes, rest: readonly Bytes[]): void {
  const writes: LocalWrite[] = transaction.writes
  writes.push({ key, value, rest })
}

/** `scanInPlace`, or the same with `scan` of other engines. `fold` is for engines that support it. */
export function readRows<T>(
  engine: MetadataEngine,
  range: KeyRange,
  limit: number,
  read: ReadInPlace<T>,
  fold?: Fold,
): Awaitable<T[]> {
  if ('scanInPlace' in engine) return (engine as LocalEngine).scanInPlace(range, limit, read)
  const rows = engine.scan(range, { limit, fold })
  const readAll = (entries: Awaited<typeof rows>) =>
    entries.map(({ key, value }) => read(asBuffer(key), 0, key.length, asBuffer(value)))
  return rows instanceof Promise ? rows.then(readAll) : readAll(rows)
}
