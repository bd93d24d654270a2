/**
 * The default engine: LMDB, shared by all processes of one machine. Commits and exclusive sections that wait together run in one
 * write transaction: one turn at LMDB's write lock, and one flush, serve all of them.
 */
import { open, type RootDatabase, TransactionFlags } from 'lmdb'
import { currentTurn } from '#lib/turn.ts'
import type { Bytes, Check, Committed, Entry, Exclusive, KeyRange, MetadataEngine, Write } from './engine.ts'
import { applyWrite, holds } from './write.ts'

/** LMDB takes no longer key, so none is stored: a range may begin or end with one all the same, cut here without changing it. */
const keyBytesMax = 1978
const cut = (key: Bytes): Bytes => (key.length <= keyBytesMax ? key : key.subarray(0, keyBytesMax))

interface LmdbOptions {
  readonly path: string
  readonly flush: 'each' | 'never'
}

interface Job {
  /** Runs inside the transaction, and says what to do once it has committed. */
  readonly run: (view: Exclusive, database: RootDatabase<Bytes, Bytes>) => (flushed: Promise<void>) => void
  /** The transaction itself failed: nothing was written. */
  readonly fail: (error: unknown) => void
}

/** A transaction that throws writes nothing; one that commits can be seen at once, and is flushed afterwards. */
const unflushed = TransactionFlags.ABORTABLE | TransactionFlags.SYNCHRONOUS_COMMIT | TransactionFlags.NO_SYNC_FLUSH

/** Below every row. */
const flushMark = Buffer.from([0])

export function openLmdbEngine({ path, flush }: LmdbOptions): MetadataEngine {
  const database = open<Bytes, Bytes>({
    path,
    encoding: 'binary',
    keyEncoding: 'binary',
    cache: false,
    noSync: flush === 'never',
    overlappingSync: flush !== 'never',
  })
  return new LmdbEngine(database, flush)
}

class LmdbEngine implements MetadataEngine {
  readonly #database: RootDatabase<Bytes, Bytes>
  readonly #flush: LmdbOptions['flush']
  #jobs: Job[] = []
  #running: Promise<void> | undefined
  /** The turn whose reads share the snapshot that is open now. */
  #snapshotOf = -1
  /** Flush of the last transaction that wrote: LMDB reports none for one that did not. */
  #flushed: Promise<void> = Promise.resolve()

  constructor(database: RootDatabase<Bytes, Bytes>, flush: LmdbOptions['flush']) {
    this.#database = database
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

  commit(commit: { checks: readonly Check[]; writes: readonly Write[] }): Promise<Committed | undefined> {
    return new Promise((resolve, reject) => {
      this.#enqueue(reject, (view, database) => {
        for (const check of commit.checks) {
          if (!holds(check, view, (range) => isEmpty(database, range))) return () => resolve(undefined)
        }
        for (const write of commit.writes) applyWrite(write, view)
        return (flushed) => resolve({ flushed })
      })
    })
  }

  exclusively<T>(section: (view: Exclusive) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#enqueue(reject, (view) => {
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
      })
    })
  }

  /** LMDB's transactions reach the disk in order: once one of ours has, so have those that other processes committed before it. */
  async flush(): Promise<void> {
    if (this.#flush === 'never') return
    const committed = await this.commit({ checks: [], writes: [{ key: flushMark, value: Buffer.from([1]) }] })
    await committed?.flushed
  }

  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running
    await this.#flushed
    await this.#database.close()
  }

  /** A snapshot as old as this turn, or as the last commit of this process, shows every commit that has resolved. */
  #renewSnapshot(): void {
    const turn = currentTurn()
    if (turn === this.#snapshotOf) return
    this.#snapshotOf = turn
    this.#database.resetReadTxn()
  }

  #enqueue(fail: Job['fail'], run: Job['run']): void {
    this.#jobs.push({ run, fail })
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    // One turn of the event loop lets requests that arrived together share the transaction.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#jobs.length > 0) {
      const jobs = this.#jobs
      this.#jobs = []
      try {
        const { settle, hasWritten } = this.#transact(jobs)
        if (hasWritten && this.#flush !== 'never') this.#flushed = syncDatabase(this.#database)
        for (const done of settle) done(this.#flushed)
      } catch (error) {
        for (const job of jobs) job.fail(new Error('the index could not be written', { cause: error }))
      }
      // The next transaction waits for the flush, so that groups are large and flushes few. Whoever needs it hears of its failure.
      await this.#flushed.catch(() => undefined)
    }
    // At once with the last look at the queue: whoever comes next starts anew.
    this.#running = undefined
  }

  /**
   * All of the jobs, or none. Synchronous: in an asynchronous transaction LMDB's own thread holds the write lock while it waits for
   * this one to come round to the jobs, and other processes wait with it.
   */
  #transact(jobs: readonly Job[]): { settle: ((flushed: Promise<void>) => void)[]; hasWritten: boolean } {
    const database = this.#database
    let hasWritten = false
    const view: Exclusive = {
      get: (key) => find(database, key),
      put: (key, value) => {
        if (value === undefined) hasWritten = database.removeSync(key) || hasWritten
        else {
          database.putSync(key, value)
          hasWritten = true
        }
      },
    }
    const settle = database.transactionSync(() => jobs.map((job) => job.run(view, database)), unflushed)
    this.#snapshotOf = -1
    return { settle, hasWritten }
  }
}

/** Everything committed so far, of any process, to the disk. */
function syncDatabase(database: RootDatabase<Bytes, Bytes>): Promise<void> {
  const syncing = new Promise<void>((resolve, reject) => {
    const { sync } = database as unknown as { sync(done: (error?: Error) => void): void }
    sync.call(database, (error) => (error === undefined ? resolve() : reject(error)))
  })
  // It may fail while nobody waits for it; whoever does later still hears of it.
  syncing.catch(() => undefined)
  return syncing
}

function find(database: RootDatabase<Bytes, Bytes>, key: Bytes): Bytes | undefined {
  return key.length <= keyBytesMax ? database.getBinary(key) : undefined
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

function isEmpty(database: RootDatabase<Bytes, Bytes>, range: KeyRange): boolean {
  for (const _ of database.getKeys({ start: cut(range.start), end: cut(range.end), limit: 1 })) return false
  return true
}
