/** Reads a range of an object upstream. After a broken connection, a new one continues: bytes never change. */
import type { Readable } from 'node:stream'
import { UpstreamChanged, UpstreamMissing, UpstreamProblem } from '#blobs/upstream/client/problem.ts'
import type { Opened } from '#blobs/upstream/client/upstream.ts'
import type { UpstreamContext } from '#blobs/upstream/context.ts'
import type { Piece } from '#blobs/upstream/piece.ts'

/** Attempts without a byte in between. */
const attemptsMax = 3

export interface ExpectedObjects {
  /** Called with the ETag of each answer. Throws UpstreamChanged. */
  assertIs(piece: Piece, etag: string | undefined): Promise<void>
}

export class StretchReader {
  readonly #context: UpstreamContext
  readonly #piece: Piece
  readonly #expected: ExpectedObjects | undefined
  #opening: Promise<Opened> | undefined
  #reading: { readonly opened: Opened; readonly chunks: AsyncIterator<Buffer> } | undefined
  #readBytes = 0
  #failures = 0
  #isClosed = false

  constructor(context: UpstreamContext, piece: Piece, expected?: ExpectedObjects) {
    this.#context = context
    this.#piece = piece
    this.#expected = expected
  }

  /** Requests the bytes before they are read. */
  open(): void {
    if (this.#opening !== undefined || this.#isClosed) return
    const { upstream } = this.#context
    const { id, start, sizeBytes } = this.#piece
    this.#opening = upstream.get(upstream.keyOf(id), { start: start + this.#readBytes, end: start + sizeBytes })
    this.#opening.catch(() => undefined)
  }

  /** The next bytes; undefined at the end. Throws UpstreamMissing, UpstreamChanged, UpstreamProblem, SlowDown. */
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
        const isFinal = error instanceof UpstreamMissing || error instanceof UpstreamChanged
        if (this.#isClosed || isFinal || ++this.#failures >= attemptsMax) throw error
      }
    }
  }

  async #nextChunk(): Promise<Buffer> {
    this.open()
    if (this.#opening === undefined) throw new Error('the reader is closed')
    if (this.#reading === undefined) {
      const opened = await this.#opening
      await this.#expected?.assertIs(this.#piece, opened.etag)
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

  /** A connection is reused after its answer was read to the end. */
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
