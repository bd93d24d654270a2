/**
 * The default engine: LMDB, shared by all processes of one machine. A thread of its own commits (lmdb-writer.ts); exclusive sections,
 * which call code of this thread, run in transactions of this thread. Those that wait together share one turn at LMDB's write lock.
 */
import { ABORT, open, type RootDatabase, TransactionFlags } from 'lmdb'
import { currentTurn } from '#lib/turn.ts'
import type {
  Bytes,
  Check,
  Committed,
  Entry,
  Exclusive,
  KeyRange,
  MetadataEngine,
  ReadInPlace,
  Write,
} from './engine.ts'
import { cut, isStorable } from './lmdb-keys.ts'
import { LmdbWriter } from './lmdb-writer.ts'

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
  const options = { path, cache: false, noSync: flush === 'never', overlappingSync: flush !== 'never' }
  const database = open<Bytes, Bytes>({ ...options, ...inPlace })
  const binary = { ...options, encoding: 'binary', keyEncoding: 'binary' } as const
  return new LmdbEngine(database, (onCommit) => new LmdbWriter(binary, onCommit), flush)
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

  scanInPlace<T>(range: KeyRange, limit: number, read: ReadInPlace<T>): T[] {
    this.#renewSnapshot()
    const results: T[] = []
    const { start, end } = cutRange(range)
    for (const _ of this.#database.getRange({ start, end, limit })) {
      results.push(read(atCursor.keys, atCursor.start, atCursor.end, atCursor.value))
    }
    return results
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

/** The entry that a range has come to, until it goes on; lmdb would copy both of its halves to make it. */
const atCursor: { keys: Buffer; start: number; end: number; value: Buffer; valueBytes: number } = {
  keys: Buffer.alloc(0),
  start: 0,
  end: 0,
  value: Buffer.alloc(0),
  valueBytes: 0,
}

const inPlace = {
  keyEncoder: {
    writeKey(key: Bytes, target: Buffer, position: number): number {
      target.set(key, position)
      return position + key.length
    },
    readKey(keys: Buffer, start: number, end: number): undefined {
      atCursor.keys = keys
      atCursor.start = start
      atCursor.end = end
    },
  },
  encoder: {
    encode: (value: Bytes) => value,
    decode(value: Buffer, valueBytes: number): undefined {
      atCursor.value = value
      atCursor.valueBytes = valueBytes
    },
  },
}

const copyOf = (bytes: Buffer, start: number, end: number) => Uint8Array.prototype.slice.call(bytes, start, end)

const cutRange = ({ start, end }: KeyRange): KeyRange => ({ start: cut(start), end: cut(end) })

function scanDatabase(
  database: RootDatabase<Bytes, Bytes>,
  range: KeyRange,
  { limit = Number.POSITIVE_INFINITY, reverse = false }: { limit?: number; reverse?: boolean },
): Entry[] {
  const { start, end } = cutRange(range)
  const entries: Entry[] = []
  // Reversed, LMDB takes the upper bound as included and the lower one as excluded: ours are the other way round.
  for (const _ of database.getRange(reverse ? { start: end, reverse } : { start, end, limit })) {
    const key = copyOf(atCursor.keys, atCursor.start, atCursor.end)
    if (reverse && Buffer.compare(key, end) === 0) continue
    if (entries.length >= limit || (reverse && Buffer.compare(key, start) < 0)) break
    entries.push({ key, value: copyOf(atCursor.value, 0, atCursor.valueBytes) })
  }
  return entries
}
