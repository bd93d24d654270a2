/**
 * The interface of the index: a small ordered key-value store. Keys and values are bytes; keys sort as unsigned bytes.
 * Every engine passes test/metadata/engine-contract.ts.
 */
export type Bytes = Uint8Array

/** The same bytes, not a copy. */
export const asBuffer = (bytes: Bytes): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export type Awaitable<T> = T | Promise<T>

/** Keys k with start <= k < end. */
export interface KeyRange {
  readonly start: Bytes
  readonly end: Bytes
}

export interface Entry {
  readonly key: Bytes
  readonly value: Bytes
}

/**
 * A condition that must hold when a commit takes effect: an entry as it was read, a range without entries, or numbers
 * of a counter row that are not above these, before this commit adds to them.
 */
export type Check =
  | { readonly key: Bytes; readonly is: Bytes | undefined }
  | { readonly empty: KeyRange }
  | { readonly counter: Bytes; readonly atMost: Readonly<Record<string, number>> }

/**
 * Put a value, remove an entry, add to the numbers of a counter row (a JSON object of numbers; absent counts as 0), or
 * append a row to a sequence: the counter row `append` counts its rows (`next`), and the row's key is that key, NUL and
 * a number of 14 digits. Numbers rise in the order in which commits take effect.
 */
export type Write =
  | { readonly key: Bytes; readonly value: Bytes | undefined }
  | { readonly key: Bytes; readonly add: Readonly<Record<string, number>> }
  | { readonly append: Bytes; readonly value: Bytes }

export interface Commit {
  readonly checks: readonly Check[]
  readonly writes: readonly Write[]
  /** Other commits wait until this one applies, so it is not delayed to share a flush. */
  readonly isUrgent?: boolean
}

export interface Committed {
  /** Resolves once the commit survives a power loss. It never rejects before `commit` itself has resolved. */
  readonly flushed: Promise<void>
}

/**
 * An engine may return only the first of all rows whose keys are equal up to and including the first `delimiter` after
 * `skip` bytes. The last `ignored` bytes of a key hold no delimiter.
 */
export interface Fold {
  readonly skip: number
  readonly delimiter: Bytes
  readonly ignored: number
}

export interface ScanOptions {
  readonly limit?: number
  readonly reverse?: boolean
  /** Not together with `reverse`. */
  readonly fold?: Fold | undefined
}

/** Rows only: what a job gets, whose commits may be fenced (jobs/lease.ts). */
export type RowEngine = Pick<MetadataEngine, 'get' | 'getMany' | 'scan' | 'commit' | 'recent'>

/** The interface of every engine, on this machine or elsewhere. */
export interface MetadataEngine {
  /** The value, or undefined. The caller may keep the bytes. Sees every commit of any process that has resolved. */
  get(key: Bytes): Awaitable<Bytes | undefined>
  getMany(keys: readonly Bytes[]): Awaitable<(Bytes | undefined)[]>
  /** Up to `limit` entries in order, as one consistent view. No transaction stays open afterwards. */
  scan(range: KeyRange, options?: ScanOptions): Awaitable<Entry[]>
  /**
   * Applies all writes at once if all checks hold, and resolves when every process can see them; undefined if a check
   * does not hold.
   */
  commit(commit: Commit): Promise<Committed | undefined>
  /** The time of the machine that keeps the index, in milliseconds since 1970, UTC. Only if that may be another one. */
  timeMs?(): Promise<number>
  /** Reads are round trips: few reads of many rows are best. `scan` supports `fold`. */
  readonly isRemote?: boolean
  /**
   * What this process has read of an entry a moment ago; undefined if it has not. The entry may have changed since
   * then, so this is only for a commit that checks it. Only in engines whose reads are round trips.
   */
  recent?(key: Bytes): { readonly value: Bytes | undefined } | undefined
  /** The size of the file, and the part of it in use. Only in engines with a file. */
  fileUsage?(): { readonly fileBytes: number; readonly usedBytes: number }
  close(): Promise<void>
}
