import type { Clock } from '#lib/clock.ts'

/** Ends a request if the upstream makes no progress for too long while it has to act. */
export class StallWatch {
  readonly #clock: Clock
  readonly #maxMs: number
  readonly #aborting = new AbortController()
  #cancel: (() => void) | undefined

  constructor(clock: Clock, maxMs: number) {
    this.#clock = clock
    this.#maxMs = maxMs
  }

  get signal(): AbortSignal {
    return this.#aborting.signal
  }

  /** From now on the upstream has to act. */
  begin(): void {
    this.#cancel ??= this.#clock.after(this.#maxMs, () => {
      const seconds = Math.round(this.#maxMs / 1000)
      this.#aborting.abort(new Error(`the upstream store has made no progress for ${seconds} seconds`))
    })
  }

  /** Ends the request at once. */
  giveUp(): void {
    this.end()
    this.#aborting.abort(new Error('the request was given up'))
  }

  end(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
