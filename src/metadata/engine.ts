/**
 * The seam to the index: a small ordered key-value store. Keys and values are bytes; keys sort as unsigned bytes.
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
 * What must still hold when a commit takes effect: an entry as it was read, a range without entries, or numbers of a counter row that are not
 * above these, before this commit adds to them.
 */
export type Check =
  | { readonly key: Bytes; readonly is: Bytes | undefined }
  | { readonly empty: KeyRange }
  | { readonly counter: Bytes; readonly atMost: Readonly<Record<string, number>> }

/**
 * Put a value, remove an entry, add to the numbers of a counter row (a JSON object of numbers; absent counts as 0), or append a row to a
 * sequence: the counter row `append` counts its rows (`next`), and the row's key is that key, NUL and a number of 14 digits. Numbers rise in
 * the order in which commits take effect.
 */
export type Write =
  | { readonly key: Bytes; readonly value: Bytes | undefined }
  | { readonly key: Bytes; readonly add: Readonly<Record<string, number>> }
  | { readonly append: Bytes; readonly value: Bytes }

export interface Commit {
  readonly checks: readonly Check[]
  readonly writes: readonly Write[]
  /** Other commits wait until this one applies: it is not held back to share a flush. */
  readonly isUrgent?: boolean
}

export interface Committed {
  /** Resolves once the commit survives a power loss; never rejects before `commit` itself has resolved. */
  readonly flushed: Promise<void>
}

/**
 * Of rows whose keys are the same up to and with the first `delimiter` after `skip` bytes, the first is enough: an engine may leave out
 * the others. The last `ignored` bytes of a key hold no delimiter.
 */
export interface Fold {
  readonly skip: number
  readonly delimiter: Bytes
  readonly ignored: number
}

export interface ScanOptions {
  readonly limit?: number
  readonly reverse?: boolean
  /** Not with `reverse`. */
  readonly fold?: Fold | undefined
}

/** The index as any engine offers it, on this machine or elsewhere. */
export interface MetadataEngine {
  /** The value, or undefined. The bytes are the caller's to keep. Sees every commit that has resolved, of any process. */
  get(key: Bytes): Awaitable<Bytes | undefined>
  getMany(keys: readonly Bytes[]): Awaitable<(Bytes | undefined)[]>
  /** Up to `limit` entries in order, as one consistent view. No transaction stays open afterwards. */
  scan(range: KeyRange, options?: ScanOptions): Awaitable<Entry[]>
  /** Applies all writes at once if all checks hold, and resolves visible to every process; undefined if one does not hold. */
  commit(commit: Commit): Promise<Committed | undefined>
  /** Reads are round trips, of which few with many rows are best, and `scan` does fold. */
  readonly isRemote?: boolean
  /** Of an engine that keeps its rows in a file: how large that is, and how much of it is in use. */
  fileUsage?(): { readonly fileBytes: number; readonly usedBytes: number }
  close(): Promise<void>
}
