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
 * Reads an entry where the engine has it: its key from `start` up to `end` of `keys`, its value from the start of `value`, which may
 * be longer. None of these bytes is the reader's to keep, and the engine is not to be asked anything meanwhile.
 */
export type ReadInPlace<T> = (keys: Buffer, start: number, end: number, value: Buffer) => T

/**
 * What must still hold when a commit takes effect: an entry as it was read, a range without entries, or a fact outside the index that
 * is asked for while no other commit of any process takes effect. `holds` is synchronous and short, and does not throw.
 */
export type Check =
  | { readonly key: Bytes; readonly is: Bytes | undefined }
  | { readonly empty: KeyRange }
  | { readonly holds: () => boolean }

/**
 * Put a value, remove an entry, or add to the numbers of a counter row (a JSON object of numbers; absent counts as 0).
 *
 * `rest`: bytes that follow the value, and that a file has as well, for a power loss that may have taken the file. An engine that keeps
 * a log, and syncs files before it lets go of that, needs them there alone; any other that outlives a power loss has them in the value.
 */
export type Write =
  | { readonly key: Bytes; readonly value: Bytes | undefined; readonly rest?: readonly Bytes[] | undefined }
  | { readonly key: Bytes; readonly add: Readonly<Record<string, number>> }

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

/** Reads and writes of one exclusive section. */
export interface Exclusive {
  get(key: Bytes): Bytes | undefined
  /** Entries in order, as they were when the section began. */
  scan(range: KeyRange, options?: { limit?: number }): Entry[]
  put(key: Bytes, value: Bytes | undefined): void
}

export interface MetadataEngine {
  /** The value, or undefined. The bytes are the caller's to keep. Sees every commit that has resolved, of any process. */
  get(key: Bytes): Awaitable<Bytes | undefined>
  getMany(keys: readonly Bytes[]): Awaitable<(Bytes | undefined)[]>
  /** Up to `limit` entries in order, as one consistent view. No transaction stays open afterwards. */
  scan(range: KeyRange, options?: { limit?: number; reverse?: boolean }): Awaitable<Entry[]>
  /** What `read` makes of up to `limit` entries in order: as `scan`, for many rows of which little is kept. */
  scanInPlace<T>(range: KeyRange, limit: number, read: ReadInPlace<T>): Awaitable<T[]>
  /** Applies all writes at once if all checks hold, and resolves visible to every process; undefined if one does not hold. */
  commit(commit: Commit): Promise<Committed | undefined>
  /**
   * Runs `section` while no commit of any process takes effect, and after the flush of what this engine committed before it was
   * asked: files that it moves cannot outlive the commit that they are moved for. It is synchronous and short; what it writes is one
   * commit. A section that throws writes nothing, and the promise rejects.
   */
  exclusively<T>(section: (view: Exclusive) => T): Promise<T>
  /** Everything that any process has committed so far is on disk afterwards. */
  flush(): Promise<void>
  /** Of an engine that keeps its rows in a file: how large that is, and how much of it is in use. */
  fileUsage?(): { readonly fileBytes: number; readonly usedBytes: number }
  close(): Promise<void>
}
