/** The rows that a store writes around its blobs, in as few lines as will do. */
import { Readable } from 'node:stream'
import { type BlobChange, type GoneBlob, NotSettled } from '#blobs/contract/blob-change.ts'
import type { BlobStore } from '#blobs/contract/blob-store.ts'
import type { IncomingBody, PartRef, StagedBlob, StagedPartBlob } from '#blobs/contract/incoming.ts'
import type { AssembledBlob } from '#blobs/contract/part-blobs.ts'
import type { AsideReason, BlobRef } from '#metadata/blob-ref.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import { newOrder, randomId } from '#metadata/order.ts'
import { decodeJson, encodeJson, rowKey, rowsOf } from '#metadata/tables.ts'
import { type Transaction, transact } from '#metadata/transact.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { Upload } from '#model/object/multipart/upload.ts'

export interface OpenedBlobs {
  readonly engine: LocalEngine
  readonly blobs: BlobStore
  /** Closes both, and removes their data. */
  close(): Promise<void>
}

export const bodyOf = (bytes: Buffer): IncomingBody => ({
  source: Readable.from(bytes.length === 0 ? [] : [bytes], { objectMode: false }),
  sizeBytes: bytes.length,
  maxBytes: 1e9,
  algorithms: [],
})

interface Committed {
  readonly version: StoredVersion
  settle(): Promise<void>
}

interface PublishOptions {
  /** The version before becomes an older one. */
  readonly keeps?: boolean
  readonly aside?: AsideReason
}

type Draft = { -readonly [Field in keyof BlobChange]: BlobChange[Field] } & {
  readonly moved: BlobChange['moved'][number][]
  readonly gone: GoneBlob[]
}

export class KeyRows {
  readonly bucket = 'bucket'
  readonly #engine: LocalEngine
  readonly #blobs: BlobStore

  constructor({ engine, blobs }: OpenedBlobs) {
    this.#engine = engine
    this.#blobs = blobs
  }

