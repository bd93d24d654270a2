/**
 * The default engine: LMDB, shared by all processes of one machine. The commits of one turn of the event loop share a
 * transaction, which only changes memory. It is flushed afterwards (durability.ts).
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { ABORT } from 'lmdb'
import { currentTurn } from '#lib/async/turn.ts'
import type { DiskReserve } from '#lib/files/disk-reserve.ts'
import { bootId } from '#lib/system/boot-id.ts'
import type { Bytes, Committed, Entry, KeyRange } from '#metadata/engine.ts'
import { indexFailure } from '#metadata/index-unreadable.ts'
import type { Exclusive, LocalCommit, LocalEngine, ReadInPlace } from '#metadata/local-engine.ts'
import { applyWrite, type CommitView, holds } from '#metadata/write.ts'
import { compactIfWorthwhile, usageOf } from './compaction.ts'
import { DataFileRoom } from './data-file-room.ts'
import { abortable, atCursor, cutRange, type Database, find, openDatabase, scanDatabase } from './database.ts'
import { LmdbDurability } from './durability.ts'
import type { Position, Put } from './log/redo-log.ts'
import { dataFile } from './meta.ts'
import { machineOf } from './processes/machine.ts'
import { assertProcessIdFree, failureToOpen } from './processes/process-id.ts'
import { joinUsers } from './processes/users.ts'
import { ensureCheckpoint, forgetCheckpoints } from './restore.ts'
import { LmdbView } from './view.ts'

interface LmdbOptions {
  readonly path: string
  /** When commits survive a power loss: at once, some hundredths of a second later, or without any guarantee. */
  readonly flush: 'each' | 'soon' | 'never'
  /** By default the result of `machineOf`. */
  readonly machine?: string
  /** A folder of the volume with the files that contain the `rest` of values (LocalWrite). */
  readonly files?: string
  /** What the administrator can do if it cannot be read. */
  readonly advice?: string
  /** Frees space if the volume is full. */
  readonly reserve?: DiskReserve
  /** The size of a file of the redo log at which the next one is begun. */
  readonly segmentBytes?: number
  /** The minimum size of the file for a compaction (compaction.ts). */
  readonly compactFromBytes?: number
}

interface Task {
  /** Runs inside the transaction. Returns what to do after the commit. */
  readonly run: (view: Exclusive & CommitView) => (committed: Committed) => void
  /** Called if the transaction itself failed: nothing was written. */
  readonly fail: (error: unknown) => void
}

/** ProcessIdTaken; IndexUnreadable. */
export function openLmdbEngine(options: LmdbOptions): LocalEngine {
  const { path, machine, reserve, compactFromBytes = 32 * 1024 * 1024, advice = '' } = options
  const machineNow = () => machine ?? machineOf(path)
  const folders = [join(path, 'gate'), path]
  folders.forEach(assertProcessIdFree)
  let users: number | undefined
  try {
    if (bootId() !== undefined) compactIfWorthwhile(path, machineNow, compactFromBytes)
    users = joinUsers(path)
    const openIt = () => open(options, machineNow, users)
    const engine = reserve === undefined ? openIt() : reserve.withRoom(openIt)
    // The first read shows whether the index is damaged.
    void engine.get(rowThatIsNone)
    return engine
  } catch (error) {
    if (users !== undefined) fs.closeSync(users)
    throw indexFailure(
      path,
      advice,
      folders.reduce((failure, folder) => failureToOpen(folder, failure), error as unknown),
    )
  }
}

const rowThatIsNone = Buffer.from('-')

function open(options: LmdbOptions, machineNow: () => string, users: number | undefined): LocalEngine {
  const { path, flush, files, reserve, segmentBytes = 8 * 1024 * 1024 } = options
  const engineOver = (flushes: boolean, durabilityOf?: (database: Database) => LmdbDurability) => {
    const database = openDatabase(path, { flushes })
    return new LmdbEngine(database, path, durabilityOf?.(database), new DataFileRoom(path, reserve), reserve, users)
  }
  // If a power loss cannot be detected, LMDB itself syncs each transaction.
  if (bootId() === undefined) return engineOver(flush !== 'never')
  if (flush === 'never') {
    forgetCheckpoints(path, machineNow)
    return engineOver(false)
  }
  ensureCheckpoint(path, machineNow)
  return engineOver(false, (database) => {
    return new LmdbDurability(database, { folder: path, machine: machineNow(), flush, files, reserve, segmentBytes })
  })
}

const gatherTurnsMax = 8
const atOnce: Committed = { flushed: Promise.resolve() }

class LmdbEngine implements LocalEngine {
  readonly #database: Database
  readonly #folder: string
  readonly #durability: LmdbDurability | undefined
  readonly #room: DataFileRoom
  readonly #reserve: DiskReserve | undefined
  /** From `joinUsers`. */
  readonly #users: number | undefined
  #tasks: Task[] = []
  #running: Promise<void> | undefined
  /** Ends the wait for a running flush. */
  #endRest = () => {}
  /** The turn whose reads share the open snapshot. */
  #snapshotOf = -1

