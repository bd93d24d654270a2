/** Comparing what is kept with the records of the index, for fsck and the scrub. */
import type { StoredVersion } from '#metadata/version-codec.ts'

/**
 * `right`: there are the record's bytes. `missing`: there are none. `damaged`: other bytes, and no sign of a change by hand.
 * `changed`: changed by hand, and adopted when it is read. `moved`: it was changed while it was read.
 * `linked`: a folder of its path is a symbolic link, which is not followed.
 */
export type Verdict = 'right' | 'missing' | 'damaged' | 'changed' | 'moved' | 'linked'

/** Waits as long as it takes for other work to have its share, after so much time of ours. */
export type Pace = (busyMs: number) => Promise<void>

export interface Leftover {
  /** Where it is, for people. */
  readonly path: string
  readonly what: 'version' | 'upload' | 'staged'
  readonly sizeBytes: number | undefined
}

/** One thing that does not fit. */
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
  /** A sentence. */
  readonly what: string
  /** What was done about it; undefined: nothing. */
  readonly repair: string | undefined
}

/** What is in a bucket without a record, or cannot be looked at. */
export type Unknown =
  | { readonly key: string; readonly error?: undefined }
  | { readonly key: string; readonly error: unknown }

/** A locked version as it is known beside the index. */
export interface LockRecord {
  readonly bucket: string
  readonly version: StoredVersion
}

export interface Inspection {
  /** `mayWrite`: a record of an older release may get its full checksum, and one of copied bytes what the copy has lost. */
  compare(
    bucket: string,
    version: StoredVersion,
    options: { readonly pace?: Pace | undefined; readonly mayWrite: boolean },
  ): Promise<Verdict>
  /** What belongs to no record: of deleted versions, ended uploads, writes that never were. */
  leftovers(): AsyncIterable<Leftover>
  /** Sets it aside. Where it is from then on; undefined if that cannot be done. */
  setAside(leftover: Leftover): Promise<string | undefined>
  /** Keeps a row of the index that is about to go. Says where. */
  keepRow(row: object): Promise<string>
  /** Compares the parts of unfinished uploads with their records, while nothing is uploaded. */
  parts(options: { readonly repair: boolean }): AsyncIterable<Finding>
  /** Every locked version that is known beside the index. */
  lockRecords(): AsyncIterable<LockRecord>
  unknownIn(bucket: string): AsyncIterable<Unknown>
  unknownBuckets(known: ReadonlySet<string>): Promise<string[]>
  /** False: what is missing there may come back as a whole. */
  hasBucket(bucket: string): boolean
}
