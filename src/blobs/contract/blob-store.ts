/**
 * The interface between the store, which decides, and a blob store, which keeps bytes. The record of a version holds a
 * BlobRef that only the blob store reads. Every implementation passes test/blobs/contract.ts. Errors for clients are
 * ApiErrors with AWS's codes.
 *
 * A write has three steps: `stage`, then one transaction in which the store writes its rows and records the change,
 * then `settle`. If a process ends in between, the next `recover` or a reader settles the change.
 */
import type { AsideReason, BlobRef } from '#metadata/blob-ref.ts'
import type { Awaitable, RowEngine } from '#metadata/engine.ts'
import type { Transaction } from '#metadata/transact.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import type { RemovedBytes } from '#model/removed-bytes.ts'
import type { WorkStatus } from '#model/work-status.ts'
import type { BlobChange, NotSettled } from './blob-change.ts'
import type { BucketBlobs } from './bucket-blobs.ts'
import type { BlobOwner } from './foreign.ts'
import type { ByteRange, IncomingBody, StagedBlob } from './incoming.ts'
import type { Inspection } from './inspection.ts'
import type { OpenBlob } from './open-blob.ts'
import type { PartBlobs } from './part-blobs.ts'

/** A change in a commit. Only the blob store that made it reads it. */
export type Recorded = object

/** The state of a search for bytes between two attempts. Only the blob store that made it reads it. */
export type Search = object

export interface SettleOptions {
  /** Resolves when the commit survives a power loss. */
  readonly flushed: Promise<void>
  /** The key never has more than one version. */
  readonly isUnversioned: boolean
  /** The caller waits until all bytes are in place, whatever the durability. */
  readonly isAwaited: boolean
}

export interface BlobStore {
  readonly buckets: BucketBlobs
  readonly parts: PartBlobs
  readonly inspection: Inspection
  /** For stores with files that people can change. */
  readonly byHand: ByHand | undefined

  /**
   * Sets the owner, which decides about changes by hand, and finishes what a crash has interrupted. Returns how many
   * changes that were.
   */
  start(owner: BlobOwner): Promise<number>
  /** Removes what ended processes have left behind and no record names. */
  removeAbandoned(): Promise<void>
  /** For a store that removes bytes some time after their deletion: one step of that. */
  removeGone?(run?: RemovalRun): Promise<RemovedBytes>
  close(): Promise<void>

  /** ServiceUnavailable if there is no room for so many more bytes. */
  assertRoom(sizeBytes?: number): void
  /** EntityTooLarge, IncompleteBody (fewer or more bytes than announced). On any error nothing is left behind. */
  stage(body: IncomingBody): Promise<StagedBlob>
  /** Like `stage`, for a body in memory of at most limits.inlineBytes. */
  stageBytes(bytes: Buffer, wanted: Pick<IncomingBody, 'algorithms' | 'isSealed'>): StagedBlob
  /** Stages a copy of a range of an open blob, and closes the blob. */
  stageCopy(from: OpenBlob, range: ByteRange, algorithms: readonly ChecksumAlgorithm[]): Promise<StagedBlob>
  /**
   * Stages all bytes of an open blob followed by the body, and closes the blob. Size and digests are the body's; the
   * ref is of all bytes. Memory is bounded as for `stage`, and the old bytes are not copied if the file system can
   * share them.
   */
  stageAppend(to: OpenBlob, body: IncomingBody): Promise<StagedBlob>
  discard(staged: StagedBlob): void

  /**
   * The ref of a version that becomes current at this key: a new version, or one that was current before. `aside`: why
   * its bytes must be kept aside from now on. Bytes that are already kept aside stay so.
   */
  asCurrent(key: string, ref: BlobRef, aside?: AsideReason): BlobRef
  /** The same for the version that is current at another key. */
  asRenamed(key: string, ref: BlobRef, aside?: AsideReason): BlobRef
  /** The ref of a current version that becomes noncurrent. */
  asOlder(ref: BlobRef): BlobRef
  /**
   * The ref of a version that keeps its order and must be kept aside from now on. The version is one of the `moved` of
   * a change.
   */
  asAside(ref: BlobRef, aside: AsideReason): BlobRef

