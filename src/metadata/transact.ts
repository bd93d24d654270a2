/**
 * Optimistic transactions over any engine: reads are recorded, writes wait, and the commit applies if all that was read
 * still holds.
 */
import { ApiError } from '#model/errors.ts'
import {
  type Awaitable,
  asBuffer,
  type Bytes,
  type Check,
  type Committed,
  type Entry,
  type KeyRange,
  type RowEngine,
  type Write,
} from './engine.ts'
import { Turns } from './turns.ts'

export class Transaction {
  readonly checks: Check[] = []
  readonly writes: Write[] = []
  /** Whether a previous attempt did not apply. */
  readonly isRepeated: boolean
  /** Whether entries were not read again. Only a commit shows that they have not changed. */
  hasRecent = false
  readonly #engine: RowEngine
  readonly #mayUseRecent: boolean

  constructor(engine: RowEngine, isRepeated = false, mayUseRecent = false) {
    this.#engine = engine
    this.isRepeated = isRepeated
    this.#mayUseRecent = mayUseRecent
  }

  /** The commit fails if this entry changes meanwhile. Does not see this transaction's own writes. */
  get(key: Bytes): Awaitable<Bytes | undefined> {
    const recent = this.#mayUseRecent ? this.#engine.recent?.(key) : undefined
    if (recent !== undefined) {
      this.hasRecent = true
      return this.#remember(key, recent.value)
    }
    const value = this.#engine.get(key)
    return value instanceof Promise ? value.then((known) => this.#remember(key, known)) : this.#remember(key, value)
  }

  #remember(key: Bytes, value: Bytes | undefined): Bytes | undefined {
    this.checks.push({ key, is: value })
    return value
  }

  /** Not recorded: add `requireEmpty` or `get` for entries that the result depends on. */
  async scan(range: KeyRange, options?: { limit?: number; reverse?: boolean }): Promise<Entry[]> {
    return await this.#engine.scan(range, options)
  }

  requireEmpty(range: KeyRange): void {
    this.checks.push({ empty: range })
  }

  /** The range must have no other entries than these, which are in order and may be removed meanwhile. */
  requireNoMore({ start, end }: KeyRange, entries: readonly Entry[]): void {
    let from = start
    for (const { key } of entries) {
      this.requireEmpty({ start: from, end: key })
      from = Buffer.concat([key, Buffer.from([0])])
    }
    this.requireEmpty({ start: from, end })
  }

  /**
   * Limits numbers of a counter row, before this transaction adds to them. Other writers may add to them meanwhile, up
   * to these limits.
   */
  requireAtMost(counter: Bytes, atMost: Readonly<Record<string, number>>): void {
    this.checks.push({ counter, atMost })
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

/** Attempts in parallel with others; after these the transaction waits for its turn. */
const freeAttempts = 3
/** Attempts in its turn, when only other processes can be first. */
const attempts = 100

/**
 * Runs `body` until its commit applies. `body` may run several times, so it must not have other effects. Where many
 * transactions write one row, only one commit of a round applies. Those that have lost a few rounds take turns in order
 * of arrival, and so do later ones for that row. Between processes the engine's lock decides. OperationAborted.
 */
export async function transact<T>(
  engine: RowEngine,
  body: (transaction: Transaction) => Promise<T>,
): Promise<{ result: T; committed: Committed }> {
  const turns = turnsOf(engine)
  let contended = ''
  for (let attempt = 0; attempt < freeAttempts; attempt++) {
    const outcome = await attemptOnce(engine, body, { turns, isRepeated: attempt > 0 })
    if ('committed' in outcome) return outcome
    contended = outcome.contended
    if (turns.isTaken(contended)) break
  }
  return turns.take(contended, async () => {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const outcome = await attemptOnce(engine, body, { turns: undefined, isRepeated: true })
      if ('committed' in outcome) return outcome
    }
    throw new ApiError('OperationAborted')
  })
}

type Outcome<T> = { readonly result: T; readonly committed: Committed } | { readonly contended: string }

/** `turns`: the rows that others wait for already. This transaction must not write them before its turn. */
async function attemptOnce<T>(
  engine: RowEngine,
  body: (transaction: Transaction) => Promise<T>,
  { turns, isRepeated }: { readonly turns: Turns | undefined; readonly isRepeated: boolean },
): Promise<Outcome<T>> {
  const { transaction, result } = await prepare(engine, body, isRepeated)
  if (transaction.writes.length === 0) return { result, committed: { flushed: Promise.resolve() } }
  if (turns?.isIdle === false) {
    const contended = contendedRow(transaction)
    if (turns.isTaken(contended)) return { contended }
  }
  const { checks, writes } = transaction
  const committed = await engine.commit({ checks, writes, isUrgent: turns === undefined })
  return committed === undefined ? { contended: contendedRow(transaction) } : { result, committed }
}

interface Prepared<T> {
  readonly transaction: Transaction
  readonly result: T
}

/**
 * The first attempt uses recent reads, if it ends with a commit, which checks them. Otherwise everything is read again.
 */
async function prepare<T>(
  engine: RowEngine,
  body: (transaction: Transaction) => Promise<T>,
  isRepeated: boolean,
): Promise<Prepared<T>> {
  if (engine.recent !== undefined && !isRepeated) {
    const transaction = new Transaction(engine, false, true)
    try {
      const result = await body(transaction)
      if (transaction.writes.length > 0 || !transaction.hasRecent) return { transaction, result }
    } catch (error) {
      if (!transaction.hasRecent) throw error
    }
  }
  const transaction = new Transaction(engine, isRepeated)
  return { transaction, result: await body(transaction) }
}

/** The row that others write as well: one that is both read and written, otherwise the first that is written. */
function contendedRow({ checks, writes }: Transaction): string {
  const read = new Set(checks.flatMap((check) => ('key' in check ? [nameOf(check.key)] : [])))
  const written = writes.map((write) => nameOf('append' in write ? write.append : write.key))
  return written.find((name) => read.has(name)) ?? written[0] ?? ''
}

const nameOf = (key: Bytes): string => asBuffer(key).toString('latin1')

const turnsOfEngines = new WeakMap<RowEngine, Turns>()

function turnsOf(engine: RowEngine): Turns {
  const known = turnsOfEngines.get(engine)
  if (known !== undefined) return known
  const turns = new Turns()
  turnsOfEngines.set(engine, turns)
  return turns
}
