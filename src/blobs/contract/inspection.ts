/** Comparison of the stored bytes with the records of the index, for fsck and the scrub. */
import type { StoredVersion } from '#metadata/version-codec.ts'

/**
 * `right`: the bytes are those of the record. `missing`: there are none. `damaged`: there are other bytes that no
 * person has changed. `changed`: changed by hand, and adopted at the next read. `moved`: it was changed during the
 * check. `linked`: a folder of its path is a symbolic link, which is not followed.
 */
export type Verdict = 'right' | 'missing' | 'damaged' | 'changed' | 'moved' | 'linked'

/** Waits after `busyMs` of our work, so that other work gets its share. */
export type Pace = (busyMs: number) => Promise<void>

export interface Leftover {
  /** The path, for people. */
  readonly path: string
  readonly what: 'version' | 'upload' | 'staged'
  readonly sizeBytes: number | undefined
}

/** One problem. */
export interface Finding {
  readonly kind:
    | 'missing'
    | 'damaged'
    | 'changed'
    | 'linked'
    | 'unreadable'
    | 'unknown'
    | 'leftover'
    | 'counter'
    | 'row'
  /** Bucket and key with the version's id, or a path. */
  readonly where: string
  /** One sentence. */
  readonly what: string
  /** The repair that was made; undefined if none. */
  readonly repair: string | undefined
}

/** A file in a bucket that has no record, or cannot be examined. */
export type Unknown =
  | { readonly key: string; readonly error?: undefined }
  | { readonly key: string; readonly error: unknown }

/** A locked version that is recorded outside of the index as well. */
export interface LockRecord {
  readonly bucket: string
  readonly version: StoredVersion
}

export interface Inspection {
  /**
   * `mayWrite`: a record of an older release may get its full checksum, and a copied file the metadata that the copy
   * has lost.
   */
  compare(
    bucket: string,
    version: StoredVersion,
    options: { readonly pace?: Pace | undefined; readonly mayWrite: boolean },
  ): Promise<Verdict>
  /** Files without a record: of deleted versions, ended uploads, and writes that were never committed. */
  leftovers(): AsyncIterable<Leftover>
  /** Moves it aside and returns its new place; undefined if that is not possible. */
  setAside(leftover: Leftover): Promise<string | undefined>
  /** Keeps a copy of an index row that is about to be removed, and returns its place. */
  keepRow(row: object): Promise<string>
  /** Compares the parts of unfinished uploads with their records, while nothing is uploaded. */
  parts(options: { readonly repair: boolean }): AsyncIterable<Finding>
  /** All locked versions that are recorded outside of the index. */
  lockRecords(): AsyncIterable<LockRecord>
  unknownIn(bucket: string): AsyncIterable<Unknown>
  unknownBuckets(known: ReadonlySet<string>): Promise<string[]>
  /** False if the whole bucket is missing, since it may come back as a whole. */
  hasBucket(bucket: string): boolean
}
