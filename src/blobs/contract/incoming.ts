/** Bytes on their way in. */
import type { Readable } from 'node:stream'
import type { BlobRef } from '#metadata/blob-ref.ts'
import type { ObjectEncryption } from '#model/object/encryption.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'

/** Bytes start <= i < end. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** A body, decoded (no aws-chunked framing left). */
export interface IncomingBody {
  readonly source: Readable
  /** Decoded length, when the client announced it. */
  readonly sizeBytes: number | undefined
  /** More than this is EntityTooLarge. */
  readonly maxBytes: number
  /** What to compute beside MD5 and CRC64NVME, which are always computed. */
  readonly algorithms: readonly ChecksumAlgorithm[]
  /** Encrypted bytes, of which the CRC64NVME is computed and nothing else. */
  readonly isSealed?: true
}

/** Bytes received and hashed, not yet visible. */
export interface Staged {
  readonly sizeBytes: number
  /** Big-endian digests of everything asked for, and always of MD5 and CRC64NVME. */
  readonly digests: ReadonlyMap<ChecksumAlgorithm, Buffer>
  /** How the bytes that are kept are sealed: size and digests are of those that came. */
  readonly encryption?: ObjectEncryption
}

export interface StagedBlob extends Staged {
  readonly ref: BlobRef
  /** Of a small body, where the store puts them into the commit as well. */
  readonly bytes: Buffer | undefined
  /** Base64, of a sealed segment that was appended to others. */
  readonly salt?: string
}

/** Where the bytes of a part are. Only the store that made it reads it; the index keeps it as JSON. */
export type PartRef = object

export interface StagedPart extends Staged {
  readonly partNumber: number
  /** Base64, of a sealed part: no other part that had its number has the same. */
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
