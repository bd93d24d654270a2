/** What only an engine on the same machine as the files can offer. Plain files are published through it (blobs/files/). */
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
 * Reads an entry where the engine has it: its key from `start` up to `end` of `keys`, its value from the start of `value`, which may
 * be longer. None of these bytes is the reader's to keep, and the engine is not to be asked anything meanwhile.
 */
export type ReadInPlace<T> = (keys: Buffer, start: number, end: number, value: Buffer) => T

/**
 * A fact outside the index that is asked for while no other commit of any process takes effect. `holds` is synchronous and short, and does
 * not throw.
 */
export type LocalCheck = Check | { readonly holds: () => boolean }

/**
 * `rest`: bytes that follow the value, and that a file has as well, for a power loss that may have taken the file. An engine that keeps
 * a log, and syncs files before it lets go of that, needs them there alone; any other that outlives a power loss has them in the value.
 */
export type LocalWrite =
  | Write
  | { readonly key: Bytes; readonly value: Bytes; readonly rest?: readonly Bytes[] | undefined }

/** Reads and writes of one exclusive section. */
export interface Exclusive {
  get(key: Bytes): Bytes | undefined
  /** Entries in order, as they were when the section began. */
  scan(range: KeyRange, options?: { limit?: number }): Entry[]
  put(key: Bytes, value: Bytes | undefined): void
}

export interface LocalCommit extends Omit<Commit, 'checks' | 'writes'> {
  readonly checks: readonly LocalCheck[]
  readonly writes: readonly LocalWrite[]
}

export interface LocalEngine extends MetadataEngine {
  commit(commit: LocalCommit): Promise<Committed | undefined>
  /** What `read` makes of up to `limit` entries in order: as `scan`, for many rows of which little is kept. */
  scanInPlace<T>(range: KeyRange, limit: number, read: ReadInPlace<T>): Awaitable<T[]>
  /**
   * Runs `section` while no commit of any process takes effect, and after the flush of what this engine committed before it was
   * asked: files that it moves cannot outlive the commit that they are moved for. It is synchronous and short; what it writes is one
   * commit. A section that throws writes nothing, and the promise rejects.
   */
  exclusively<T>(section: (view: Exclusive) => T): Promise<T>
  /** Everything that any process has committed so far is on disk afterwards. */
  flush(): Promise<void>
}

export const isLocalEngine = (engine: MetadataEngine): engine is LocalEngine => 'exclusively' in engine

/** Adds a fact outside the index. A body looks at it first: the commit is tried again as long as it does not hold. */
export function requireThat(transaction: Transaction, holds: () => boolean): void {
  const checks: LocalCheck[] = transaction.checks
  checks.push({ holds })
}

/** Puts a value whose last bytes are also in a file. */
export function putWithRest(transaction: Transaction, key: Bytes, value: Bytes, rest: readonly Bytes[]): void {
  const writes: LocalWrite[] = transaction.writes
  writes.push({ key, value, rest })
}

/** `scanInPlace`, or the same over an engine that only has `scan`. `fold` is for those that can. */
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
