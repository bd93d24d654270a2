import { Readable, type Writable } from 'node:stream'
import type { StallWatch } from './stall.ts'

/**
 * The body of a request upstream, which is handed to it as its bytes come. The request is written to directly, by way of `pipe`, which is
 * what the SDK calls: so it is known when a buffer has been taken and may be used again, and which of the two sides has to do something.
 */
export class PieceBody extends Readable {
  readonly #watch: StallWatch
  /** Resolves to the request, once it takes bytes; undefined: it never will. */
  readonly #opened: Promise<Writable | undefined>
  #open: (request: Writable | undefined) => void = () => undefined

  constructor(watch: StallWatch) {
    super()
    this.#watch = watch
    this.#opened = new Promise((resolve) => {
      this.#open = resolve
    })
    // The request may have failed before it reads this.
    this.on('error', () => undefined)
  }

  override pipe<T extends NodeJS.WritableStream>(request: T): T {
    this.#watch.end()
    this.#open(request as unknown as Writable)
    return request
  }

  override _read(): void {}

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#open(undefined)
    done(error)
  }

  /** Resolves when the bytes have been taken. It does not reject: the answer to the request tells what went wrong. */
  async write(bytes: Uint8Array): Promise<void> {
    const request = await this.#opened
    if (request === undefined || request.destroyed) return
    this.#watch.begin()
    await new Promise<void>((resolve) => {
      const done = () => {
        request.off('close', done)
        resolve()
      }
      request.once('close', done)
      request.write(bytes, done)
    })
    this.#watch.end()
  }

  /** The rest is with the upstream. */
  async end(): Promise<void> {
    const request = await this.#opened
    if (request === undefined || request.destroyed) return
    this.#watch.begin()
    request.end()
  }
}
