/** The positions of the segments of a version, in its plaintext and in the stored bytes. */
import type { ObjectPart, ObjectVersion } from '#model/object/object.ts'
import { chunkBytes, headerBytes, lastChunkOf, sealedBytes, sealedChunkBytes } from './segment.ts'

export interface Segment {
  readonly partNumber: number
  readonly sizeBytes: number
  /** Position of its first byte of plaintext. */
  readonly start: number
  readonly keptStart: number
  /** Base64; only for parts. */
  readonly salt: string | undefined
}

/** `parts`: all parts of a version that was uploaded in parts. */
export function segmentsOf(
  { partCount, sizeBytes }: Pick<ObjectVersion, 'partCount' | 'sizeBytes'>,
  parts: readonly ObjectPart[],
  layers: number,
): { readonly segments: readonly Segment[]; readonly keptBytes: number } {
  const named = partCount === 0 ? [{ partNumber: 0, sizeBytes, salt: undefined }] : parts
  let start = 0
  let keptBytes = 0
  const segments = named.map((part) => {
    // A version that was written at once and then appended to has a part marked as `isWhole`.
    const partNumber = 'isWhole' in part && part.isWhole ? 0 : part.partNumber
    const segment = { ...part, partNumber, salt: part.salt, start, keptStart: keptBytes }
    start += part.sizeBytes
    keptBytes += sealedBytes(part.sizeBytes, layers)
    return segment
  })
  return { segments, keptBytes }
}

/** The segment that contains this byte of plaintext. */
export function segmentAt(segments: readonly Segment[], position: number): Segment | undefined {
  let low = 0
  let high = segments.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((segments[middle]?.start ?? 0) <= position) low = middle
    else high = middle - 1
  }
  return segments[low]
}

/** The position of a chunk in the stored bytes, and the size of its plaintext. */
export function chunkIn(
  { keptStart, sizeBytes }: Segment,
  chunk: number,
  layers: number,
): { readonly keptStart: number; readonly keptEnd: number; readonly sizeBytes: number; readonly isLast: boolean } {
  const from = keptStart + headerBytes + chunk * sealedChunkBytes(chunkBytes, layers)
  const size = Math.min(chunkBytes, sizeBytes - chunk * chunkBytes)
  return {
    keptStart: from,
    keptEnd: from + sealedChunkBytes(size, layers),
    sizeBytes: size,
    isLast: chunk === lastChunkOf(sizeBytes),
  }
}