  /**
   * Called before a change that keeps the current version's bytes: takes changes by hand into the index. InternalError
   * if the bytes are damaged.
   */
  prepareChange(bucket: string, key: string): Promise<void>
  /**
   * Called before a removal, which damage does not prevent. Returns how the ref of the actual bytes differs from the
   * record's.
   */
  prepareRemoval(bucket: string, key: string): Promise<((ref: BlobRef) => BlobRef) | undefined>
  /** False if `search` must be called first. */
  prepareRename(bucket: string, version: StoredVersion): Promise<boolean>
  /**
   * An order for a version of a key without a current one: newer than the newest noncurrent version and than every
   * change that is not settled.
   */
  orderAfter(
    transaction: Transaction,
    bucket: string,
    key: string,
    newest: string | undefined,
    nowMs: number,
  ): Awaitable<string>
  /**
   * Inside the transaction: adds rows that say which bytes to move or remove; undefined if there are none. AccessDenied
   * where that is not possible. NotSettled.
   */
  record(transaction: Transaction, change: BlobChange): Promise<Recorded | undefined>
  /** Whether a commit that reported an error took effect. */
  isRecorded(recorded: Recorded): Promise<boolean>
  /** After the commit. Steps that fail now are tried again later: it rejects only if the commit was not flushed. */
  settle(recorded: Recorded, options: SettleOptions): Promise<void>
  /** Moves the bytes of an arriving version to their place. */
  settleArriving({ bucket, key, order }: NotSettled): Promise<void>

  /**
   * Undefined if the bytes are not there, see `search`. `damaged` if other bytes are there that no person has changed.
   */
  open(bucket: string, version: StoredVersion): Awaitable<OpenBlob | 'damaged' | undefined>
  has(bucket: string, version: StoredVersion): Awaitable<boolean>
  /**
   * Called after `open` or `has` found nothing, until one of them does. Read the record again before each call.
   * `unreachable`: the bytes cannot be read now, and their record stays.
   */
  search(bucket: string, version: StoredVersion, before: Search | undefined): Promise<Search | 'unreachable'>
  /**
   * Whether the index took in a file that was put by hand at a key without a current version, or whose bytes are kept
   * aside (`aside`).
   */
  discover(bucket: string, key: string, aside?: StoredVersion): Awaitable<boolean>
  /** Logs the damage and returns the error for the client. */
  damaged(bucket: string, version: StoredVersion): Error

  /** The place of the bytes, for people; undefined if there is nothing to look at. */
  whereabouts(bucket: string, version: StoredVersion): Whereabouts | undefined
  /** The work of the blob store itself, in all processes that share it. */
  status(): Promise<WorkStatus[]>
}

export interface Whereabouts {
  readonly path: string
  /** `plain`: under its own name. `version`: it is noncurrent. `opaque`: it is kept aside, see `reason`. */
  readonly kind: 'plain' | 'opaque' | 'version'
  /**
   * Why it is not under its own name; `name`: a file cannot have that name. Absent in other cases, and if it is only
   * noncurrent.
   */
  readonly reason?: AsideReason | 'name'
}

/** A step under the lease of a job. Commits through `engine` fail once another process has the lease. */
export interface RemovalRun {
  readonly signal: AbortSignal
  readonly engine: RowEngine
}

export interface ByHand {
  /**
   * The number of buckets, if there are bytes but nothing has been indexed yet: the index may be lost. Otherwise
   * undefined.
   */
  findUnindexed(): Promise<number | undefined>
  /** Scans everything for changes. */
  scan(options: { readonly signal: AbortSignal; readonly onFolder?: (() => void) | undefined }): Promise<void>
  /** Scans one bucket, which is adopted if it has no record. */
  scanBucket(bucket: string): Promise<void>
  /** Watches for changes until `signal` is aborted. A scan sets the folders to watch. */
  watch(signal: AbortSignal): void
}

/**
 * The reads of whole objects that are compared with the checksum: all, those of bytes not verified in the last minute,
 * those of up to 64 KiB, or none.
 */
export type VerifyReads = 'always' | 'recent' | 'small' | 'off'

/**
 * `strict`: acknowledged writes survive a power loss. `relaxed`: they survive it a moment later. `none`: they survive
 * only the end of the process.
 */
export type Durability = 'strict' | 'relaxed' | 'none'
