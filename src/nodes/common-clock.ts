/**
 * The time that all nodes go by: that of the machine that keeps the index. With the clock of each node, one that is
 * ahead would end retentions, destroy KMS keys and remove bytes too early, and leave times in the rows of jobs that no
 * other node reaches for long. Between two questions to the index the time goes on by the clock for durations, so that
 * setting the node's clock has no effect.
 */
import type { Clock } from '#lib/clock.ts'

export interface TimedEngine {
  /** Its time in milliseconds since 1970, UTC. */
  timeMs(): Promise<number>
}

const askEveryMs = 60_000
/** A smaller difference may come from the way of the answer. Time is not set back for it. */
const jitterMs = 100

interface Known {
  readonly timeMs: number
  readonly atMs: number
}

export class CommonClock implements Clock {
  readonly #engine: TimedEngine
  readonly #own: Clock
  #known: Known
  #cancel = () => {}
  #asking: Promise<void> = Promise.resolve()
  #isClosed = false

  private constructor(engine: TimedEngine, own: Clock, known: Known) {
    this.#engine = engine
    this.#own = own
    this.#known = known
    this.#askLater()
  }

  static async open(engine: TimedEngine, own: Clock): Promise<CommonClock> {
    return new CommonClock(engine, own, await ask(engine, own))
  }

  nowMs(): number {
    const { timeMs, atMs } = this.#known
    return Math.floor(timeMs + this.#own.elapsedMs() - atMs)
  }

  elapsedMs(): number {
    return this.#own.elapsedMs()
  }

  after(ms: number, then: () => void): () => void {
    return this.#own.after(ms, then)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel()
    await this.#asking
  }

  #askLater(): void {
    this.#cancel = this.#own.after(askEveryMs, () => {
      // While the index does not answer, the time goes on from the last answer.
      this.#asking = this.#ask().catch(() => undefined)
      void this.#asking.then(() => this.#isClosed || this.#askLater())
    })
  }

  async #ask(): Promise<void> {
    const known = await ask(this.#engine, this.#own)
    const differenceMs = known.timeMs + this.#own.elapsedMs() - known.atMs - this.nowMs()
    if (Math.abs(differenceMs) > jitterMs) this.#known = known
  }
}

/** The answer is from the middle of the question's time. */
async function ask(engine: TimedEngine, own: Clock): Promise<Known> {
  const askedMs = own.elapsedMs()
  const timeMs = await engine.timeMs()
  return { timeMs, atMs: (askedMs + own.elapsedMs()) / 2 }
}
