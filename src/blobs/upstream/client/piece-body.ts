import { Readable } from 'node:stream'
import type { StallWatch } from './stall.ts'

/** What waits to be sent of one request, at most: the buffer of the way in is filled meanwhile. */
const waitingBytesMax = 512 * 1024

/** The body of a request upstream, which is filled as its bytes come. It knows who of the two sides has to do something. */
export class PieceBody extends Readable {
  readonly #watch: StallWatch
  #waiting: (() => void)[] = []

  constructor(watch: StallWatch) {
    super({ highWaterMark: waitingBytesMax })
    this.#watch = watch
    // The request may have failed before it reads this.
    this.on('error', () => undefined)
  }

  override _read(): void {
    this.#watch.end()
    this.#proceed()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#proceed()
    done(error)
  }

  /** Takes over the bytes; resolves when there is room for more. It does not reject: the request tells what went wrong. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.destroyed || this.push(bytes)) return
    this.#watch.begin()
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** The rest is with the upstream. */
  end(): void {
    if (this.destroyed) return
    this.push(null)
    this.#watch.begin()
  }

  #proceed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
