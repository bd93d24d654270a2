/** The last few thousand records of all processes in the journal's engine: a counter, and a slot for each record. */
import type { Bytes, MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'

export interface RingOptions {
  readonly engine: MetadataEngine
  /** Row of the counter. */
  readonly turnKey: Buffer
  /** Table of the slots. */
  readonly table: 'j' | 'r'
  /** Number of records kept. */
  readonly capacity: number
}

export interface Numbered<T> {
  /** Number of the record, counted from 0 over all that were ever written. */
  readonly number: number
  readonly record: T
}

const readAtOnce = 50

export class RecordRing<T> {
  readonly #engine: MetadataEngine
  readonly #turnKey: Buffer
  readonly #table: RingOptions['table']
  readonly #capacity: number

  constructor({ engine, turnKey, table, capacity }: RingOptions) {
    this.#engine = engine
    this.#turnKey = turnKey
    this.#table = table
    this.#capacity = capacity
  }

  async append(transaction: Transaction, values: readonly Bytes[]): Promise<void> {
    const next = nextOf(await transaction.get(this.#turnKey))
    for (const [index, value] of values.entries()) transaction.put(this.#slot(next + index), value)
    transaction.put(this.#turnKey, encodeJson({ next: next + values.length }))
  }

  /** Returns the number of the next record. */
  async next(): Promise<number> {
    return nextOf(await this.#engine.get(this.#turnKey))
  }

  /** Lists the records before number `end`. */
  async *newestFirst(end: number): AsyncIterable<Numbered<T>> {
    const oldest = Math.max(0, end - this.#capacity)
    for (let stop = end; stop > oldest; stop -= readAtOnce) {
      const numbers: number[] = []
      for (let number = stop - 1; number >= Math.max(oldest, stop - readAtOnce); number--) numbers.push(number)
      const values = await this.#engine.getMany(numbers.map((number) => this.#slot(number)))
      for (const [index, value] of values.entries()) {
        if (value !== undefined) yield { number: numbers[index] ?? 0, record: decodeJson<T>(value) }
      }
    }
  }

  #slot(number: number): Buffer {
    return rowKey(this.#table, String(number % this.#capacity).padStart(8, '0'))
  }
}

const nextOf = (turn: Bytes | undefined): number => (turn === undefined ? 0 : decodeJson<{ next: number }>(turn).next)
