/** The one source of time. Whatever is driven by time takes a clock, so that tests can set it. */

export interface Clock {
  /** Milliseconds since 1970, UTC. It may be set back. */
  nowMs(): number
  /** Milliseconds that only grow, to measure how long something takes. They mean nothing to another process. */
  elapsedMs(): number
  /** Runs `then` once, after `ms`. A process does not stay alive for it. The answer cancels it. */
  after(ms: number, then: () => void): () => void
}

/** What a timer can wait for at the most; a longer one would run at once. */
const timerMaxMs = 2 ** 31 - 1

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  elapsedMs: () => performance.now(),
  after(ms, then) {
    const waiting = setTimeout(then, Math.min(Math.max(0, ms), timerMaxMs)).unref()
    return () => clearTimeout(waiting)
  },
}

/** Resolves after `ms`, or at once when `signal` is aborted. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    signal?.addEventListener('abort', done)
  })
}