  constructor(
    database: Database,
    folder: string,
    durability: LmdbDurability | undefined,
    room: DataFileRoom,
    reserve: DiskReserve | undefined,
    users: number | undefined,
  ) {
    this.#database = database
    this.#folder = folder
    this.#durability = durability
    this.#room = room
    this.#reserve = reserve
    this.#users = users
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

  scanInPlace<T>(range: KeyRange, limit: number, read: ReadInPlace<T>): T[] {
    this.#renewSnapshot()
    const results: T[] = []
    const { start, end } = cutRange(range)
    for (const _ of this.#database.getRange({ start, end, limit })) {
      results.push(read(atCursor.keys, atCursor.start, atCursor.end, atCursor.value))
    }
    return results
  }

  commit({ checks, writes, isUrgent }: LocalCommit): Promise<Committed | undefined> {
    return new Promise((resolve, reject) => {
      const run: Task['run'] = (view) => {
        const applies = checks.every((check) => holds(check, view))
        if (applies) for (const write of writes) applyWrite(write, view)
        return (committed) => resolve(applies ? committed : undefined)
      }
      this.#ask({ run, fail: reject })
      if (isUrgent === true) this.#endRest()
    })
  }

  async exclusively<T>(section: (view: Exclusive) => T): Promise<T> {
    if (this.#durability?.isFlushed === false) await this.flush()
    return new Promise((resolve, reject) => {
      const run: Task['run'] = (view) => {
        const writes = new Map<string, { key: Bytes; value: Bytes | undefined }>()
        let result: T
        try {
          result = section({
            get: (key) => {
              const written = writes.size > 0 ? writes.get(Buffer.from(key).toString('latin1')) : undefined
              return written === undefined ? view.get(key) : written.value
            },
            scan: (range, options) => view.scan(range, options),
            put: (key, value) => void writes.set(Buffer.from(key).toString('latin1'), { key, value }),
          })
        } catch (error) {
          return () => reject(error)
        }
        for (const { key, value } of writes.values()) view.put(key, value)
        return () => resolve(result)
      }
      this.#ask({ run, fail: reject })
    })
  }

  async flush(): Promise<void> {
    await this.#durability?.flush()
  }

  fileUsage(): { fileBytes: number; usedBytes: number } {
    const { fileBytes, liveBytes } = usageOf(dataFile(this.#folder)) ?? { fileBytes: 0, liveBytes: 0 }
    return { fileBytes, usedBytes: liveBytes }
  }

  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running
    await this.#durability?.close()
    this.#room.close()
    await this.#database.close()
    if (this.#users !== undefined) fs.closeSync(this.#users)
  }

  /**
   * A snapshot that is not older than this turn, or than the last commit of this process, shows every commit that has
   * resolved.
   */
  #renewSnapshot(): void {
    const turn = currentTurn()
    if (turn === this.#snapshotOf) return
    this.#snapshotOf = turn
    this.#database.resetReadTxn()
  }

  #ask(task: Task): void {
    this.#tasks.push(task)
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    const durability = this.#durability
    if (durability !== undefined) await this.#rest(durability)
    await this.#gather()
    const failure = durability?.isPrepared === false ? await durability.prepare().catch(asFailure) : undefined
    const tasks = this.#tasks
    this.#tasks = []
    this.#running = undefined
    try {
      if (failure !== undefined) throw failure.cause
      const settle = this.#transactWithRoom(tasks)
      for (const done of settle) done()
    } catch (error) {
      for (const task of tasks) task.fail(new Error('the index could not be written', { cause: error }))
    }
  }

  /** Waits while a flush is running: the commits that arrive meanwhile share a transaction and the next flush. */
  #rest(durability: LmdbDurability): Promise<void> {
    return new Promise((resolve) => {
      this.#endRest = resolve
      void durability.idle().then(resolve)
    })
  }

  /** While each turn of the event loop brings more tasks, they share the transaction. */
  async #gather(): Promise<void> {
    for (let turn = 0, known = 0; turn < gatherTurnsMax && this.#tasks.length > known; turn++) {
      known = this.#tasks.length
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** A section that runs again sees the files that it has moved before. */
  #transactWithRoom(tasks: readonly Task[]): (() => void)[] {
    const transact = () => this.#transact(tasks)
    return this.#reserve === undefined ? transact() : this.#reserve.withRoom(transact)
  }

  /** Commits all tasks or none. */
  #transact(tasks: readonly Task[]): (() => void)[] {
    const database = this.#database
    const durability = this.#durability
    const view = new LmdbView(database, durability)
    const settle: ReturnType<Task['run']>[] = []
    let recorded: Position | undefined
    const run = () => {
      this.#room.ensure()
      for (const task of tasks) settle.push(task.run(view))
      const puts = view.finish()
      if (puts === undefined) return ABORT
      this.#room.ensure(puts.length, sizeOf(puts))
      recorded = durability?.record(puts)
      return undefined
    }
    try {
      database.transactionSync<unknown>(run, abortable)
    } catch (error) {
      if (recorded !== undefined) durability?.retract(recorded)
      throw error
    }
    this.#snapshotOf = -1
    if (recorded !== undefined) durability?.committed(recorded)
    const committed = recorded === undefined || durability === undefined ? atOnce : { flushed: durability.flushed() }
    return settle.map((done) => () => done(committed))
  }
}

const asFailure = (cause: unknown) => ({ cause })

const sizeOf = (puts: readonly Put[]): number => puts.reduce((sum, { value }) => sum + (value?.byteLength ?? 0), 0)
