/**
 * Decrypts an encrypted version with its data keys. A range reads only its own chunks, and each is verified before it
 * is used.
 */
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { ByteRange, Staged } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import type { Unsealing } from '#blobs/contract/sealed-blobs.ts'
import { type EgressSource, sendStretch } from '#blobs/io/egress.ts'
import { OpenBytes } from '#blobs/open-bytes.ts'
import { crc64nvmeOf } from '#metadata/version-codec.ts'
import { limits } from '#model/limits.ts'
import type { DataKeys } from '#model/object/encryption.ts'
import { chunkBytes, headerBytes, lastChunkOf, sealedChunkBytes } from './segment.ts'
import { SealBroken, SegmentCipher } from './segment-cipher.ts'
import { chunkIn, type Segment, segmentAt, segmentsOf } from './segments.ts'

export function unseal(blob: OpenBlob, unsealing: Unsealing): OpenBlob {
  const { version, parts, dataKeys, damaged } = unsealing
  const { segments, keptBytes } = segmentsOf(version, parts, dataKeys.length)
  try {
    const last = segments.at(-1)
    const isWhole = last !== undefined && last.start + last.sizeBytes === version.sizeBytes
    if (!isWhole || keptBytes !== blob.sizeBytes) throw damaged()
    const kept = keptBytes <= limits.inlineBytes ? blob.bytes({ start: 0, end: keptBytes }) : undefined
    if (kept === undefined) return new SealedBlob(blob, segments, unsealing)
    const opened = new OpenBytes(openAll(kept, segments, version.sizeBytes, dataKeys))
    blob.close()
    return opened
  } catch (error) {
    blob.close()
    throw error instanceof SealBroken ? damaged() : error
  }
}

function openAll(kept: Buffer, segments: readonly Segment[], sizeBytes: number, dataKeys: DataKeys): Buffer {
  const opened = Buffer.allocUnsafe(sizeBytes)
  // The store may return its own buffer, which must not be changed: with two layers the outer one is decrypted in
  // place.
  const sealed = dataKeys.length === 1 ? kept : Buffer.from(kept)
  for (const segment of segments) {
    const cipher = cipherOf(segment, sealed.subarray(segment.keptStart, segment.keptStart + headerBytes), dataKeys)
    for (let chunk = 0; chunk <= lastChunkOf(segment.sizeBytes); chunk++) {
      const { keptStart, keptEnd, sizeBytes, isLast } = chunkIn(segment, chunk, dataKeys.length)
      const start = segment.start + chunk * chunkBytes
      cipher.open(chunk, isLast, sealed.subarray(keptStart, keptEnd), opened.subarray(start, start + sizeBytes))
    }
  }
  return opened
}

const cipherOf = ({ partNumber, salt }: Segment, header: Buffer, dataKeys: DataKeys): SegmentCipher =>
  SegmentCipher.of(dataKeys, header, partNumber, salt)

const pieceBytes = 256 * 1024
const chunksAtOnce = 8

/**
 * Buffers for the encrypted bytes of one read. They are released before the reader's next turn, so that few are needed.
 */
const scratchBuffers: Buffer[] = []
const scratchMax = 8
const scratchBytes = headerBytes + chunksAtOnce * sealedChunkBytes(chunkBytes, 2)

/** For a chunk that is needed only in part. It is used within the same turn. */
const openedChunk = Buffer.allocUnsafeSlow(chunkBytes)

class SealedBlob implements OpenBlob, EgressSource {
  readonly #blob: OpenBlob
  readonly #segments: readonly Segment[]
  readonly #unsealing: Unsealing
  readonly #layers: number
  /** The segment that was read last. */
  #current: { readonly segment: Segment; readonly cipher: SegmentCipher } | undefined

  constructor(blob: OpenBlob, segments: readonly Segment[], unsealing: Unsealing) {
    this.#blob = blob
    this.#segments = segments
    this.#unsealing = unsealing
    this.#layers = unsealing.dataKeys.length
  }

  get sizeBytes(): number {
    return this.#unsealing.version.sizeBytes
  }

  bytes(): undefined {
    return undefined
  }

