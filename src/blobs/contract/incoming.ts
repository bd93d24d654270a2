/** Bytes that are being received. */
import type { Readable } from 'node:stream'
import type { BlobRef } from '#metadata/blob-ref.ts'
import type { ObjectEncryption } from '#model/object/encryption.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'

/** The bytes start <= i < end. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** A body, decoded: without aws-chunked framing. */
export interface IncomingBody {
  readonly source: Readable
  /** Decoded length, when the client announced it. */
  readonly sizeBytes: number | undefined
  /** A larger body is EntityTooLarge. */
  readonly maxBytes: number
  /** Digests to compute beside MD5 and CRC64NVME, which are always computed. */
  readonly algorithms: readonly ChecksumAlgorithm[]
  /** Encrypted bytes: only their CRC64NVME is computed. */
  readonly isSealed?: true
}

/** Bytes that were received and hashed, but are not visible yet. */
export interface Staged {
  readonly sizeBytes: number
  /** Big-endian digests: all that were requested, and always MD5 and CRC64NVME. */
  readonly digests: ReadonlyMap<ChecksumAlgorithm, Buffer>
  /** The encryption of the bytes that are kept. Size and digests are those of the plaintext. */
  readonly encryption?: ObjectEncryption
}

export interface StagedBlob extends Staged {
  readonly ref: BlobRef
  /** The bytes of a small body, if the store puts them into the commit as well. */
  readonly bytes: Buffer | undefined
  /** Base64. The salt of an encrypted segment that was appended to others. */
  readonly salt?: string
}

/** The place of the bytes of a part. Only the blob store that made it reads it; the index keeps it as JSON. */
export type PartRef = object

export interface StagedPart extends Staged {
  readonly partNumber: number
  /** Base64. Each encrypted part has its own salt, also if it replaces a part of the same number. */
  readonly salt?: string
}

export interface StagedPartBlob extends StagedPart {
  readonly at: PartRef
}

export function algorithmsFor({
  algorithms: asked,
  isSealed,
}: Pick<IncomingBody, 'algorithms' | 'isSealed'>): ChecksumAlgorithm[] {
  if (isSealed) return ['CRC64NVME']
  const algorithms: ChecksumAlgorithm[] = ['MD5', 'CRC64NVME']
  for (const algorithm of asked) if (!algorithms.includes(algorithm)) algorithms.push(algorithm)
  return algorithms
}
