import type { ByteRange, IncomingBody, PartRef, StagedPartBlob } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { type AssembledBlob, type PartBlobs, PartsGone } from '#blobs/contract/part-blobs.ts'
import { readBody } from '#blobs/read-body.ts'
import type { BlobRef } from '#metadata/blob-ref.ts'
import { randomId } from '#metadata/order.ts'
import { ApiError } from '#model/errors.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import { copyOf, digestsOf } from './copy-of.ts'

interface KeptPart {
  readonly id: string
}

/** Parts by their ids, for each upload. */
export class MemoryParts implements PartBlobs {
  readonly #uploads = new Map<string, Map<string, Buffer>>()
  readonly #keep: (bytes: Buffer) => BlobRef

  /** `keep` takes the bytes of a completed upload. */
  constructor(keep: (bytes: Buffer) => BlobRef) {
    this.#keep = keep
  }

  async begin(uploadId: string): Promise<void> {
    this.#uploads.set(uploadId, new Map())
  }

  async stage(upload: Upload, partNumber: number, body: IncomingBody): Promise<StagedPartBlob> {
    return this.#stage(upload, partNumber, await readBody(body), body)
  }

  async stageCopy(
    upload: Upload,
    partNumber: number,
    from: OpenBlob,
    range: ByteRange,
    algorithms: readonly ChecksumAlgorithm[],
  ): Promise<StagedPartBlob> {
    return this.#stage(upload, partNumber, await copyOf(from, range, algorithms), { algorithms })
  }

  #stage(
    { uploadId }: Upload,
    partNumber: number,
    bytes: Buffer,
    wanted: Pick<IncomingBody, 'algorithms' | 'isSealed'>,
  ): StagedPartBlob {
    const parts = this.#uploads.get(uploadId)
    if (parts === undefined) throw new ApiError('NoSuchUpload', { fields: { UploadId: uploadId } })
    const at: KeptPart = { id: randomId(8) }
    parts.set(at.id, bytes)
    return { partNumber, sizeBytes: bytes.length, digests: digestsOf(bytes, wanted), at }
  }

  async discard(uploadId: string, _partNumber: number, at: PartRef): Promise<void> {
    this.removeReplaced(uploadId, at)
  }

  record(): void {}

  removeReplaced(uploadId: string, at: PartRef): void {
    this.#uploads.get(uploadId)?.delete((at as KeptPart).id)
  }

  /** The parts stay until the upload ends, since its completion may fail. */
  async assemble(uploadId: string, parts: readonly { readonly at: PartRef }[]): Promise<AssembledBlob> {
    const kept = this.#uploads.get(uploadId)
    const bytes = parts.map(({ at }) => kept?.get((at as KeptPart).id))
    if (bytes.includes(undefined)) throw new PartsGone('a part was removed')
    const whole = Buffer.concat(bytes.filter((part) => part !== undefined))
    return { ref: this.#keep(whole), confirm: () => undefined, discard: () => undefined }
  }

  async recordEnd(): Promise<void> {}

  async remove(uploadId: string): Promise<void> {
    this.#uploads.delete(uploadId)
  }
}
