/** Reads pieces in order. While it reads one, the next is already requested. */
import type { EgressSource } from '#blobs/io/egress.ts'
import { UpstreamMissing } from '#blobs/upstream/client/problem.ts'
import type { UpstreamContext } from '#blobs/upstream/context.ts'
import type { Piece } from '#blobs/upstream/piece.ts'
import { bytesKey } from '#blobs/upstream/rows.ts'
import { asBuffer } from '#metadata/engine.ts'
import { type ExpectedObjects, StretchReader } from './stretch-reader.ts'

export class PieceReader implements EgressSource {
  readonly #context: UpstreamContext
  readonly #pieces: readonly Piece[]
  readonly #expected: ExpectedObjects | undefined
  /** Readers of the present piece and of the next, by their places. */
  readonly #readers = new Map<number, StretchReader>()
  #at = 0
  /** Bytes that were read and not taken yet. */
  #rest: Buffer | undefined
  #position: number

  /** `position`: the place of their first byte in the range that the caller reads. */
  constructor(context: UpstreamContext, pieces: readonly Piece[], position: number, expected?: ExpectedObjects) {
    this.#context = context
    this.#pieces = pieces
    this.#expected = expected
    this.#position = position
  }

  /** The position of the next byte. */
  get position(): number {
    return this.#position
  }

  /** The next bytes; undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    const bytes = this.#rest ?? (await this.#nextChunk())
    this.#rest = undefined
    this.#position += bytes?.length ?? 0
    return bytes
  }

  /** Fills the buffer. */
  async read(buffer: Uint8Array, lengthBytes: number, position: number): Promise<number> {
    if (position !== this.#position) throw new Error(`bytes from ${position} on were asked for, not ${this.#position}`)
    let filled = 0
    while (filled < lengthBytes) {
      const chunk = this.#rest ?? (await this.#nextChunk())
      if (chunk === undefined) break
      const taken = Math.min(chunk.length, lengthBytes - filled)
      buffer.set(taken === chunk.length ? chunk : chunk.subarray(0, taken), filled)
      this.#rest = taken === chunk.length ? undefined : chunk.subarray(taken)
      filled += taken
    }
    if (filled === 0) throw new Error(`the pieces end at ${position}, before what was promised`)
    this.#position += filled
    return filled
  }

  /** Fills the whole target. */
  async fill(target: Uint8Array): Promise<void> {
    if (target.length === 0) return
    const filled = await this.read(target, target.length, this.#position)
    if (filled < target.length) throw new Error('there are fewer bytes than requested')
  }

  async #nextChunk(): Promise<Buffer | undefined> {
    for (;;) {
      const piece = this.#pieces[this.#at]
      if (piece === undefined) return undefined
      if (piece.isInline) {
        this.#at++
        return this.#inline(piece)
      }
      const reader = this.#reader(this.#at)
      const chunk = await reader?.next()
      if (chunk !== undefined) {
        this.#reader(this.#at + 1)?.open()
        return chunk
      }
      reader?.close()
      this.#readers.delete(this.#at)
      this.#at++
    }
  }

  #reader(at: number): StretchReader | undefined {
    const piece = this.#pieces[at]
    if (piece === undefined || piece.isInline) return undefined
    const known = this.#readers.get(at)
    if (known !== undefined) return known
    const reader = new StretchReader(this.#context, piece, this.#expected)
    this.#readers.set(at, reader)
    return reader
  }

  async #inline({ id, start, sizeBytes }: Piece): Promise<Buffer> {
    const row = await this.#context.engine.get(bytesKey(id))
    if (row === undefined) throw new UpstreamMissing('reading bytes of the index')
    return asBuffer(row).subarray(start, start + sizeBytes)
  }

  close(): void {
    for (const reader of this.#readers.values()) reader.close()
    this.#readers.clear()
    this.#at = this.#pieces.length
    this.#rest = undefined
  }
}
