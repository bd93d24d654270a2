import type { BlobRef } from '#metadata/blob-ref.ts'
import type { Awaitable } from '#metadata/engine.ts'
import type { Transaction } from '#metadata/transact.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import type { ByteRange, IncomingBody, PartRef, StagedPartBlob } from './incoming.ts'
import type { OpenBlob } from './open-blob.ts'

/** The bytes of uploads in progress. */
export interface PartBlobs {
  /** After the commit of the upload's row. */
  begin(uploadId: string): Promise<void>
  /** NoSuchUpload if the upload has ended. */
  stage(upload: Upload, partNumber: number, body: IncomingBody): Promise<StagedPartBlob>
  /** Stages a copy of a range of an open blob, and closes the blob. */
  stageCopy(
    upload: Upload,
    partNumber: number,
    from: OpenBlob,
    range: ByteRange,
    algorithms: readonly ChecksumAlgorithm[],
  ): Promise<StagedPartBlob>
  discard(uploadId: string, partNumber: number, at: PartRef): Promise<void>
  /** In the commit of the part's row. `replaced`: the part that had this number before. */
  record(
    transaction: Transaction,
    uploadId: string,
    partNumber: number,
    at: PartRef,
    replaced: PartRef | undefined,
  ): Awaitable<void>
  /** After that commit: removes the part that had the number before. */
  removeReplaced(uploadId: string, at: PartRef): void
  /** Joins the bytes of these parts to one blob that is not published yet. PartsGone. */
  assemble(
    uploadId: string,
    parts: readonly { readonly at: PartRef; readonly sizeBytes: number }[],
  ): Promise<AssembledBlob>
  /** In the commit that ends the upload. `parts`: all that have a row. The commit fails if another was added. */
  recordEnd(transaction: Transaction, uploadId: string, parts: readonly PartRef[]): Promise<void>
  /** After the commit that aborts the upload. */
  remove(uploadId: string): Promise<void>
}

/** The upload ended, or another part replaced one, while its parts were being read. */
export class PartsGone extends Error {}

/** The upload has got another part since its parts were joined: they must be joined again. */
export class PartsAdded extends Error {}

export interface AssembledBlob {
  readonly ref: BlobRef
  /** In the commit that publishes it. PartsAdded; the commit fails if that happens later. */
  confirm(transaction: Transaction): Awaitable<void>
  /** Called if nothing was committed. */
  discard(): void
}
