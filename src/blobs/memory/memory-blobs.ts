/**
 * The simplest blob store: all bytes in the memory of one process, for tests and temporary servers. Bytes are never
 * moved. Those of a removed version are freed after its commit.
 */
import type { BlobChange } from '#blobs/contract/blob-change.ts'
import type { BlobStore, Recorded, SettleOptions } from '#blobs/contract/blob-store.ts'
import type { ByteRange, IncomingBody, StagedBlob } from '#blobs/contract/incoming.ts'
import type { Inspection } from '#blobs/contract/inspection.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { OpenBytes } from '#blobs/open-bytes.ts'
import { readBody } from '#blobs/read-body.ts'
import { rowOnlyBuckets } from '#blobs/row-only-buckets.ts'
import type { AsideReason, BlobRef } from '#metadata/blob-ref.ts'
import { newOrder, randomId } from '#metadata/order.ts'
import type { Transaction } from '#metadata/transact.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import type { WorkStatus } from '#model/work-status.ts'
import { copyOf, digestsOf } from './copy-of.ts'
import { MemoryParts } from './memory-parts.ts'

interface GoneBlobs {
  readonly ids: readonly string[]
  readonly uploadId: string | undefined
}

export class MemoryBlobs implements BlobStore {
  readonly #bytes = new Map<string, Buffer>()
  readonly parts = new MemoryParts((bytes) => this.#keep(bytes))
  readonly buckets = rowOnlyBuckets
  readonly inspection: Inspection = {
    compare: async (_bucket, { blob }) => (this.#bytes.has(blob.id) ? 'right' : 'missing'),
    leftovers: none,
    parts: none,
    setAside: async () => undefined,
    keepRow: async () => 'memory',
    lockRecords: none,
    unknownIn: none,
    unknownBuckets: async () => [],
    hasBucket: () => true,
  }
  readonly byHand = undefined

  async start(): Promise<number> {
    return 0
  }

  async removeAbandoned(): Promise<void> {}

  async close(): Promise<void> {
    this.#bytes.clear()
  }

  assertRoom(): void {}

  async stage(body: IncomingBody): Promise<StagedBlob> {
    return this.stageBytes(await readBody(body), body)
  }

  async stageCopy(from: OpenBlob, range: ByteRange, algorithms: readonly ChecksumAlgorithm[]): Promise<StagedBlob> {
    return this.stageBytes(await copyOf(from, range, algorithms), { algorithms })
  }

  async stageAppend(to: OpenBlob, body: IncomingBody): Promise<StagedBlob> {
    const before = await copyOf(to, { start: 0, end: to.sizeBytes }, [])
    const added = await readBody(body)
    const ref = this.#keep(Buffer.concat([before, added]))
    return { ref, sizeBytes: added.length, digests: digestsOf(added, body), bytes: undefined }
  }

  stageBytes(bytes: Buffer, wanted: Pick<IncomingBody, 'algorithms' | 'isSealed'>): StagedBlob {
    const digests = digestsOf(bytes, wanted)
    return { ref: this.#keep(bytes), sizeBytes: bytes.length, digests, bytes: undefined }
  }

  #keep(bytes: Buffer): BlobRef {
    const id = randomId(12)
    this.#bytes.set(id, bytes)
    return { id, sizeBytes: bytes.length, kind: 0, stamp: 0, secondStamp: 0 }
  }

  discard({ ref }: StagedBlob): void {
    this.#bytes.delete(ref.id)
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

  /** No bytes here can be changed by hand, so there is nothing to keep aside. */
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

  orderAfter(
    _transaction: Transaction,
    _bucket: string,
    _key: string,
    newest: string | undefined,
    nowMs: number,
  ): string {
    return newOrder(newest, nowMs)
  }

  async record(_transaction: Transaction, { gone, arrived }: BlobChange): Promise<GoneBlobs> {
    return { ids: gone.map(({ ref }) => ref.id), uploadId: arrived?.uploadId }
  }

  /** A commit in memory takes effect, or fails as a whole. */
  async isRecorded(): Promise<boolean> {
    return false
  }

  async settle(recorded: Recorded, _options: SettleOptions): Promise<void> {
    const { ids, uploadId } = recorded as GoneBlobs
    for (const id of ids) this.#bytes.delete(id)
    if (uploadId !== undefined) await this.parts.remove(uploadId)
  }

  async settleArriving(): Promise<void> {}

  open(_bucket: string, { blob }: StoredVersion): OpenBlob | undefined {
    const bytes = this.#bytes.get(blob.id)
    return bytes === undefined ? undefined : new OpenBytes(bytes)
  }

  has(_bucket: string, { blob }: StoredVersion): boolean {
    return this.#bytes.has(blob.id)
  }

  /** The version was replaced or removed after its record was read. The next read of the record shows this. */
  async search(_bucket: string, version: StoredVersion, before: object | undefined): Promise<object | 'unreachable'> {
    if (before !== undefined && (before as StoredVersion).order === version.order) throw new ApiError('InternalError')
    return version
  }

  discover(): boolean {
    return false
  }

  damaged(): Error {
    return new ApiError('InternalError')
  }

  whereabouts(): undefined {
    return undefined
  }

  async status(): Promise<WorkStatus[]> {
    return []
  }
}

async function* none(): AsyncGenerator<never> {}
