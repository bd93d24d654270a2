/**
 * The default engine: LMDB, shared by all processes of one machine. A thread of its own commits (lmdb-writer.ts); exclusive sections,
 * which call code of this thread, run in transactions of this thread. Those that wait together share one turn at LMDB's write lock.
 */
import { ABORT, open, type RootDatabase, TransactionFlags } from 'lmdb'
import { currentTurn } from '#lib/turn.ts'
import type { Bytes, Check, Committed, Entry, Exclusive, KeyRange, MetadataEngine, Write } from './engine.ts'
import { cut, isStorable, LmdbWriter } from './lmdb-writer.ts'

interface LmdbOptions {
  readonly path: string
  readonly flush: 'each' | 'never'
}

interface Section {
  /** Runs inside the transaction, and says what to do once it has committed. */
  readonly run: (view: Exclusive) => () => void
  /** The transaction itself failed: nothing was written. */
  readonly fail: (error: unknown) => void
}

/** A transaction that throws writes nothing; one that commits has been flushed when it returns, with `overlappingSync`. */
const abortable = TransactionFlags.ABORTABLE | TransactionFlags.SYNCHRONOUS_COMMIT | TransactionFlags.NO_SYNC_FLUSH

/** Below every row. */
const flushMark = Buffer.from([0])

export function openLmdbEngine({ path, flush }: LmdbOptions): MetadataEngine {
  const options = {
    path,
    encoding: 'binary',
    keyEncoding: 'binary',
    cache: false,
    noSync: flush === 'never',
    overlappingSync: flush !== 'never',
  } as const
  const database = open<Bytes, Bytes>(options)
  return new LmdbEngine(database, (onCommit) => new LmdbWriter(options, onCommit), flush)
}

const onDisk: Committed = { flushed: Promise.resolve() }

class LmdbEngine implements MetadataEngine {
  readonly #database: RootDatabase<Bytes, Bytes>
  readonly #writer: LmdbWriter
  readonly #flush: LmdbOptions['flush']
  #sections: Section[] = []
  #running: Promise<void> | undefined
  /** The turn whose reads share the snapshot that is open now. */
  #snapshotOf = -1

  constructor(
    database: RootDatabase<Bytes, Bytes>,
    openWriter: (onCommit: () => void) => LmdbWriter,
    flush: LmdbOptions['flush'],
  ) {
    this.#database = database
    this.#writer = openWriter(() => {
      this.#snapshotOf = -1
    })
    this.#flush = flush
  }

  get(key: Bytes): Bytes | undefined {
    this.#renewSnapshot()
    return find(this.#database, key)
  }

  getMany(keys: readonly Bytes[]): (Bytes | undefined)[] {
    this.#renewSnapshot()
    return keys.map((key) => find(this.#database, key))
  }

  scan(range: KeyRange, options: { limit?: number; reverse?: boolean } = {}): Entry[] {
    this.#renewSnapshot()
    return scanDatabase(this.#database, range, options)
  }

  async commit(commit: { checks: readonly Check[]; writes: readonly Write[] }): Promise<Committed | undefined> {
    return (await this.#writer.commit(commit)) ? onDisk : undefined
  }

  exclusively<T>(section: (view: Exclusive) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const run: Section['run'] = (view) => {
        const writes = new Map<string, { key: Bytes; value: Bytes | undefined }>()
        let result: T
        try {
          result = section({
            get: (key) => {
              const written = writes.size > 0 ? writes.get(Buffer.from(key).toString('latin1')) : undefined
              return written === undefined ? view.get(key) : written.value
            },
            put: (key, value) => void writes.set(Buffer.from(key).toString('latin1'), { key, value }),
          })
        } catch (error) {
          return () => reject(error)
        }
        for (const { key, value } of writes.values()) view.put(key, value)
        return () => resolve(result)
      }
      this.#sections.push({ run, fail: reject })
      this.#running ??= this.#run()
    })
  }

  /** LMDB's transactions reach the disk in order: once one of ours has, so have those that other processes committed before it. */
  async flush(): Promise<void> {
    if (this.#flush === 'never') return
    await this.commit({ checks: [], writes: [{ key: flushMark, value: Buffer.from([1]) }] })
  }

  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running
    await this.#writer.close()
    await this.#database.close()
  }

  /** A snapshot as old as this turn, or as the last commit of this process, shows every commit that has resolved. */
  #renewSnapshot(): void {
    const turn = currentTurn()
    if (turn === this.#snapshotOf) return
    this.#snapshotOf = turn
    this.#database.resetReadTxn()
  }

  async #run(): Promise<void> {
    // One turn of the event loop lets requests that arrived together share the transaction.
    await new Promise((resolve) => setImmediate(resolve))
    const sections = this.#sections
    this.#sections = []
    this.#running = undefined
    try {
      for (const done of this.#transact(sections)) done()
    } catch (error) {
      for (const section of sections) section.fail(new Error('the index could not be written', { cause: error }))
    }
  }

  /**
   * All of the sections, or none. Synchronous: in an asynchronous transaction LMDB's own thread holds the write lock while it waits
   * for this one to come round to them, and other processes wait with it.
   */
  #transact(sections: readonly Section[]): (() => void)[] {
    const database = this.#database
    let hasWritten = false
    const view: Exclusive = {
      get: (key) => find(database, key),
      put: (key, value) => {
        if (value !== undefined) database.putSync(key, value)
        hasWritten = value !== undefined || database.removeSync(key) || hasWritten
      },
    }
    const settle: (() => void)[] = []
    const run = () => {
      for (const section of sections) settle.push(section.run(view))
      // A commit of nothing would be flushed all the same.
      return hasWritten ? undefined : ABORT
    }
    database.transactionSync<unknown>(run, abortable)
    this.#snapshotOf = -1
    return settle
  }
}

function find(database: RootDatabase<Bytes, Bytes>, key: Bytes): Bytes | undefined {
  return isStorable(key) ? database.getBinary(key) : undefined
}

function scanDatabase(
  database: RootDatabase<Bytes, Bytes>,
  wanted: KeyRange,
  options: { limit?: number; reverse?: boolean },
): Entry[] {
  const range = { start: cut(wanted.start), end: cut(wanted.end) }
  const limit = options.limit === undefined ? {} : { limit: options.limit }
  const entries: Entry[] = []
  if (options.reverse !== true) {
    for (const entry of database.getRange({ start: range.start, end: range.end, ...limit })) entries.push(entry)
    return entries
  }
  // Reversed, LMDB takes the upper bound as included and the lower one as excluded: ours are the other way round.
  let left = options.limit ?? Number.POSITIVE_INFINITY
  for (const { key, value } of database.getRange({ start: range.end, reverse: true })) {
    if (Buffer.compare(key, range.end) === 0) continue
    if (left-- <= 0 || Buffer.compare(key, range.start) < 0) break
    entries.push({ key, value })
  }
  return entries
}
