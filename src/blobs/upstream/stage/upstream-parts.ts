/** Parts of uploads. Each is a blob. A completed upload takes over their pieces in order, and no byte is moved. */
import { copyFrom } from '#blobs/contract/copy-from.ts'
import type { ByteRange, IncomingBody, PartRef, StagedPartBlob } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { type AssembledBlob, type PartBlobs, PartsGone } from '#blobs/contract/part-blobs.ts'
import { assertNotTooLarge, readSmall } from '#blobs/read-body.ts'
import type { UpstreamContext } from '#blobs/upstream/context.ts'
import { decodePieces, encodePieces, newId } from '#blobs/upstream/piece.ts'
import { blobKey, putGone } from '#blobs/upstream/rows.ts'
import { rowKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import { abandon, receive, refOf, type StagedPieces, stagedOf, stageInlinePiece } from './stage-body.ts'
import { shareStretch } from './stage-copy.ts'

interface KeptPart {
  /** The id of its blob. */
  readonly id: string
}

export class UpstreamParts implements PartBlobs {
  readonly #context: UpstreamContext
  /** Blobs that the completion in this transaction takes over. */
  readonly #taken = new WeakMap<Transaction, ReadonlySet<string>>()

  constructor(context: UpstreamContext) {
    this.#context = context
  }

  async begin(): Promise<void> {}

  async stage(upload: Upload, partNumber: number, body: IncomingBody): Promise<StagedPartBlob> {
    assertNotTooLarge(body)
    await this.#assertBegun(upload)
    return partOf(partNumber, await this.#receive(body))
  }

  async #receive(body: IncomingBody): Promise<StagedPieces> {
    const { source, sizeBytes } = body
    if (sizeBytes !== undefined && sizeBytes <= limits.inlineBytes) {
      return stageInlinePiece(this.#context, await readSmall(source, sizeBytes), body)
    }
    const received = await receive(this.#context, body, newId(this.#context.clock.nowMs()))
    return 'bytes' in received ? stageInlinePiece(this.#context, received.bytes, body) : received
  }

  async #assertBegun({ bucket, key, uploadId }: Upload): Promise<void> {
    const row = await this.#context.engine.get(rowKey('u', bucket, key, uploadId))
    if (row === undefined) throw new ApiError('NoSuchUpload', { fields: { UploadId: uploadId } })
  }

  async stageCopy(
    upload: Upload,
    partNumber: number,
    from: OpenBlob,
    range: ByteRange,
    algorithms: readonly ChecksumAlgorithm[],
  ): Promise<StagedPartBlob> {
    const shared = await shareStretch(this.#context, from, range, algorithms)
    if (shared !== undefined) return partOf(partNumber, shared)
    return copyFrom(
      from,
      range,
      algorithms,
      (body) => this.stage(upload, partNumber, body),
      ({ at }) => this.discard(upload.uploadId, partNumber, at),
    )
  }

  discard(_uploadId: string, _partNumber: number, at: PartRef): Promise<void> {
    return abandon(this.#context, idOf(at))
  }

  async record(
    transaction: Transaction,
    _uploadId: string,
    _partNumber: number,
    at: PartRef,
    replaced: PartRef | undefined,
  ): Promise<void> {
    await this.#context.etags.settle(transaction, idOf(at))
    if (replaced !== undefined) await putGone(transaction, idOf(replaced), this.#context.clock.nowMs())
  }

  removeReplaced(): void {}

  async assemble(
    uploadId: string,
    parts: readonly { readonly at: PartRef; readonly sizeBytes: number }[],
  ): Promise<AssembledBlob> {
    const ids = parts.map(({ at }) => idOf(at))
    const rows = await this.#context.engine.getMany(ids.map(blobKey))
    const pieces = rows.flatMap((row) => {
      if (row === undefined) throw new PartsGone('a part no longer exists')
      return decodePieces(row)
    })
    const sizeBytes = pieces.reduce((sum, piece) => sum + piece.sizeBytes, 0)
    return {
      ref: refOf(uploadId, sizeBytes),
      confirm: (transaction) => {
        transaction.put(blobKey(uploadId), encodePieces(pieces))
        this.#taken.set(transaction, new Set(ids))
      },
      discard: () => undefined,
    }
  }

  /** Parts that no version takes over are deleted. */
  async recordEnd(transaction: Transaction, _uploadId: string, parts: readonly PartRef[]): Promise<void> {
    const taken = this.#taken.get(transaction) ?? new Set<string>()
    const ids = new Set(parts.map(idOf))
    for (const id of taken) {
      if (!ids.has(id)) throw new PartsGone('a part was replaced by the same bytes')
      transaction.remove(blobKey(id))
    }
    const nowMs = this.#context.clock.nowMs()
    for (const id of ids) if (!taken.has(id)) await putGone(transaction, id, nowMs)
  }

  async remove(): Promise<void> {}
}

const idOf = (at: PartRef): string => (at as KeptPart).id

function partOf(partNumber: number, staged: StagedPieces): StagedPartBlob {
  const at: KeptPart = { id: staged.id }
  return { partNumber, ...stagedOf(staged), at }
}
