/** A multipart upload in progress and its parts. */
import type { ObjectEncryption } from '#model/object/encryption.ts'
import type { ChecksumAlgorithm, ChecksumType, ObjectAttributes } from '#model/object/object.ts'

export interface Upload {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  readonly initiatedAtMs: number
  readonly initiatorId: string
  readonly attributes: ObjectAttributes
  /** As declared by CreateMultipartUpload. If undefined, a full-object CRC64NVME is kept. */
  readonly checksumAlgorithm?: ChecksumAlgorithm
  readonly checksumType?: ChecksumType
  /** The encryption of all its parts, and of the object. */
  readonly encryption?: ObjectEncryption
  /** For an upload of an import: the ETag of the source object. A later run continues it. */
  readonly importOf?: string
}

export interface UploadedPart {
  readonly partNumber: number
  readonly sizeBytes: number
  /** Hex MD5, no quotes. */
  readonly etag: string
  readonly modifiedAtMs: number
  /** Base64 checksum in the upload's algorithm; undefined if the upload declared none and the client sent none. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string }
  /** Base64, always kept: full-object checksums are combined from those of the parts. */
  readonly crc64nvme: string
}

/** A part in the document of CompleteMultipartUpload. */
export interface RequestedPart {
  readonly partNumber: number
  /** Hex, quotes removed. */
  readonly etag: string
  /** Every checksum element that the client sent for this part, base64. */
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>
}
