/**
 * The blob store of plain files (docs/protocol.md): a bucket is a folder, and the current version of a key is a file of
 * this name in it. The index is the write-ahead log of the files, so its engine has to be on the same machine.
 */
import fs from 'node:fs'
import type { BlobChange, NotSettled } from '#blobs/contract/blob-change.ts'
import type {
  BlobStore,
  Durability,
  Recorded,
  Search,
  SettleOptions,
  VerifyReads,
  Whereabouts,
} from '#blobs/contract/blob-store.ts'
import type { BlobOwner } from '#blobs/contract/foreign.ts'
import type { ByteRange, IncomingBody, StagedBlob } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { TroubleLog } from '#blobs/trouble-log.ts'
import type { Clock } from '#lib/clock.ts'
import type { DiskReserve } from '#lib/files/disk-reserve.ts'
import { syncFolder } from '#lib/files/sync.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { AsideReason, BlobRef } from '#metadata/blob-ref.ts'
import type { Awaitable } from '#metadata/engine.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import type { Transaction } from '#metadata/transact.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import type { WorkStatus } from '#model/work-status.ts'
import { FilesByHand } from './by-hand/files-by-hand.ts'
import { prepareChange, prepareRemoval } from './by-hand/prepare-change.ts'
import { discoverFile, type FileSearch, searchFile } from './by-hand/search.ts'
import { FileInspection } from './checks/inspection.ts'
import { VerifiedFiles } from './checks/verified-files.ts'
import { damaged } from './checks/verify.ts'
import type { FilesContext } from './context.ts'
import { hasVersion, openVersion } from './open-file.ts'
import { orderAfterRows } from './pending/order-after-rows.ts'
import { pendingKey } from './pending/pending.ts'
import { isSettledForRename } from './pending/prepare-rename.ts'
import { type RecordedChange, recordChange } from './pending/record-change.ts'
import { BucketFolders } from './place/bucket-folders.ts'
import { isPlain, withKind } from './place/file-ref.ts'
import type { Layout } from './place/layout.ts'
import { asAside, asCurrent, asRenamed } from './place/next-place.ts'
import { whereaboutsOf } from './place/whereabouts.ts'
import { Settler } from './settling/settler.ts'
import { stageAppend } from './staging/append.ts'
import { PartFiles } from './staging/parts.ts'
import { removeAbandoned } from './staging/remove-abandoned.ts'
import { Spares } from './staging/spares.ts'
import { assertRoom, discardFile, stage, stageBytes, stageCopy } from './staging/staging.ts'
import { StagingFolder, sortStaging } from './staging/staging-folder.ts'
import { filesStatus } from './status.ts'

export interface PlainFilesOptions {
  readonly layout: Layout
  readonly engine: LocalEngine
  readonly durability: Durability
  readonly log: LevelLog
  readonly clock: Clock
  readonly reserve: DiskReserve
  readonly verifyReads: VerifyReads
}

export class PlainFiles implements BlobStore {
  readonly buckets: BucketFolders
  readonly parts: PartFiles
  readonly inspection: FileInspection
  readonly byHand: FilesByHand
  readonly #context: FilesContext
  #owner: BlobOwner | undefined

