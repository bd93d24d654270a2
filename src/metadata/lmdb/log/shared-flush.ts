/** Lets callers that arrive during a flush share the next one. */
export class SharedFlush {
  readonly #flush: () => Promise<void>
  readonly #delayMs: number
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #endDelay: (() => void) | undefined

  /** `delayMs`: how long a flush waits for further callers, unless one needs it now. */
  constructor(flush: () => Promise<void>, delayMs: number) {
    this.#flush = flush
    this.#delayMs = delayMs
  }

  /** A flush that begins after this call. A caller that does not await it may ignore its failure. */
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

  /** Resolves when no flush is running. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => undefined)
  }

  async #run(): Promise<void> {
    if (this.#delayMs > 0) await this.#delay()
    // Also lets `soon` return before the flush begins: a call after its begin waits for the next flush.
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
