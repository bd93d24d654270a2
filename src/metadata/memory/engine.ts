/** An engine without files, for tests and temporary servers. One process only. */
import type { Bytes, Committed, Entry, KeyRange } from '#metadata/engine.ts'
import type { Exclusive, LocalCommit, LocalEngine, ReadInPlace } from '#metadata/local-engine.ts'
import { addToCounters, applyWrite, type CommitView, decodeCounters, holds } from '#metadata/write.ts'

export function openMemoryEngine(): LocalEngine {
  return new MemoryEngine()
}

class MemoryEngine implements LocalEngine {
  /** Sorted by key. */
  readonly #entries: { key: Buffer; value: Bytes }[] = []
  readonly #view: CommitView = {
    isNow: (key, value) => {
      const now = this.get(key)
      return now === undefined || value === undefined ? now === value : Buffer.compare(now, value) === 0
    },
    isEmpty: (range) => this.scan(range, { limit: 1 }).length === 0,
    put: (key, value) => this.#put(key, value),
    add: (key, numbers) => this.#put(key, addToCounters(this.get(key), numbers)),
    counters: (key) => decodeCounters(this.get(key)),
  }

  get(key: Bytes): Bytes | undefined {
    const index = this.#indexOf(key)
    const entry = this.#entries[index]
    return entry !== undefined && Buffer.compare(entry.key, key) === 0 ? entry.value : undefined
  }

  getMany(keys: readonly Bytes[]): (Bytes | undefined)[] {
    return keys.map((key) => this.get(key))
  }

  scan(range: KeyRange, options: { limit?: number; reverse?: boolean } = {}): Entry[] {
    const limit = options.limit ?? Number.POSITIVE_INFINITY
    const from = this.#indexOf(range.start)
    const to = this.#indexOf(range.end)
    if (options.reverse === true) return this.#entries.slice(Math.max(from, to - limit), to).reverse()
    return this.#entries.slice(from, Math.min(to, from + limit))
  }

  scanInPlace<T>(range: KeyRange, limit: number, read: ReadInPlace<T>): T[] {
    return this.scan(range, { limit }).map(({ key, value }) => read(key as Buffer, 0, key.length, value as Buffer))
  }

  async commit(commit: LocalCommit): Promise<Committed | undefined> {
    for (const check of commit.checks) if (!holds(check, this.#view)) return undefined
    for (const write of commit.writes) applyWrite(write, this.#view)
    return { flushed: Promise.resolve() }
  }

  async exclusively<T>(section: (view: Exclusive) => T): Promise<T> {
    const writes: { key: Bytes; value: Bytes | undefined }[] = []
    const result = section({
      get: (key) => {
        const written = writes.findLast((write) => Buffer.compare(write.key, key) === 0)
        return written === undefined ? this.get(key) : written.value
      },
      scan: (range, options) => this.scan(range, options),
      put: (key, value) => void writes.push({ key, value }),
    })
    for (const { key, value } of writes) this.#put(key, value)
    return result
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {}

  #put(key: Bytes, value: Bytes | undefined): void {
    const index = this.#indexOf(key)
    const entry = this.#entries[index]
    const exists = entry !== undefined && Buffer.compare(entry.key, key) === 0
    if (value === undefined) {
      if (exists) this.#entries.splice(index, 1)
    } else this.#entries.splice(index, exists ? 1 : 0, { key: Buffer.from(key), value: Buffer.from(value) })
  }

  /** Index of the first entry whose key is not below `key`. */
  #indexOf(key: Bytes): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (Buffer.compare(this.#entries[middle]?.key ?? key, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
