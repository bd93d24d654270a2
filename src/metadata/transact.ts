/** Optimistic transactions over any engine: reads are remembered, writes wait, and the commit applies if what was read still holds. */
import { ApiError } from '#model/errors.ts'
import type { Awaitable, Bytes, Check, Committed, Entry, KeyRange, MetadataEngine, Write } from './engine.ts'

export class Transaction {
  readonly checks: Check[] = []
  readonly writes: Write[] = []
  readonly #engine: MetadataEngine

  constructor(engine: MetadataEngine) {
    this.#engine = engine
  }

  /** The commit fails if this entry changes meanwhile. Does not see this transaction's own writes. */
  get(key: Bytes): Awaitable<Bytes | undefined> {
    const value = this.#engine.get(key)
    return value instanceof Promise ? value.then((known) => this.#remember(key, known)) : this.#remember(key, value)
  }

  #remember(key: Bytes, value: Bytes | undefined): Bytes | undefined {
    this.checks.push({ key, is: value })
    return value
  }

  /** Not remembered: add `requireEmpty` or `get` for what the outcome depends on. */
  async scan(range: KeyRange, options?: { limit?: number; reverse?: boolean }): Promise<Entry[]> {
    return await this.#engine.scan(range, options)
  }

  requireEmpty(range: KeyRange): void {
    this.checks.push({ empty: range })
  }

  /** The range must have no entry beside these, which are in order and may go meanwhile. */
  requireNoMore({ start, end }: KeyRange, entries: readonly Entry[]): void {
    let from = start
    for (const { key } of entries) {
      this.requireEmpty({ start: from, end: key })
      from = Buffer.concat([key, Buffer.from([0])])
    }
    this.requireEmpty({ start: from, end })
  }

  put(key: Bytes, value: Bytes): void {
    this.writes.push({ key, value })
  }

  remove(key: Bytes): void {
    this.writes.push({ key, value: undefined })
  }

  add(key: Bytes, add: Readonly<Record<string, number>>): void {
    this.writes.push({ key, add })
  }

  /** Appends a row to the sequence that the counter row of this key counts. */
  append(counter: Bytes, value: Bytes): void {
    this.writes.push({ append: counter, value })
  }
}

const attempts = 100

/** Runs `body` until its commit applies. `body` may run several times: it must not have other effects. */
export async function transact<T>(
  engine: MetadataEngine,
  body: (transaction: Transaction) => Promise<T>,
): Promise<{ result: T; committed: Committed }> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const transaction = new Transaction(engine)
    const result = await body(transaction)
    if (transaction.writes.length === 0) return { result, committed: { flushed: Promise.resolve() } }
    const committed = await engine.commit(transaction)
    if (committed !== undefined) return { result, committed }
  }
  throw new ApiError('OperationAborted')
}
