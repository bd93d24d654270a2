/** One stretch of an object upstream. A connection that breaks is replaced by another, which goes on where it broke: bytes are never changed. */
import type { Readable } from 'node:stream'
import { UpstreamMissing, UpstreamProblem } from '#blobs/upstream/client/problem.ts'
import type { Opened } from '#blobs/upstream/client/upstream.ts'
import type { UpstreamContext } from '#blobs/upstream/context.ts'
import type { Piece } from '#blobs/upstream/piece.ts'

/** Without a byte in between. */
const attemptsMax = 3

export class StretchReader {
  readonly #context: UpstreamContext
  readonly #piece: Piece
  #opening: Promise<Opened> | undefined
  #reading: { readonly opened: Opened; readonly chunks: AsyncIterator<Buffer> } | undefined
  #readBytes = 0
  #failures = 0
  #isClosed = false

  constructor(context: UpstreamContext, piece: Piece) {
    this.#context = context
    this.#piece = piece
  }

  /** Asks for the bytes, so that they are on their way when they are read. */
  open(): void {
    if (this.#opening !== undefined || this.#isClosed) return
    const { upstream } = this.#context
    const { id, start, sizeBytes } = this.#piece
    this.#opening = upstream.get(upstream.keyOf(id), { start: start + this.#readBytes, end: start + sizeBytes })
    this.#opening.catch(() => undefined)
  }

  /** The next bytes; undefined at the end. UpstreamMissing, UpstreamProblem, SlowDown. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      if (this.#readBytes === this.#piece.sizeBytes) {
        await this.#finish()
        return undefined
      }
      try {
        const chunk = await this.#nextChunk()
        this.#readBytes += chunk.length
        this.#failures = 0
        return chunk
      } catch (error) {
        this.#letGo()
        if (this.#isClosed || error instanceof UpstreamMissing || ++this.#failures >= attemptsMax) throw error
      }
    }
  }

  async #nextChunk(): Promise<Buffer> {
    this.open()
    if (this.#opening === undefined) throw new Error('the reader is closed')
    if (this.#reading === undefined) {
      const opened = await this.#opening
      this.#reading = { opened, chunks: (opened.body as Readable)[Symbol.asyncIterator]() }
    }
    const { opened, chunks } = this.#reading
    const { watch } = opened
    const onStall = () => opened.body.destroy(watch.signal.reason as Error)
    watch.signal.addEventListener('abort', onStall)
    watch.begin()
    try {
      const { value, done } = await chunks.next()
      if (done === true) throw new Error('the body ended early')
      return value
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw new UpstreamProblem('reading an object', { status: undefined, code: '', message })
    } finally {
      watch.end()
      watch.signal.removeEventListener('abort', onStall)
    }
  }

  /** A connection whose answer was read to its end is used again. */
  async #finish(): Promise<void> {
    await this.#reading?.chunks.next().catch(() => undefined)
    this.#letGo()
  }

  #letGo(): void {
    const opening = this.#opening
    this.#opening = undefined
    this.#reading = undefined
    opening?.then(
      ({ body, release }) => {
        body.destroy()
        release()
      },
      () => undefined,
    )
  }

  close(): void {
    this.#isClosed = true
    this.#letGo()
  }
}
