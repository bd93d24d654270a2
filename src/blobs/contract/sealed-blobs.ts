/** Encryption over a blob store. What comes is sealed before that store has it; sizes and digests that are told are of the plaintext. */
import type { StoredVersion } from '#metadata/version-codec.ts'
import type { DataKeys, Sealing } from '#model/object/encryption.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import type { ChecksumAlgorithm, ObjectPart } from '#model/object/object.ts'
import type { ByteRange, IncomingBody, PartRef, StagedBlob, StagedPartBlob } from './incoming.ts'
import type { OpenBlob } from './open-blob.ts'
import type { AssembledBlob } from './part-blobs.ts'

export interface SealedBlobs {
  /** As BlobStore's. */
  stage(body: IncomingBody, sealing: Sealing): Promise<StagedBlob>
  stageCopy(
    from: OpenBlob,
    range: ByteRange,
    algorithms: readonly ChecksumAlgorithm[],
    sealing: Sealing,
  ): Promise<StagedBlob>
  /** A segment after those of a sealed version, which stay as they are: `to` are its kept bytes. */
  stageAppend(to: OpenBlob, body: IncomingBody, segment: AppendedSegment): Promise<StagedBlob>
  /** As PartBlobs'. Each part is sealed on its own: they come in any order, and from several processes. */
  stagePart(upload: Upload, partNumber: number, body: IncomingBody, dataKeys: DataKeys): Promise<StagedPartBlob>
  stagePartCopy(
    upload: Upload,
    partNumber: number,
    from: OpenBlob,
    range: ByteRange,
    algorithms: readonly ChecksumAlgorithm[],
    dataKeys: DataKeys,
  ): Promise<StagedPartBlob>
  /** The sealed parts one after the other: nothing is encrypted again. */
  assemble(uploadId: string, parts: readonly { readonly at: PartRef }[]): Promise<AssembledBlob>
  /** A small text that belongs to a sealed version, sealed with its data keys under this name. */
  sealText(name: string, bytes: Buffer, dataKeys: DataKeys): Buffer
  /** Undefined: it was not sealed under this name with these keys. `sizeBytes`: of the text. */
  openText(name: string, sealed: Buffer, sizeBytes: number, dataKeys: DataKeys): Buffer | undefined
  /** Takes over the sealed bytes. Throws the error of `damaged`, at once or when the chunk is read that is. */
  unseal(sealed: OpenBlob, unsealing: Unsealing): OpenBlob
}

export interface AppendedSegment extends Sealing {
  readonly partNumber: number
  /** Base64, of the kept bytes before it. */
  readonly keptCrc64nvme: string
}

export interface Unsealing {
  readonly version: StoredVersion
  /** All of a version that came in parts. */
  readonly parts: readonly ObjectPart[]
  readonly dataKeys: DataKeys
  /** Tells of bytes that are not those that were sealed with these keys; the error is for the client. */
  readonly damaged: () => Error
}
