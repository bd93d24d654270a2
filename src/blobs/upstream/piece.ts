/** The pieces of a blob in order. Each is a range of an object upstream, or of a small row of the index. */
import type { ByteRange } from '#blobs/contract/incoming.ts'
import type { Bytes } from '#metadata/engine.ts'
import { randomId } from '#metadata/order.ts'
import { decodeJson, encodeJson } from '#metadata/tables.ts'

export interface Piece {
  readonly id: string
  readonly sizeBytes: number
  /** Its first byte in the object or row with this id. */
  readonly start: number
  /** The bytes are a row of the index. */
  readonly isInline: boolean
  /**
   * The ETag with which the upstream stored the object, without quotes. A read compares it. Undefined while the object
   * is being uploaded, and if the upstream or the memory of the process did not tell it.
   */
  readonly etag?: string | undefined
}

export const wholePiece = (id: string, sizeBytes: number): Piece => ({ id, sizeBytes, start: 0, isInline: false })
export const inlinePiece = (id: string, sizeBytes: number): Piece => ({ id, sizeBytes, start: 0, isInline: true })

/** A new id of a blob or piece. Ids sort by their time. */
export const newId = (nowMs: number): string => Math.floor(nowMs).toString(16).padStart(12, '0') + randomId(10)

/** The time of an id in milliseconds. */
export const timeOfId = (id: string): number => Number.parseInt(id.slice(0, 12), 16)

type Encoded = [id: string, sizeBytes: number, start?: number, isInline?: 0 | 1, etag?: string]

/** Encodes pieces as short arrays: an object of 10,000 parts has 10,000 pieces. */
export function encodePieces(pieces: readonly Piece[]): Buffer {
  return encodeJson(
    pieces.map(({ id, sizeBytes, start, isInline, etag }): Encoded => {
      if (isInline) return [id, sizeBytes, start, 1]
      if (etag !== undefined) return [id, sizeBytes, start, 0, etag]
      return start === 0 ? [id, sizeBytes] : [id, sizeBytes, start]
    }),
  )
}

export function decodePieces(value: Bytes): Piece[] {
  return decodeJson<Encoded[]>(value).map(([id, sizeBytes, start = 0, isInline, etag]) => ({
    id,
    sizeBytes,
    start,
    isInline: isInline === 1,
    etag,
  }))
}

/** The parts of the pieces that are in a range of their bytes. */
export function cutPieces(pieces: readonly Piece[], range: ByteRange): Piece[] {
  const cut: Piece[] = []
  let at = 0
  for (const piece of pieces) {
    const from = Math.max(range.start - at, 0)
    const to = Math.min(range.end - at, piece.sizeBytes)
    if (from < to) cut.push({ ...piece, start: piece.start + from, sizeBytes: to - from })
    at += piece.sizeBytes
    if (at >= range.end) break
  }
  return cut
}

/** Counts how often each id appears. */
export function countById(pieces: readonly Piece[]): Map<string, { readonly piece: Piece; times: number }> {
  const counted = new Map<string, { readonly piece: Piece; times: number }>()
  for (const piece of pieces) {
    const known = counted.get(piece.id)
    if (known === undefined) counted.set(piece.id, { piece, times: 1 })
    else known.times++
  }
  return counted
}
