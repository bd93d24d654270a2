/** A clock that stands still until a test lets time pass. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '#lib/clock.ts'

interface Waiting {
  readonly atMs: number
  readonly then: () => void
}

/** The number of turns of the event loop that started work gets before the next timer is due. */
const turnsBetween = 20

export class ManualClock implements Clock {
  readonly #startMs: number
  readonly #waiting = new Set<Waiting>()
  #elapsedMs = 0

  constructor(startMs: number = Date.now()) {
    this.#startMs = startMs
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs
  }

  elapsedMs(): number {
    return this.#elapsedMs
  }

  after(ms: number, then: () => void): () => void {
    const waiting = { atMs: this.#elapsedMs + Math.max(0, ms), then }
    this.#waiting.add(waiting)
    return () => void this.#waiting.delete(waiting)
  }

  /** Timers that fall due run in their order. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms
    for (;;) {
      await this.#settle()
      const [next] = [...this.#waiting].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#waiting.delete(next)
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs)
      next.then()
    }
    this.#elapsedMs = endMs
  }

  /** At once, before anything that waits. */
  jump(ms: number): void {
    this.#elapsedMs += ms
  }

  async #settle(): Promise<void> {
    for (let at = 0; at < turnsBetween; at++) await turn()
  }
}