  async send({ start, end }: ByteRange, response: ServerResponse, writeHead?: () => void): Promise<void> {
    await sendStretch(response, { source: this, start, end }, writeHead)
  }

  async *pieces({ start, end }: ByteRange): AsyncGenerator<Buffer> {
    for (let position = start; position < end; ) {
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, end - position))
      const count = await this.read(piece, piece.length, position)
      position += count
      yield piece.subarray(0, count)
    }
  }

  uncheckedStream(range: ByteRange): Readable {
    return Readable.from(this.pieces(range), { objectMode: false })
  }

  async readInto(target: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < target.length; ) {
      at += await this.read(target.subarray(at), target.length - at, position + at)
    }
  }

  /**
   * Reads whole chunks from `position` on, as many as fit into the buffer. The first and the last may be cut by the
   * range.
   */
  async read(buffer: Uint8Array, lengthBytes: number, position: number): Promise<number> {
    const segment = segmentAt(this.#segments, position)
    if (segment === undefined || position >= this.sizeBytes) throw new Error(`byte ${position} does not exist`)
    const within = position - segment.start
    const end = Math.min(segment.sizeBytes, within + lengthBytes)
    const first = Math.floor(within / chunkBytes)
    const count = Math.min(chunksAtOnce, Math.max(1, Math.floor(lengthBytes / chunkBytes)))
    const last = Math.min(Math.ceil(end / chunkBytes), first + count) - 1
    const scratch = scratchBuffers.pop() ?? Buffer.allocUnsafeSlow(scratchBytes)
    try {
      const { cipher, sealed } = await this.#readChunks(segment, first, last, scratch)
      let filled = 0
      let from = 0
      for (let chunk = first; chunk <= last; chunk++) {
        const { keptStart, keptEnd, sizeBytes, isLast } = chunkIn(segment, chunk, this.#layers)
        const bytes = sealed.subarray(from, from + keptEnd - keptStart)
        from += bytes.length
        const start = Math.max(0, within - chunk * chunkBytes)
        const wanted = Math.min(sizeBytes, end - chunk * chunkBytes) - start
        if (wanted === sizeBytes) cipher.open(chunk, isLast, bytes, buffer.subarray(filled, filled + sizeBytes))
        else {
          const opened = openedChunk.subarray(0, sizeBytes)
          cipher.open(chunk, isLast, bytes, opened)
          buffer.set(opened.subarray(start, start + wanted), filled)
        }
        filled += wanted
      }
      return filled
    } catch (error) {
      throw error instanceof SealBroken ? this.#unsealing.damaged() : error
    } finally {
      if (scratchBuffers.length < scratchMax) scratchBuffers.push(scratch)
    }
  }

  async #readChunks(
    segment: Segment,
    first: number,
    last: number,
    scratch: Buffer,
  ): Promise<{ readonly cipher: SegmentCipher; readonly sealed: Buffer }> {
    const { keptStart } = chunkIn(segment, first, this.#layers)
    const { keptEnd } = chunkIn(segment, last, this.#layers)
    const known = this.#current?.segment === segment ? this.#current.cipher : undefined
    // The header is directly before the first chunk.
    const from = known === undefined && first === 0 ? segment.keptStart : keptStart
    const sealed = scratch.subarray(0, keptEnd - from)
    await this.#blob.readInto(sealed, from)
    if (known !== undefined) return { cipher: known, sealed }
    const header = first === 0 ? sealed.subarray(0, headerBytes) : Buffer.allocUnsafe(headerBytes)
    if (first > 0) await this.#blob.readInto(header, segment.keptStart)
    const cipher = cipherOf(segment, header, this.#unsealing.dataKeys)
    this.#current = { segment, cipher }
    return { cipher, sealed: sealed.subarray(keptStart - from) }
  }

  assertCopied({ start, end }: ByteRange, digests: Staged['digests']): void {
    const { version, damaged } = this.#unsealing
    if (start !== 0 || end !== this.sizeBytes) return
    const crc64nvme = crc64nvmeOf(version)
    if (crc64nvme !== undefined && digests.get('CRC64NVME')?.toString('base64') !== crc64nvme) throw damaged()
  }

  close(): void {
    this.#blob.close()
  }
}
