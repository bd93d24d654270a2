/** Uploads a body of known size as one object or several. It uses no memory beyond the buffers of the body. */
import type { Staged } from '#blobs/contract/incoming.ts'
import type { IngestTarget } from '#blobs/io/ingest.ts'
import { PieceBody } from '#blobs/upstream/client/piece-body.ts'
import type { StallWatch } from '#blobs/upstream/client/stall.ts'
import type { Taken } from '#blobs/upstream/client/upstream.ts'
import type { UpstreamContext } from '#blobs/upstream/context.ts'
import { type Piece, wholePiece } from '#blobs/upstream/piece.ts'
import { assertTaken, writeProblem } from './assert-taken.ts'

interface Sending {
  readonly pieceId: string
  readonly body: PieceBody
  readonly watch: StallWatch
  readonly taken: Promise<Taken>
  /** Bytes that have not come yet. */
  restBytes: number
}

export class PieceUpload implements IngestTarget {
  readonly #context: UpstreamContext
  readonly #pieces: readonly Piece[]
  #at = 0
  #sending: Sending | undefined
  /** Writes run one after the other, also if a call comes before the previous one has resolved. */
  #turn: Promise<void> = Promise.resolve()
  #last: Taken | undefined

  /** The rows of the pieces must be written already. */
  constructor(context: UpstreamContext, pieces: readonly Piece[]) {
    this.#context = context
    this.#pieces = pieces
  }

  /** Resolves when the buffer may be used again. With the last bytes: when the upstream has stored them. */
  write(bytes: Uint8Array): Promise<void> {
    const written = this.#turn.then(() => this.#write(bytes))
    this.#turn = written
    written.catch(() => undefined)
    return written
  }

  /** Compares what the upstream has stored with what was sent. */
  assertSame(digests: Staged['digests']): void {
    // The digest of each of several objects is unknown.
    if (this.#pieces.length === 1 && this.#last !== undefined) assertTaken(this.#context, this.#last, digests)
  }

  /** Ends the requests. The upstream stores nothing of an incomplete body. */
  abandon(): void {
    // If only its body is destroyed, a request waits for the rest.
    this.#sending?.watch.giveUp()
    this.#sending?.body.destroy()
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      this.#sending ??= this.#begin()
      const sending = this.#sending
      const count = Math.min(sending.restBytes, bytes.length - at)
      await Promise.race([sending.body.write(bytes.subarray(at, at + count)), sending.taken])
      at += count
      sending.restBytes -= count
      if (sending.restBytes > 0) continue
      await sending.body.end()
      this.#last = await sending.taken
      this.#context.etags.note(sending.pieceId, this.#last.etag)
      this.#sending = undefined
    }
  }

  #begin(): Sending {
    const { upstream } = this.#context
    const { id, sizeBytes } = this.#pieces[this.#at++] ?? wholePiece('', 0)
    const watch = upstream.newWatch()
    const body = new PieceBody(watch)
    const taken = upstream.put(upstream.keyOf(id), { source: body, sizeBytes }, watch).catch((error: unknown) => {
      body.destroy()
      throw writeProblem(this.#context, error)
    })
    taken.catch(() => undefined)
    return { pieceId: id, body, watch, taken, restBytes: sizeBytes }
  }
}
