/**
 * A token bucket for each client address: bursts up to the whole limit, then a steady rate. Each process counts alone.
 */
import { ApiError } from '#model/errors.ts'

export interface RateLimit {
  readonly requests: number
  readonly windowMs: number
}

export type RateDecision =
  | { readonly isAllowed: true }
  | { readonly isAllowed: false; readonly retryAfterSeconds: number }

interface Bucket {
  tokens: number
  filledAtMs: number
}

/** The maximum number of addresses in memory. With more, the least recently seen is forgotten. */
const maxAddresses = 50_000
const allowed: RateDecision = { isAllowed: true }

export class RateLimiter {
  readonly #limit: RateLimit
  readonly #buckets = new Map<string, Bucket>()

  constructor(limit: RateLimit) {
    this.#limit = limit
  }

  /** Takes a token of this address. `nowMs`: by a clock that is never set back. */
  take(address: string, nowMs = performance.now()): RateDecision {
    const { requests, windowMs } = this.#limit
    const bucket = this.#buckets.get(address) ?? { tokens: requests, filledAtMs: nowMs }
    const gained = (Math.max(0, nowMs - bucket.filledAtMs) * requests) / windowMs
    bucket.tokens = Math.min(requests, bucket.tokens + gained)
    bucket.filledAtMs = nowMs
    this.#remember(address, bucket)
    if (bucket.tokens < 1) {
      const waitMs = ((1 - bucket.tokens) * windowMs) / requests
      return { isAllowed: false, retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) }
    }
    bucket.tokens -= 1
    return allowed
  }

  /** Throws SlowDown, with Retry-After. */
  assert(address: string): void {
    const decision = this.take(address)
    if (!decision.isAllowed) {
      throw new ApiError('SlowDown', { headers: { 'retry-after': String(decision.retryAfterSeconds) } })
    }
  }

  /** A map keeps the order of insertion, so its first entry is the least recently seen. */
  #remember(address: string, bucket: Bucket): void {
    this.#buckets.delete(address)
    this.#buckets.set(address, bucket)
    if (this.#buckets.size > maxAddresses) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest)
        break
      }
    }
  }
}
