import { ApiError } from '#model/errors.ts'

/** Counts failed attempts with plain keys, and locks an access key for a while after too many. Bounded. */
export class Lockout {
  readonly #maxAttempts: number
  readonly #lockMs: number
  readonly #failures = new Map<string, { count: number; lastMs: number }>()

  constructor(maxAttempts: number, lockMinutes: number) {
    this.#maxAttempts = maxAttempts
    this.#lockMs = lockMinutes * 60_000
  }

  check(accessKeyId: string): void {
    const failure = this.#failures.get(accessKeyId)
    if (failure === undefined || failure.count < this.#maxAttempts) return
    const leftMs = failure.lastMs + this.#lockMs - Date.now()
    if (leftMs <= 0) this.#failures.delete(accessKeyId)
    else {
      const seconds = Math.ceil(leftMs / 1000)
      throw new ApiError('AccessDenied', {
        message: `Access temporarily locked. Try again in ${seconds} seconds.`,
        cause: new Error(`${failure.count} attempts with wrong secrets have locked this name for a while.`),
      })
    }
  }

  fail(accessKeyId: string): void {
    const now = Date.now()
    const before = this.#failures.get(accessKeyId)
    const isRecent = before !== undefined && now - before.lastMs < this.#lockMs
    if (this.#failures.size >= 10_000) this.#failures.clear()
    this.#failures.set(accessKeyId, { count: isRecent ? before.count + 1 : 1, lastMs: now })
  }

  succeed(accessKeyId: string): void {
    this.#failures.delete(accessKeyId)
  }
}
