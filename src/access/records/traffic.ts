/**
 * Traffic of each account in the last hour, counted in memory and summed over all processes in steps of 30 seconds. A
 * request counts for the requester's account and for the account of the bucket.
 */
import type { Clock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { rowKey, rowParts, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeCounters } from '#metadata/write.ts'

export interface Amount {
  requests: number
  /** Answered with 4xx or 5xx. */
  errors: number
  bytesIn: number
  bytesOut: number
}

export interface Stretch extends Readonly<Amount> {
  readonly startMs: number
}

export const stretchMs = 30_000
const stretches = 120

const none = (): Amount => ({ requests: 0, errors: 0, bytesIn: 0, bytesOut: 0 })
const startOf = (ms: number): number => ms - (ms % stretchMs)
/** A text that sorts by time. */
const timeText = (ms: number): string => String(startOf(ms) / 1000).padStart(12, '0')

export class Traffic {
  readonly #clock: Clock
  #amounts = new Map<string, Amount>()
  #startMs = 0
  #prunedMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isEmpty(): boolean {
    return this.#amounts.size === 0
  }

  count(account: string, amount: Readonly<Amount>): void {
    let sum = this.#amounts.get(account)
    if (sum === undefined) {
      if (this.#amounts.size === 0) this.#startMs = this.#clock.nowMs()
      sum = none()
      this.#amounts.set(account, sum)
    }
    sum.requests += amount.requests
    sum.errors += amount.errors
    sum.bytesIn += amount.bytesIn
    sum.bytesOut += amount.bytesOut
  }

  /** Takes the counts since the last call. The returned function adds them in a transaction. */
  take(): (transaction: Transaction) => void {
    const [amounts, time] = [this.#amounts, timeText(this.#startMs)]
    this.#amounts = new Map()
    return (transaction) => {
      for (const [account, amount] of amounts) transaction.add(rowKey('h', time, account), { ...amount })
    }
  }

  /** Removes counts older than an hour, once a step. */
  async prune(engine: MetadataEngine, nowMs: number): Promise<void> {
    if (startOf(nowMs) === this.#prunedMs) return
    this.#prunedMs = startOf(nowMs)
    const { start } = rowsOf('h')
    const rows = await engine.scan(
      { start, end: rowKey('h', timeText(nowMs - stretches * stretchMs)) },
      { limit: 1000 },
    )
    if (rows.length > 0) await engine.commit({ checks: [], writes: rows.map(({ key }) => ({ key, value: undefined })) })
  }
}

/** The counts of the last hour, oldest first, without gaps. */
export async function readTraffic(engine: MetadataEngine, account: string, nowMs: number): Promise<Stretch[]> {
  const firstMs = startOf(nowMs) - (stretches - 1) * stretchMs
  const sums = Array.from({ length: stretches }, (_, index) => ({ startMs: firstMs + index * stretchMs, ...none() }))
  const { end } = rowsOf('h')
  for (const { key, value } of await engine.scan({ start: rowKey('h', timeText(firstMs)), end })) {
    const [time = '', owner = ''] = rowParts(key)
    const sum = sums[(Number(time) * 1000 - firstMs) / stretchMs]
    if (sum !== undefined && owner === account) Object.assign(sum, decodeCounters(value))
  }
  return sums
}
