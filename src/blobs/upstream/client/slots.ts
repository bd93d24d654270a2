import type { Clock } from '#lib/clock.ts'
import { slowDown } from './problem.ts'

export interface SlotLimits {
  readonly atOnceMax: number
  /** More waiting requests are refused at once. */
  readonly waitingMax: number
  readonly waitMaxMs: number
}

/** Limits the requests to the upstream at a time. The rest waits or is refused, so that they never pile up. */
export class Slots {
  readonly #limits: SlotLimits
  readonly #clock: Clock
  readonly #waiting = new Set<() => void>()
  #taken = 0

  constructor(limits: SlotLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** Returns a function that frees the slot. It may be called more than once. Throws SlowDown. */
  async take(): Promise<() => void> {
    const { atOnceMax, waitingMax } = this.#limits
    if (this.#taken < atOnceMax) this.#taken++
    else if (this.#waiting.size >= waitingMax)
      throw slowDown(new Error('too many requests wait for the upstream store'))
    else await this.#wait()
    let isGiven = false
    return () => {
      if (isGiven) return
      isGiven = true
      this.#give()
    }
  }

  /** A waiting request takes over a slot: `#taken` stays the same. */
  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        cancel()
        this.#waiting.delete(begin)
        resolve()
      }
      const cancel = this.#clock.after(this.#limits.waitMaxMs, () => {
        this.#waiting.delete(begin)
        reject(slowDown(new Error('the upstream store has not kept up with the requests')))
      })
      this.#waiting.add(begin)
    })
  }

  #give(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#taken--
    else next()
  }
}