  async createBucket(): Promise<void> {
    await transact(this.#engine, async (transaction) => {
      await this.#blobs.buckets.assertFree(this.bucket)
      transaction.put(rowKey('b', this.bucket), encodeJson({ name: this.bucket }))
    })
    await this.#blobs.buckets.make(this.bucket)
  }

  async removeBucket() {
    await transact(this.#engine, async (transaction) => {
      transaction.remove(rowKey('b', this.bucket))
      this.#blobs.buckets.recordRemoval(transaction, this.bucket)
    })
    return this.#blobs.buckets.remove(this.bucket)
  }

  async publish(key: string, body: Buffer, options: PublishOptions = {}): Promise<StoredVersion> {
    return this.publishStaged(key, await this.#blobs.stage(bodyOf(body)), options)
  }

  async publishStaged(key: string, staged: StagedBlob, options: PublishOptions = {}): Promise<StoredVersion> {
    const { version, settle } = await this.#commitStaged(key, staged, options)
    await settle()
    return this.reread(version)
  }

  async commit(key: string, body: Buffer): Promise<Committed> {
    return this.#commitStaged(key, await this.#blobs.stage(bodyOf(body)), { keeps: false })
  }

  #commitStaged(key: string, staged: StagedBlob, { keeps = false, aside }: PublishOptions): Promise<Committed> {
    const ref = this.#blobs.asCurrent(key, staged.ref, aside)
    return this.#change(key, { isUnversioned: !keeps }, async (transaction, change) => {
      const current = await this.#currentIn(transaction, key)
      const order =
        current === undefined
          ? await this.#blobs.orderAfter(transaction, this.bucket, key, undefined, Date.now())
          : newOrder(current.order)
      const version = versionOf(key, ref, order, staged)
      if (current !== undefined && keeps) this.#demote(transaction, current, change)
      else if (current !== undefined) change.gone.push({ order: current.order, ref: current.blob })
      transaction.put(rowKey('o', this.bucket, key), encodeVersion(version))
      change.order = version.order
      change.arrived = { ref, bytes: staged.bytes }
      return version
    })
  }

  #demote(transaction: Transaction, current: StoredVersion, change: Draft): void {
    const { key, order } = current
    const blob = this.#blobs.asOlder(current.blob)
    transaction.put(rowKey('v', this.bucket, key, order), encodeVersion({ ...current, blob }))
    change.moved.push({ order, from: current.blob, to: blob })
  }

  /** The current version goes; the newest of the older ones becomes current. */
  async remove({ key, order }: StoredVersion): Promise<void> {
    const { settle } = await this.#change(key, { isUnversioned: false }, async (transaction, change) => {
      const current = await this.#currentIn(transaction, key)
      if (current?.order !== order) throw new Error('not the current version')
      transaction.remove(rowKey('o', this.bucket, key))
      change.gone.push({ order: current.order, ref: current.blob })
      change.order = newOrder(order)
      const [older] = await transaction.scan(rowsOf('v', this.bucket, key), { limit: 1 })
      if (older === undefined) return current
      const next = decodeVersion(key, older.value)
      const blob = this.#blobs.asCurrent(key, next.blob)
      transaction.remove(rowKey('v', this.bucket, key, next.order))
      transaction.put(rowKey('o', this.bucket, key), encodeVersion({ ...next, blob }))
      change.moved.push({ order: next.order, from: next.blob, to: blob })
      return current
    })
    await settle()
  }

  /** The version is locked where it is: its bytes are kept aside from now on. */
  async setAside({ key, order }: StoredVersion): Promise<StoredVersion> {
    const { version, settle } = await this.#change(key, { isUnversioned: false }, async (transaction, change) => {
      for (const row of [rowKey('o', this.bucket, key), rowKey('v', this.bucket, key, order)]) {
        const value = await transaction.get(row)
        const stored = value === undefined ? undefined : decodeVersion(key, value)
        if (stored?.order !== order) continue
        const blob = this.#blobs.asAside(stored.blob, 'locked')
        transaction.put(row, encodeVersion({ ...stored, blob }))
        change.moved.push({ order, from: stored.blob, to: blob })
        change.order = newOrder(order)
        return { ...stored, blob }
      }
      throw new Error('no such version')
    })
    await settle()
    return this.reread(version)
  }

  async rename(source: StoredVersion, to: string): Promise<StoredVersion> {
    for (let search: object | undefined; !(await this.#blobs.prepareRename(this.bucket, source)); ) {
      const found = await this.#blobs.search(this.bucket, source, search)
      if (found === 'unreachable') throw new Error(found)
      search = found
    }
    const { version, settle } = await this.#change(to, { isUnversioned: false }, async (transaction, change) => {
      const current = await this.#currentIn(transaction, to)
      if (current !== undefined) change.gone.push({ order: current.order, ref: current.blob })
      const blob = this.#blobs.asRenamed(to, source.blob)
      const renamed = { ...source, key: to, blob, order: newOrder(current?.order) }
      transaction.remove(rowKey('o', this.bucket, source.key))
      transaction.put(rowKey('o', this.bucket, to), encodeVersion(renamed))
      change.order = renamed.order
      change.arrived = { ref: blob, renamedFrom: { key: source.key, order: source.order, ref: source.blob } }
      return renamed
    })
    await settle()
    return this.reread(version)
  }

  /** The record as it is now: a store may have noted in it where the bytes are. */
  readonly reread = async ({ key, order }: StoredVersion): Promise<StoredVersion> => {
    for (const row of [rowKey('o', this.bucket, key), rowKey('v', this.bucket, key, order)]) {
      const value = await this.#engine.get(row)
      const version = value === undefined ? undefined : decodeVersion(key, value)
      if (version?.order === order) return version
    }
    throw new Error(`${key} has no such version`)
  }

  async createUpload(key: string): Promise<Upload> {
    const uploadId = randomId(24)
    const attributes = { headers: {}, userMetadata: {}, storageClass: 'STANDARD', ownerId: 'owner' } as const
    const upload = { bucket: this.bucket, key, uploadId, initiatedAtMs: 0, initiatorId: 'owner', attributes }
    await transact(this.#engine, async (transaction) =>
      transaction.put(rowKey('u', this.bucket, key, uploadId), encodeJson(upload)),
    )
    await this.#blobs.parts.begin(uploadId)
    return upload
  }

  async recordPart({ uploadId }: Upload, { partNumber, at }: StagedPartBlob): Promise<void> {
    await transact(this.#engine, async (transaction) => {
      const row = rowKey('p', uploadId, String(partNumber))
      const value = await transaction.get(row)
      const replaced = value === undefined ? undefined : decodeJson<{ at: object }>(value).at
      transaction.put(row, encodeJson({ at }))
      await this.#blobs.parts.record(transaction, uploadId, partNumber, at, replaced)
    })
  }

  async complete(upload: Upload, parts: readonly StagedPartBlob[]): Promise<StoredVersion> {
    return this.publishAssembled(upload, await this.#blobs.parts.assemble(upload.uploadId, parts), parts)
  }

  async publishAssembled(
    { key, uploadId }: Upload,
    assembled: AssembledBlob & Pick<StagedBlob, 'encryption'>,
    parts: readonly StagedPartBlob[],
  ): Promise<StoredVersion> {
    const ref = this.#blobs.asCurrent(key, assembled.ref)
    const { version, settle } = await this.#change(key, { isUnversioned: true }, async (transaction, change) => {
      await assembled.confirm(transaction)
      transaction.remove(rowKey('u', this.bucket, key, uploadId))
      await this.#blobs.parts.recordEnd(transaction, uploadId, await this.#partsOf(uploadId))
      const digests = new Map()
      const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
      const { encryption } = assembled
      const version = {
        ...versionOf(key, ref, newOrder(undefined), { sizeBytes, digests, ...(encryption && { encryption }) }),
        partCount: parts.length,
      }
      const named = parts.map(({ partNumber, sizeBytes, salt }) => ({ partNumber, sizeBytes, salt }))
      transaction.put(rowKey('m', ref.id), encodeJson(named))
      transaction.put(rowKey('o', this.bucket, key), encodeVersion(version))
      change.order = version.order
      change.arrived = { ref, uploadId }
      return version
    })
    await settle()
    return this.reread(version)
  }

  async abort({ key, uploadId }: Upload): Promise<void> {
    await transact(this.#engine, async (transaction) => {
      transaction.remove(rowKey('u', this.bucket, key, uploadId))
      await this.#blobs.parts.recordEnd(transaction, uploadId, await this.#partsOf(uploadId))
    })
    await this.#blobs.parts.remove(uploadId)
  }

  async #partsOf(uploadId: string): Promise<PartRef[]> {
    const rows = await this.#engine.scan(rowsOf('p', uploadId))
    return rows.map(({ value }) => decodeJson<{ readonly at: PartRef }>(value).at)
  }

  async #currentIn(transaction: Transaction, key: string): Promise<StoredVersion | undefined> {
    const value = await transaction.get(rowKey('o', this.bucket, key))
    return value === undefined ? undefined : decodeVersion(key, value)
  }

  async #change(
    key: string,
    { isUnversioned }: { isUnversioned: boolean },
    body: (transaction: Transaction, change: Draft) => Promise<StoredVersion>,
  ): Promise<Committed> {
    for (;;) {
      try {
        const { result, committed } = await transact(this.#engine, async (transaction) => {
          const change: Draft = {
            bucket: this.bucket,
            key,
            order: '',
            arrived: undefined,
            moved: [],
            relocked: [],
            gone: [],
          }
          const version = await body(transaction, change)
          return { version, recorded: await this.#blobs.record(transaction, change) }
        })
        const { version, recorded } = result
        const { flushed } = committed
        const options = { flushed, isUnversioned, isAwaited: true }
        return { version, settle: async () => recorded && this.#blobs.settle(recorded, options) }
      } catch (error) {
        if (!(error instanceof NotSettled)) throw error
        await this.#blobs.settleArriving(error)
      }
    }
  }
}

function versionOf(
  key: string,
  blob: BlobRef,
  order: string,
  { sizeBytes, digests, encryption }: Pick<StagedBlob, 'sizeBytes' | 'digests' | 'encryption'>,
): StoredVersion {
  const crc64nvme = digests.get('CRC64NVME')?.toString('base64')
  return {
    key,
    versionId: order,
    order,
    isDeleteMarker: false,
    sizeBytes,
    etag: digests.get('MD5')?.toString('hex') ?? '0'.repeat(32),
    modifiedAtMs: Date.now(),
    partCount: 0,
    blob,
    ...(crc64nvme === undefined ? {} : { checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: crc64nvme } }),
    headers: {},
    userMetadata: {},
    storageClass: 'STANDARD',
    ownerId: 'owner',
    ...(encryption === undefined ? {} : { encryption }),
  }
}
