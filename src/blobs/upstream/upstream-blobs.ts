/**
 * Stores blobs in another S3 store. Bodies up to 64 KiB are rows of the index, written in the commit. Larger ones are
 * objects upstream with their own ids. They are never moved or changed, so a commit only writes rows (rows.ts).
 */
import type { BlobChange } from '#blobs/contract/blob-change.ts'
import type {
  BlobStore,
  Durability,
  Recorded,
  RemovalRun,
  SettleOptions,
  VerifyReads,
} from '#blobs/contract/blob-store.ts'
import type { ByteRange, IncomingBody, StagedBlob } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { rowOnlyBuckets } from '#blobs/row-only-buckets.ts'
import { TroubleLog } from '#blobs/trouble-log.ts'
import type { Clock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { AsideReason, BlobRef } from '#metadata/blob-ref.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { newOrder } from '#metadata/order.ts'
import type { Transaction } from '#metadata/transact.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import type { RemovedBytes } from '#model/removed-bytes.ts'
import type { WorkStatus } from '#model/work-status.ts'
import { checkUpstream } from './check/own-store.ts'
import { UpstreamInspection } from './check/upstream-inspection.ts'
import { warnOfBucket } from './check/warn-of-bucket.ts'
import type { UpstreamSettings } from './client/settings.ts'
import { Slots } from './client/slots.ts'
import { Upstream } from './client/upstream.ts'
import type { UpstreamContext } from './context.ts'
import { KnownEtags } from './known-etags.ts'
import { openVersion } from './read/open-upstream.ts'
import { VerifiedBlobs } from './read/verified-blobs.ts'
import { damaged } from './read/verify.ts'
import { isRecorded, type RecordedArrival, recordChange } from './record-change.ts'
import { removeGone } from './remove-gone.ts'
import { stageAppend } from './stage/stage-append.ts'
import { abandon, stageBody, stageBytes } from './stage/stage-body.ts'
import { stageCopy } from './stage/stage-copy.ts'
import { UpstreamParts } from './stage/upstream-parts.ts'
import { upstreamStatus } from './status.ts'

export interface UpstreamBlobsOptions {
  readonly settings: UpstreamSettings
  readonly engine: MetadataEngine
  readonly durability: Durability
  readonly log: LevelLog
  readonly clock: Clock
  readonly verifyReads: VerifyReads
  /** Only one process of a node logs what is wrong with the settings of the bucket. */
  readonly isPrimary?: boolean | undefined
}

/** Limits for bodies of unknown size in memory, 8 MiB each. */
const gatheringLimits = { atOnceMax: 16, waitingMax: 256, waitMaxMs: 30_000 }

export class UpstreamBlobs implements BlobStore {
  readonly parts: UpstreamParts
  readonly inspection: UpstreamInspection
  readonly byHand = undefined
  readonly buckets = rowOnlyBuckets
  readonly #context: UpstreamContext
  /** Staged blobs that are being discarded. */
  readonly #discarding = new Set<Promise<void>>()

  private constructor(context: UpstreamContext) {
    this.#context = context
    this.parts = new UpstreamParts(context)
    this.inspection = new UpstreamInspection(context)
  }

  /** Throws StartRefused if the upstream is not readable and writable, or has the bytes of another index. */
  static async open(options: UpstreamBlobsOptions): Promise<UpstreamBlobs> {
    const { settings, clock, log, engine } = options
    const upstream = new Upstream(settings, clock)
    try {
      await checkUpstream(engine, upstream, clock)
      if (options.isPrimary === true) await warnOfBucket(upstream, log)
    } catch (error) {
      upstream.close()
      throw error
    }
    const gathering = new Slots(gatheringLimits, clock)
    const more = { troubles: new TroubleLog(log), verified: new VerifiedBlobs(), etags: new KnownEtags() }
    return new UpstreamBlobs({ ...options, ...more, upstream, gathering })
  }

  async start(): Promise<number> {
    return 0
  }

  /** Another node may still be writing such a blob: a job removes it after a day. */
  async removeAbandoned(): Promise<void> {}

  removeGone(run?: RemovalRun): Promise<RemovedBytes> {
    return removeGone({ ...this.#context, ...(run && { engine: run.engine }) }, run?.signal)
  }

  async close(): Promise<void> {
    await Promise.all(this.#discarding)
    this.#context.upstream.close()
  }

  assertRoom(): void {}

  stage(body: IncomingBody): Promise<StagedBlob> {
    return stageBody(this.#context, body)
  }

  stageBytes(bytes: Buffer, wanted: Pick<IncomingBody, 'algorithms' | 'isSealed'>): StagedBlob {
    return stageBytes(this.#context, bytes, wanted)
  }

  stageCopy(from: OpenBlob, range: ByteRange, algorithms: readonly ChecksumAlgorithm[]): Promise<StagedBlob> {
    return stageCopy(this.#context, from, range, algorithms)
  }

  stageAppend(to: OpenBlob, body: IncomingBody): Promise<StagedBlob> {
    return stageAppend(this.#context, to, body)
  }

  discard({ ref }: StagedBlob): void {
    if (ref.kind === 0) return
    const discarding = abandon(this.#context, ref.id).finally(() => this.#discarding.delete(discarding))
    this.#discarding.add(discarding)
  }

  asCurrent(_key: string, ref: BlobRef, aside?: AsideReason): BlobRef {
    return aside === undefined ? ref : this.asAside(ref, aside)
  }

  asRenamed(key: string, ref: BlobRef, aside?: AsideReason): BlobRef {
    return this.asCurrent(key, ref, aside)
  }

  asOlder(ref: BlobRef): BlobRef {
    return ref
  }

  /** Only records the reason: blobs upstream cannot be changed by hand. */
  asAside(ref: BlobRef, aside: AsideReason): BlobRef {
    return ref.aside === undefined ? { ...ref, aside } : ref
  }

  async prepareChange(): Promise<void> {}

  async prepareRemoval(): Promise<undefined> {
    return undefined
  }

  async prepareRename(): Promise<boolean> {
    return true
  }

  orderAfter(_: Transaction, _bucket: string, _key: string, newest: string | undefined, nowMs: number): string {
    return newOrder(newest, nowMs)
  }

  record(transaction: Transaction, change: BlobChange): Promise<Recorded> {
    return recordChange(this.#context, transaction, change)
  }

  isRecorded(recorded: Recorded): Promise<boolean> {
    return isRecorded(this.#context, recorded as RecordedArrival)
  }

  /** No bytes have to move. A job removes deleted blobs. */
  async settle(_recorded: Recorded, { flushed }: SettleOptions): Promise<void> {
    if (this.#context.durability === 'strict') await flushed
  }

  async settleArriving(): Promise<void> {}

  open(bucket: string, version: StoredVersion): Promise<OpenBlob | 'damaged' | undefined> {
    return openVersion(this.#context, bucket, version)
  }

  /** The bytes of a blob are written before its row. */
  has(): boolean {
    return true
  }

  /** The version was replaced or removed after its record was read. The next read of the record shows it. */
  async search(bucket: string, version: StoredVersion, before: object | undefined): Promise<object | 'unreachable'> {
    if ((before as StoredVersion | undefined)?.order === version.order) {
      throw damaged(this.#context, bucket, version, 'are missing')
    }
    return version
  }

  discover(): boolean {
    return false
  }

  damaged(bucket: string, version: StoredVersion): Error {
    return damaged(this.#context, bucket, version)
  }

  whereabouts(): undefined {
    return undefined
  }

  status(): Promise<WorkStatus[]> {
    return upstreamStatus(this.#context)
  }
}