  private constructor(context: Omit<FilesContext, 'owner'>) {
    const ownerOf = () => this.#owner
    this.#context = {
      ...context,
      get owner() {
        const owner = ownerOf()
        if (owner === undefined) throw new Error('the files have not been started')
        return owner
      },
    }
    this.buckets = new BucketFolders(this.#context)
    this.parts = new PartFiles(this.#context)
    this.inspection = new FileInspection(this.#context)
    this.byHand = new FilesByHand(this.#context)
  }

  static async open(options: PlainFilesOptions): Promise<PlainFiles> {
    const { layout, durability, log, reserve } = options
    for (const folder of ['staging', 'uploads', 'versions', 'opaque']) {
      fs.mkdirSync(layout.system(folder), { recursive: true })
    }
    sortStaging(layout)
    const staging = reserve.withRoom(() => StagingFolder.open(layout))
    if (durability !== 'none') await syncFolder(layout.system('staging'))
    const spares = new Spares({ layout, newFileId: () => staging.newFileId() })
    const troubles = new TroubleLog(log)
    const settler = new Settler({ ...options, spares, troubles })
    return new PlainFiles({ ...options, settler, spares, staging, troubles, verified: new VerifiedFiles() })
  }

  start(owner: BlobOwner): Promise<number> {
    this.#owner = owner
    return this.#context.settler.recover()
  }

  removeAbandoned(): Promise<void> {
    return removeAbandoned(this.#context)
  }

  async close(): Promise<void> {
    const { settler, spares, staging } = this.#context
    await settler.close()
    await spares.close()
    staging.close()
  }

  assertRoom(sizeBytes?: number): void {
    assertRoom(this.#context, sizeBytes)
  }

  stage(body: IncomingBody): Promise<StagedBlob> {
    return stage(this.#context, body)
  }

  stageBytes(bytes: Buffer, wanted: Pick<IncomingBody, 'algorithms' | 'isSealed'>): StagedBlob {
    assertRoom(this.#context, bytes.length)
    return stageBytes(this.#context, bytes, wanted)
  }

  stageCopy(from: OpenBlob, range: ByteRange, algorithms: readonly ChecksumAlgorithm[]): Promise<StagedBlob> {
    return stageCopy(this.#context, from, range, algorithms)
  }

  stageAppend(to: OpenBlob, body: IncomingBody): Promise<StagedBlob> {
    return stageAppend(this.#context, to, body)
  }

  discard({ ref }: StagedBlob): void {
    discardFile(this.#context, ref.id)
  }

  asCurrent(key: string, ref: BlobRef, aside?: AsideReason): BlobRef {
    return asCurrent(key, ref, aside)
  }

  asRenamed(key: string, ref: BlobRef, aside?: AsideReason): BlobRef {
    return asRenamed(key, ref, aside)
  }

  asOlder(ref: BlobRef): BlobRef {
    return isPlain(ref) ? withKind(ref, 'version') : ref
  }

  asAside(ref: BlobRef, aside: AsideReason): BlobRef {
    return asAside(ref, aside)
  }

  prepareChange(bucket: string, key: string): Promise<void> {
    return prepareChange(this.#context, bucket, key)
  }

  prepareRemoval(bucket: string, key: string): Promise<((ref: BlobRef) => BlobRef) | undefined> {
    return prepareRemoval(this.#context, bucket, key)
  }

  prepareRename(bucket: string, version: StoredVersion): Promise<boolean> {
    return isSettledForRename(this.#context, bucket, version)
  }

  orderAfter(
    transaction: Transaction,
    bucket: string,
    key: string,
    newest: string | undefined,
    nowMs: number,
  ): Promise<string> {
    return orderAfterRows(transaction, bucket, key, newest, nowMs)
  }

  record(transaction: Transaction, change: BlobChange): Promise<Recorded | undefined> {
    return recordChange(this.#context, transaction, change)
  }

  async isRecorded(recorded: Recorded): Promise<boolean> {
    const { pending } = recorded as RecordedChange
    return (await this.#context.engine.get(pendingKey(pending))) !== undefined
  }

  async settle(recorded: Recorded, { flushed, isUnversioned, isAwaited }: SettleOptions): Promise<void> {
    const { pending, leaving, place } = recorded as RecordedChange
    const { settler, durability } = this.#context
    const settle = () => settler.settle(pending, { place: isUnversioned ? place : undefined, leaving })
    if (isAwaited) {
      if (durability === 'strict') await flushed
      return settle()
    }
    const isSettled = flushed.then(settle)
    return durability === 'relaxed' ? settler.lag(pending, isSettled) : isSettled
  }

  settleArriving({ bucket, key, order }: NotSettled): Promise<void> {
    return this.#context.settler.settleArriving(bucket, key, order)
  }

  open(bucket: string, version: StoredVersion): OpenBlob | 'damaged' | undefined {
    return openVersion(this.#context, bucket, version)
  }

  has(bucket: string, version: StoredVersion): boolean {
    return hasVersion(this.#context, bucket, version)
  }

  search(bucket: string, version: StoredVersion, before: Search | undefined): Promise<Search | 'unreachable'> {
    return searchFile(this.#context, bucket, version, before as FileSearch | undefined)
  }

  discover(bucket: string, key: string, aside?: StoredVersion): Awaitable<boolean> {
    return discoverFile(this.#context, bucket, key, aside)
  }

  damaged(bucket: string, version: StoredVersion): Error {
    return damaged(this.#context, bucket, version)
  }

  whereabouts(bucket: string, version: StoredVersion): Whereabouts {
    return whereaboutsOf(this.#context.layout, bucket, version)
  }

  status(): Promise<WorkStatus[]> {
    return filesStatus(this.#context)
  }
}
