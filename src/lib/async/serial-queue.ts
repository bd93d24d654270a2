/** Runs tasks one at a time, in order. */
export class SerialQueue {
  readonly #waitingMax: number
  #last: Promise<unknown> = Promise.resolve()
  #count = 0

  /** `waitingMax`: how many may wait behind the one that runs. */
  constructor(waitingMax = Number.POSITIVE_INFINITY) {
    this.#waitingMax = waitingMax
  }

  /** Check this before `run`: the queue itself refuses nothing. */
  get isFull(): boolean {
    return this.#count > this.#waitingMax
  }

  run<T>(work: () => T | Promise<T>): Promise<T> {
    this.#count++
    const done = this.#last.then(work).finally(() => {
      this.#count--
    })
    // The caller handles a failure; the next task still runs.
    this.#last = done.catch(() => {})
    return done
  }
}
