/**
 * Encryption over a blob store, which gets encrypted bytes only. Sizes and digests in the results are those of the
 * plaintext.
 */
import type { StoredVersion } from '#metadata/version-codec.ts'
import type { DataKeys, Sealing } from '#model/object/encryption.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import type { ChecksumAlgorithm, ObjectPart } from '#model/object/object.ts'
import type { ByteRange, IncomingBody, PartRef, StagedBlob, StagedPartBlob } from './incoming.ts'
import type { OpenBlob } from './open-blob.ts'
import type { AssembledBlob } from './part-blobs.ts'

export interface SealedBlobs {
  /** Like BlobStore's. */
  stage(body: IncomingBody, sealing: Sealing): Promise<StagedBlob>
  stageCopy(
    from: OpenBlob,
    range: ByteRange,
    algorithms: readonly ChecksumAlgorithm[],
    sealing: Sealing,
  ): Promise<StagedBlob>
  /** Stages a segment behind those of an encrypted version, which are not changed. `to` is its encrypted bytes. */
  stageAppend(to: OpenBlob, body: IncomingBody, segment: AppendedSegment): Promise<StagedBlob>
  /** Like PartBlobs'. Each part is encrypted separately: parts come in any order and from several processes. */
  stagePart(upload: Upload, partNumber: number, body: IncomingBody, dataKeys: DataKeys): Promise<StagedPartBlob>
  stagePartCopy(
    upload: Upload,
    partNumber: number,
    from: OpenBlob,
    range: ByteRange,
    algorithms: readonly ChecksumAlgorithm[],
    dataKeys: DataKeys,
  ): Promise<StagedPartBlob>
  /** Joins the encrypted parts. Nothing is encrypted again. */
  assemble(uploadId: string, parts: readonly { readonly at: PartRef }[]): Promise<AssembledBlob>
  /** Encrypts a small text of an encrypted version with its data keys, under this name. */
  sealText(name: string, bytes: Buffer, dataKeys: DataKeys): Buffer
  /** Undefined if it was not encrypted under this name with these keys. `sizeBytes`: of the plaintext. */
  openText(name: string, sealed: Buffer, sizeBytes: number, dataKeys: DataKeys): Buffer | undefined
  /** Takes over the encrypted bytes. Throws the error of `damaged`, at once or when a damaged chunk is read. */
  unseal(sealed: OpenBlob, unsealing: Unsealing): OpenBlob
}

export interface AppendedSegment extends Sealing {
  readonly partNumber: number
  /** Base64, of the stored bytes before it. */
  readonly keptCrc64nvme: string
}

export interface Unsealing {
  readonly version: StoredVersion
  /** All parts of a version that was uploaded in parts. */
  readonly parts: readonly ObjectPart[]
  readonly dataKeys: DataKeys
  /** Reports bytes that were not encrypted with these keys. Returns the error for the client. */
  readonly damaged: () => Error
}
