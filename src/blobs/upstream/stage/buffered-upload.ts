/** Uploads a body of unknown size. S3 needs the size first, so pieces are buffered in memory. */
import { createHash } from 'node:crypto'
import type { IngestTarget } from '#blobs/io/ingest.ts'
import type { UpstreamContext } from '#blobs/upstream/context.ts'
import { writeDurably } from '#blobs/upstream/context.ts'
import { newId, type Piece, wholePiece } from '#blobs/upstream/piece.ts'
import { rowsOfStaged } from '#blobs/upstream/rows.ts'
import { limits } from '#model/limits.ts'
import { writeProblem } from './assert-taken.ts'
import { growStaged } from './grow-staged.ts'

const pieceBytes = 8 * 1024 * 1024

export class BufferedUpload implements IngestTarget {
  readonly #context: UpstreamContext
  readonly #id: string
  #isStaged: boolean
  #pieces: readonly Piece[]
  #gathered: Buffer | undefined
  #gatheredBytes = 0
  #turn: Promise<void> = Promise.resolve()
  #giveBack: (() => void) | undefined

  /** `before`: the pieces of a staged blob; undefined: the blob has no rows yet. */
  constructor(context: UpstreamContext, id: string, before: readonly Piece[] | undefined) {
    this.#context = context
    this.#id = id
    this.#isStaged = before !== undefined
    this.#pieces = before ?? []
  }

  get pieces(): readonly Piece[] {
    return this.#pieces
  }

  write(bytes: Uint8Array): Promise<void> {
    const written = this.#turn.then(() => this.#write(bytes))
    this.#turn = written
    written.catch(() => undefined)
    return written
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      this.#giveBack ??= await this.#context.gathering.take()
      this.#gathered ??= Buffer.allocUnsafeSlow(pieceBytes)
      const count = Math.min(pieceBytes - this.#gatheredBytes, bytes.length - at)
      this.#gathered.set(bytes.subarray(at, at + count), this.#gatheredBytes)
      this.#gatheredBytes += count
      at += count
      if (this.#gatheredBytes === pieceBytes) await this.#send(this.#gathered)
    }
  }

  /** Returns the bytes themselves if they are few and there is nothing else. */
  async finish(): Promise<Buffer | undefined> {
    const rest = this.#gathered?.subarray(0, this.#gatheredBytes) ?? Buffer.alloc(0)
    if (this.#pieces.length === 0 && rest.length <= limits.inlineBytes) return Buffer.from(rest)
    if (rest.length > 0) await this.#send(rest)
    return undefined
  }

  async #send(bytes: Buffer): Promise<void> {
    const { upstream, clock, etags } = this.#context
    const piece = wholePiece(newId(clock.nowMs()), bytes.length)
    this.#pieces = [...this.#pieces, piece]
    if (this.#isStaged) await growStaged(this.#context, this.#id, this.#pieces)
    else await writeDurably(this.#context, rowsOfStaged(this.#id, this.#pieces))
    this.#isStaged = true
    const md5 = createHash('md5').update(bytes).digest('base64')
    try {
      const { etag } = await upstream.put(upstream.keyOf(piece.id), { source: bytes, sizeBytes: bytes.length, md5 })
      etags.note(piece.id, etag)
    } catch (error) {
      throw writeProblem(this.#context, error)
    }
    this.#gatheredBytes = 0
  }

  close(): void {
    this.#gathered = undefined
    this.#giveBack?.()
    this.#giveBack = undefined
  }
}
