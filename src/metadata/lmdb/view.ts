/** LMDB within a transaction, as its tasks see it. Collects their writes for the redo log. */
import type { Bytes, Entry, KeyRange } from '#metadata/engine.ts'
import type { Exclusive } from '#metadata/local-engine.ts'
import { addNumbers, addToCounters, type CommitView, decodeCounters } from '#metadata/write.ts'
import { type Database, find, isEmpty, isEntry, scanDatabase } from './database.ts'
import type { LmdbDurability } from './durability.ts'
import type { Put } from './log/redo-log.ts'

/**
 * A sum that is not written to its counter row yet. Tasks that share a transaction usually count for the same bucket.
 */
interface Sum {
  readonly key: Bytes
  readonly numbers: Record<string, number>
}

export class LmdbView implements Exclusive, CommitView {
  readonly #database: Database
  readonly #durability: Pick<LmdbDurability, 'syncsFiles'> | undefined
  readonly #puts: Put[] = []
  #sums: Sum[] = []
  #hasWritten = false

  constructor(database: Database, durability: Pick<LmdbDurability, 'syncsFiles'> | undefined) {
    this.#database = database
    this.#durability = durability
  }

  get(key: Bytes): Bytes | undefined {
    this.#writeSumOf(key)
    return find(this.#database, key)
  }

  scan(range: KeyRange, options: { limit?: number } = {}): Entry[] {
    this.#writeSums()
    return scanDatabase(this.#database, range, options)
  }

  isNow(key: Bytes, value: Bytes | undefined): boolean {
    this.#writeSumOf(key)
    return isEntry(this.#database, key, value)
  }

  isEmpty(range: KeyRange): boolean {
    this.#writeSums()
    return isEmpty(this.#database, range)
  }

  put(key: Bytes, value: Bytes | undefined, rest: readonly Bytes[] = []): void {
    this.#writeSumOf(key)
    this.#put(key, value, rest)
  }

  add(key: Bytes, numbers: Readonly<Record<string, number>>): void {
    const sum = this.#sumOf(key)
    if (sum === undefined) this.#sums.push({ key, numbers: { ...numbers } })
    else addNumbers(sum.numbers, numbers)
  }

  counters(key: Bytes): Record<string, number> {
    return decodeCounters(this.get(key))
  }

  /** The writes of all tasks, once the last has run; undefined if nothing changes. */
  finish(): readonly Put[] | undefined {
    this.#writeSums()
    return this.#hasWritten ? this.#puts : undefined
  }

  #sumOf(key: Bytes): Sum | undefined {
    for (const sum of this.#sums) if (Buffer.compare(sum.key, key) === 0) return sum
    return undefined
  }

  #writeSumOf(key: Bytes): void {
    if (this.#sumOf(key) !== undefined) this.#writeSums()
  }

  #writeSums(): void {
    const sums = this.#sums
    if (sums.length === 0) return
    this.#sums = []
    for (const { key, numbers } of sums) this.#put(key, addToCounters(find(this.#database, key), numbers), [])
  }

  #put(key: Bytes, value: Bytes | undefined, rest: readonly Bytes[]): void {
    const isWhole = value === undefined || rest.length === 0 || this.#durability?.syncsFiles === true
    const kept = isWhole ? value : Buffer.concat([value, ...rest])
    if (kept !== undefined) this.#database.putSync(key, kept)
    this.#hasWritten = kept !== undefined || this.#database.removeSync(key) || this.#hasWritten
    if (this.#durability !== undefined) this.#puts.push({ key, value, rest })
  }
}
