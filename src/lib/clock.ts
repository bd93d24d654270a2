/** The only source of time. Code that depends on time takes a clock, so that tests can set it. */

export interface Clock {
  /** Milliseconds since 1970, UTC. It may be set back. */
  nowMs(): number
  /** Milliseconds of a clock that is never set back, for durations. Other processes have other values. */
  elapsedMs(): number
  /** Runs `then` once, after `ms`; returns a function that cancels. The timer does not keep the process alive. */
  after(ms: number, then: () => void): () => void
}

/** The longest wait of a timer of Node; with a longer one it would run at once. */
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
