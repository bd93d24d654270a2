/**
 * The actions that each access key used, and their resources: counted in memory by day, action and first folder of the
 * key, and written in batches. The least-privilege policy is computed from it.
 */
import type { Clock } from '#lib/clock.ts'
import { rememberUpTo } from '#lib/remember.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { rowKey, rowParts, rowsOf } from '#metadata/tables.ts'
import { decodeCounters } from '#metadata/write.ts'

export interface Use {
  readonly action: string
  /** ARN; objects as `arn:aws:s3:::bucket/folder/*`. */
  readonly resource: string
  readonly count: number
}

export interface LedgerOptions {
  readonly engine: MetadataEngine
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

export const keptDays = 90
const flushMs = 2000
/** The number of folders counted separately for an access key and action. With more, the whole bucket is counted. */
const foldersMax = 100
const pendingMax = 10_000
const dayMs = 86_400_000

export class UsageLedger {
  readonly #engine: MetadataEngine
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  #counts = new Map<string, number>()
  readonly #folders = new Map<string, Set<string>>()
  #timer: NodeJS.Timeout | undefined
  #prunedDay = ''

  constructor({ engine, clock, onError }: LedgerOptions) {
    this.#engine = engine
    this.#clock = clock
    this.#onError = onError
  }

  /** Called for every request: one look-up in a map. `key` is undefined for actions on a whole bucket. */
  count(accessKeyId: string, action: string, bucket: string | undefined, key: string | undefined): void {
    const folder = key === undefined ? undefined : key.slice(0, key.indexOf('/') + 1)
    const place = bucket === undefined ? '*' : folder === undefined ? bucket : `${bucket}/${folder}`
    const name = `${accessKeyId}\0${action}\0${place}`
    const count = this.#counts.get(name)
    if (count !== undefined) this.#counts.set(name, count + 1)
    else this.#begin(accessKeyId, action, bucket, place)
  }

  #begin(accessKeyId: string, action: string, bucket: string | undefined, place: string): void {
    this.#timer ??= setTimeout(() => void this.flush(), flushMs).unref()
    if (this.#counts.size >= pendingMax) return
    const folders = this.#foldersOf(`${accessKeyId}\0${action}`)
    const isKnown = folders.has(place) || folders.size < foldersMax
    if (isKnown) folders.add(place)
    const name = `${accessKeyId}\0${action}\0${isKnown || !place.includes('/') ? place : `${bucket}/`}`
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  #foldersOf(name: string): Set<string> {
    const known = this.#folders.get(name)
    if (known !== undefined) return known
    const fresh = new Set<string>()
    rememberUpTo(this.#folders, pendingMax, name, fresh)
    return fresh
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const counts = this.#counts
    if (counts.size === 0) return
    this.#counts = new Map()
    const today = dayOf(this.#clock.nowMs())
    const writes = [...counts].map(([name, count]) => ({
      key: rowKey('a', today, ...name.split('\0')),
      add: { count },
    }))
    try {
      await this.#engine.commit({ checks: [], writes })
      await this.#prune(today)
    } catch (error) {
      this.#onError(error)
    }
  }

  /** The uses since the start of that day, UTC. */
  async usesOf(accessKeyId: string, sinceMs: number): Promise<Use[]> {
    await this.flush()
    const sums = new Map<string, Use>()
    const now = this.#clock.nowMs()
    for (let atMs = Math.max(sinceMs, now - keptDays * dayMs); dayOf(atMs) <= dayOf(now); atMs += dayMs) {
      for (const { key, value } of await this.#engine.scan(rowsOf('a', dayOf(atMs), accessKeyId))) {
        const [, , action = '', place = ''] = rowParts(key)
        const name = `${action}\0${place}`
        const count = (sums.get(name)?.count ?? 0) + (decodeCounters(value).count ?? 0)
        sums.set(name, { action, resource: arnOf(place), count })
      }
    }
    return [...sums.values()]
  }

  async close(): Promise<void> {
    await this.flush()
  }

  async #prune(today: string): Promise<void> {
    if (this.#prunedDay === today) return
    this.#prunedDay = today
    const oldest = rowKey('a', dayOf(this.#clock.nowMs() - keptDays * dayMs))
    const { start } = rowsOf('a')
    for (;;) {
      const rows = await this.#engine.scan({ start, end: oldest }, { limit: 1000 })
      if (rows.length === 0) return
      await this.#engine.commit({ checks: [], writes: rows.map(({ key }) => ({ key, value: undefined })) })
    }
  }
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

function arnOf(place: string): string {
  if (place === '*') return '*'
  return place.endsWith('/') ? `arn:aws:s3:::${place}*` : `arn:aws:s3:::${place}`
}
