import { Readable, type Writable } from 'node:stream'
import type { StallWatch } from './stall.ts'

/**
 * The body of an upstream request, written while its bytes arrive. The SDK calls `pipe`, which gives access to the
 * request itself. So this class knows when a buffer may be used again, and which side has to act next.
 */
export class PieceBody extends Readable {
  readonly #watch: StallWatch
  /** Resolves to the request when it accepts bytes. Undefined: it never will. */
  readonly #opened: Promise<Writable | undefined>
  #open: (request: Writable | undefined) => void = () => undefined

  constructor(watch: StallWatch) {
    super()
    this.#watch = watch
    this.#opened = new Promise((resolve) => {
      this.#open = resolve
    })
    // The request may fail before it reads this body.
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

  /** Resolves when the bytes have been taken. Never rejects: the answer to the request has the error. */
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

  /** From here on the upstream has to act. */
  async end(): Promise<void> {
    const request = await this.#opened
    if (request === undefined || request.destroyed) return
    this.#watch.begin()
    request.end()
  }
}
