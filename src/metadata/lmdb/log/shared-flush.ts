/** Lets those who ask while one flush is under way share the next. */
export class SharedFlush {
  readonly #flush: () => Promise<void>
  readonly #delayMs: number
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #endDelay: (() => void) | undefined

  /** `delayMs`: how long a flush waits for more to ask for it, unless somebody needs it now. */
  constructor(flush: () => Promise<void>, delayMs: number) {
    this.#flush = flush
    this.#delayMs = delayMs
  }

  /** A flush that begins after this was asked. Whoever does not wait for it need not mind that it fails. */
  soon(): Promise<void> {
    if (this.#next === undefined) {
      this.#next = this.#run()
      this.#next.catch(() => undefined)
    }
    return this.#next
  }

  now(): Promise<void> {
    const flush = this.soon()
    this.#endDelay?.()
    return flush
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => undefined)
  }

  async #run(): Promise<void> {
    if (this.#delayMs > 0) await this.#delay()
    // Also lets `soon` return before it begins: whoever asks once it has begun waits for the next.
    await this.idle()
    this.#running = this.#flush()
    this.#next = undefined
    try {
      await this.#running
    } finally {
      this.#running = undefined
    }
  }

  async #delay(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#delayMs)
      this.#endDelay = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#endDelay = undefined
  }
}
