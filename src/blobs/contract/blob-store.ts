/**
 * The seam below the store: it decides, and a blob store keeps bytes. A version's record holds a BlobRef that only the blob store reads.
 * Every implementation passes test/blobs/contract.ts. Errors that clients are told are ApiErrors with AWS's codes.
 *
 * A write: `stage`, then one transaction in which the store writes its rows and has the change recorded, then `settle`. What a process
 * that ends in between has left unsettled, the next `recover`, or a reader, settles.
 */
import type { AsideReason, BlobRef } from '#metadata/blob-ref.ts'
import type { Awaitable } from '#metadata/engine.ts'
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

/** A change in a commit. Only the store that made it reads it. */
export type Recorded = object

/** How far a search for bytes is, from one attempt to the next. Only the store that made it reads it. */
export type Search = object

export interface SettleOptions {
  /** Resolves when the commit survives a power loss. */
  readonly flushed: Promise<void>
  /** The key never has more than one version. */
  readonly isUnversioned: boolean
  /** The caller waits until everything is in its place, whatever the durability. */
  readonly isAwaited: boolean
}

export interface BlobStore {
  readonly buckets: BucketBlobs
  readonly parts: PartBlobs
  readonly inspection: Inspection
  /** Where bytes can be changed by hand. */
  readonly byHand: ByHand | undefined

  /** Says who decides about what is found, and finishes what an unclean end has interrupted. Returns how much that was. */
  start(owner: BlobOwner): Promise<number>
  /** Removes what ended processes have left, and no record names. */
  removeAbandoned(): Promise<void>
  /** Of a store that removes bytes some time after they were deleted: a step of that, which one process at a time takes. */
  removeGone?(signal?: AbortSignal): Promise<RemovedBytes>
  close(): Promise<void>

  /** ServiceUnavailable if there is no room for so many bytes more. */
  assertRoom(sizeBytes?: number): void
  /** EntityTooLarge, IncompleteBody (fewer or more bytes than announced). On any error nothing is left behind. */
  stage(body: IncomingBody): Promise<StagedBlob>
  /** The same of a body in memory, of at most limits.inlineBytes. */
  stageBytes(bytes: Buffer, wanted: Pick<IncomingBody, 'algorithms' | 'isSealed'>): StagedBlob
  /** A staged copy of bytes of an open blob, which it closes. */
  stageCopy(from: OpenBlob, range: ByteRange, algorithms: readonly ChecksumAlgorithm[]): Promise<StagedBlob>
  /**
   * All bytes of an open blob, which it closes, and after them the body. Size and digests are the body's, the ref is of all. Memory is
   * bounded as for `stage`, and the old bytes are not copied where the file system can share them.
   */
  stageAppend(to: OpenBlob, body: IncomingBody): Promise<StagedBlob>
  discard(staged: StagedBlob): void

  /**
   * The ref of a version that becomes current at this key: its own, or that of a version that was current before. `aside`: why its bytes
   * must be kept aside from now on. One that is kept aside stays so.
   */
  asCurrent(key: string, ref: BlobRef, aside?: AsideReason): BlobRef
  /** The same of the version that is current at another key. */
  asRenamed(key: string, ref: BlobRef, aside?: AsideReason): BlobRef
  /** The ref of a current version that ceases to be. */
  asOlder(ref: BlobRef): BlobRef
  /** The ref of a version that stays where it is in its key's order, and must be kept aside from now on: one of the `moved` of a change. */
  asAside(ref: BlobRef, aside: AsideReason): BlobRef

  /**
   * Before a change that keeps the current version's bytes: what was done to them by hand becomes what the index says. InternalError if they
   * are damaged.
   */
  prepareChange(bucket: string, key: string): Promise<void>
  /** The same before a removal, which damage does not stop: how the ref of what is there differs from the record's. */
  prepareRemoval(bucket: string, key: string): Promise<((ref: BlobRef) => BlobRef) | undefined>
  /** False: `search` has to be asked first. */
  prepareRename(bucket: string, version: StoredVersion): Promise<boolean>
  /** An order for a version of a key without a current one: after the newest older version, and every change that is not settled. */
  orderAfter(transaction: Transaction, bucket: string, key: string, newest: string | undefined): Awaitable<string>
  /**
   * Inside the transaction: adds what tells later which bytes have to move or go; undefined if none have to. AccessDenied where that cannot
   * be done. NotSettled.
   */
  record(transaction: Transaction, change: BlobChange): Promise<Recorded | undefined>
  /** Whether the commit took effect, after one that failed. */
  isRecorded(recorded: Recorded): Promise<boolean>
  /** After the commit. What cannot be done now is tried again: it rejects only if the commit was not flushed. */
  settle(recorded: Recorded, options: SettleOptions): Promise<void>
  /** Has the bytes of a version that is arriving come to their place. */
  settleArriving({ bucket, key, order }: NotSettled): Promise<void>

  /** Undefined: the bytes are not there, see `search`. `damaged`: there are others, and no sign of a change by hand. */
  open(bucket: string, version: StoredVersion): Awaitable<OpenBlob | 'damaged' | undefined>
  has(bucket: string, version: StoredVersion): Awaitable<boolean>
  /**
   * After `open` or `has` found nothing, until one of them does. The record is to be read again before each. `unreachable`: the bytes cannot
   * be had, and their record stays.
   */
  search(bucket: string, version: StoredVersion, before: Search | undefined): Promise<Search | 'unreachable'>
  /** Whether the index has changed for what was put by hand at a key without a current version, or whose bytes are kept aside: `aside`. */
  discover(bucket: string, key: string, aside?: StoredVersion): Awaitable<boolean>
  /** Logs it; the error is for the client. */
  damaged(bucket: string, version: StoredVersion): Error

  /** For people: where the bytes are; undefined where that is nothing to look at. */
  whereabouts(bucket: string, version: StoredVersion): Whereabouts | undefined
  /** What it does by itself, in all processes that share it. */
  status(): Promise<WorkStatus[]>
}

export interface Whereabouts {
  readonly path: string
  /** `plain`: under its own name. `version`: it is not current. `opaque`: it is kept aside, see `reason`. */
  readonly kind: 'plain' | 'opaque' | 'version'
  /** Why it is not under its own name; `name`: that cannot be a file's. Absent otherwise, and where only its age is the reason. */
  readonly reason?: AsideReason | 'name'
}

export interface ByHand {
  /** Whether nothing has been kept here yet, though there are bytes: the index may be lost. How many buckets there are. */
  findUnindexed(): Promise<number | undefined>
  /** Looks at everything for changes. */
  scan(options: { readonly signal: AbortSignal; readonly onFolder?: (() => void) | undefined }): Promise<void>
  /** The same of one bucket, which is adopted if it has no record. */
  scanBucket(bucket: string): Promise<void>
  /** Looks at changes as they come, until `signal` says so. A scan tells it where to look. */
  watch(signal: AbortSignal): void
}

/** Which reads of whole objects are compared with the checksum: all, those of bytes that were not within a minute, those of up to 64 KiB, or none. */
export type VerifyReads = 'always' | 'recent' | 'small' | 'off'

/** `strict`: what is acknowledged survives a power loss. `relaxed`: soon after. `none`: only the end of the process. */
export type Durability = 'strict' | 'relaxed' | 'none'
