/**
 * Makes commits of LMDB durable without LMDB's own syncs, which rewrite pages all over its file for every transaction.
 * Each transaction is also written to the redo log, which is synced. LMDB's file is synced once a second, and is then a
 * checkpoint that the next start can return to (restore.ts). Bytes that are also in files are only in the log, so these
 * files are synced for a checkpoint too.
 *
 * LMDB never overwrites pages that a reader may still see. So a process that writes keeps a reader open ("pinned") that
 * is not newer than the last checkpoint: its pages stay until the next checkpoint.
 */
import fs from 'node:fs'
import { ABORT } from 'lmdb'
import { type DiskReserve, isVolumeFull } from '#lib/files/disk-reserve.ts'
import { QuickSync } from '#lib/files/quick-sync.ts'
import { datasync } from '#lib/files/sync.ts'
import { libc } from '#lib/system/libc.ts'
import { abortable, type Database } from './database.ts'
import { Checkpoints } from './log/checkpoints.ts'
import { appendRecord, beginSegment, positionIn } from './log/log.ts'
import { type Position, type Put, RedoLog } from './log/redo-log.ts'
import { SharedFlush } from './log/shared-flush.ts'
import { dataFile, readMeta } from './meta.ts'

const checkpointAfterMs = 1000
/**
 * LMDB uses a mebibyte for each transaction. Allocating and freeing it each time would be a noticeable part of its
 * cost.
 */
const keptBlockBytes = 2 * 1024 * 1024
/**
 * How long a flush without a waiting caller collects writes. Not longer, since all their files are moved at once after
 * it.
 */
const relaxedMs = 20

type Pinned = ReturnType<Database['useReadTransaction']>

interface DurabilityOptions {
  readonly folder: string
  /** See restore.ts. */
  readonly machine: string
  /** `each`: transactions are synced at once. `soon`: a moment later, or when a caller waits. */
  readonly flush: 'each' | 'soon'
  /** See LmdbOptions. */
  readonly files: string | undefined
  readonly reserve: DiskReserve | undefined
  /** A segment of the log ends at the first checkpoint after this. */
  readonly segmentBytes: number
}

export class LmdbDurability {
  readonly #database: Database
  readonly #options: DurabilityOptions
  readonly #checkpoints: Checkpoints
  readonly #dataFile: number
  readonly #log: RedoLog
  readonly #flush: SharedFlush
  #pinned: Pinned | undefined
  #preparing: Promise<void> | undefined
  /** The last transaction of this process. */
  #sequence = 0
  /** The last transaction of this process that has been flushed. */
  #flushedSequence = 0
  #syncedSegment = -1
  /** A sync failed, so the state of the log since the last sync is unknown. */
  #isLogInDoubt = false
  #timer: NodeJS.Timeout | undefined
  #checkpointing: Promise<void> | undefined

  constructor(database: Database, options: DurabilityOptions) {
    this.#database = database
    this.#options = options
    this.#checkpoints = new Checkpoints(options.folder)
    this.#dataFile = fs.openSync(dataFile(options.folder), 'r+')
    const quick = new QuickSync()
    // A sync that a caller waits for is made on this thread; others are made in a worker thread.
    this.#log = new RedoLog(options.folder, options.flush === 'each' ? (fd) => quick.datasync(fd) : datasync)
    this.#flush = new SharedFlush(() => this.#sync(), options.flush === 'soon' ? relaxedMs : 0)
  }

  /** Nothing may be written before this is true. */
  get isPrepared(): boolean {
    return this.#pinned !== undefined
  }

  /** Whether files are synced before their records are discarded from the log. */
  get syncsFiles(): boolean {
    return this.#options.files !== undefined && libc.canSyncVolume()
  }

  prepare(): Promise<void> {
    this.#preparing ??= this.#pin().finally(() => {
      this.#preparing = undefined
    })
    return this.#preparing
  }

  /** Called within the transaction, after its writes. Returns the position of its record. */
  record(puts: readonly Put[]): Position {
    return appendRecord(this.#database, this.#log, puts)
  }

  /** Called if the transaction did not commit. */
  retract(position: Position): void {
    this.#log.retract(position)
  }

  /** Called after the transaction of this record has committed. */
  committed({ sequence }: Position): void {
    this.#sequence = sequence + 1
    this.#plan()
  }

  #plan(): void {
    this.#timer ??= setTimeout(() => void this.#tick(), checkpointAfterMs).unref()
  }

  /** Resolves when everything that any process has committed so far is on disk. */
  flushed(): Promise<void> {
    return this.#flush.soon()
  }

  /** Like `flushed`, without delay. */
  flush(): Promise<void> {
    return this.#flush.now()
  }

  /** Resolves when no flush is running: later commits then share the next flush. */
  idle(): Promise<void> {
    return this.#flush.idle()
  }

  /** Whether all commits of this process are flushed. */
  get isFlushed(): boolean {
    return this.#flushedSequence >= this.#sequence
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#checkpointing?.catch(() => undefined)
    clearTimeout(this.#timer)
    await this.flush().catch(() => undefined)
    this.#unpin()
    this.#log.close()
    fs.closeSync(this.#dataFile)
  }

  async #sync(): Promise<void> {
    const sequence = this.#sequence
    if (this.#isLogInDoubt) {
      // A running one may have started before the commits that are to be flushed.
      await this.#checkpointing?.catch(() => undefined)
      await this.#checkpoint()
      this.#isLogInDoubt = false
    } else await this.#syncLog()
    this.#flushedSequence = sequence
  }

  async #syncLog(): Promise<void> {
    this.#database.resetReadTxn()
    const { segment } = positionIn(this.#database)
    try {
      // Records of other processes at the end of the previous segment may not be synced yet, and ours follow them.
      if (this.#syncedSegment !== segment) await this.#log.sync(segment + 1)
      await this.#log.sync(segment)
      this.#syncedSegment = segment
    } catch (error) {
      this.#isLogInDoubt = true
      void this.#flush.soon()
      throw error
    }
  }

  async #tick(): Promise<void> {
    this.#timer = undefined
    try {
      const saved = this.#checkpoints.findSaved()
      // Nothing is running and all commits are durable: a reader that is not needed would keep LMDB from reusing its
      // pages.
      if (saved !== undefined && saved.sequence >= this.#sequence) this.#unpin()
      else await this.#checkpoint()
    } catch {
      // The last checkpoint stays valid, and the log grows until the next one.
    }
    if (this.isPrepared) this.#plan()
  }

  /** Takes a reader for the next checkpoint; creates one if necessary. */
  async #pin(): Promise<void> {
    this.#database.resetReadTxn()
    const pinned = this.#database.useReadTransaction()
    const { sequence } = positionIn(this.#database)
    const saved = this.#checkpoints.findSaved()
    if (saved !== undefined && saved.sequence >= sequence) {
      this.#pinned = pinned
      return
    }
    pinned.done()
    await this.#checkpoint()
  }

  #unpin(): void {
    this.#pinned?.done()
    this.#pinned = undefined
  }

  /** Only one runs at a time. */
  #checkpoint(): Promise<void> {
    this.#checkpointing ??= this.#checkpointWithRoom().finally(() => {
      this.#checkpointing = undefined
    })
    return this.#checkpointing
  }

  async #checkpointWithRoom(): Promise<void> {
    for (;;) {
      try {
        return await this.#makeCheckpoint()
      } catch (error) {
        if (!isVolumeFull(error) || this.#options.reserve?.giveBack() !== true) throw error
      }
    }
  }

  async #makeCheckpoint(): Promise<void> {
    // Not before a reader is pinned, since this writes as well.
    if (this.isPrepared) this.#turnSegment()
    this.#database.resetReadTxn()
    const pinned = this.#database.useReadTransaction()
    try {
      const { meta, position } = this.#capture()
      const { machine, files } = this.#options
      // The files of everything that was committed were written before.
      if (files !== undefined && this.syncsFiles) await libc.syncVolume(files)
      await datasync(this.#dataFile)
      libc.keepFreedBlocks(keptBlockBytes)
      await this.#checkpoints.save({ sequence: position.sequence, segment: position.segment, machine, meta })
    } catch (error) {
      pinned.done()
      throw error
    }
    this.#unpin()
    this.#pinned = pinned
  }

  /** Changes to the next segment, if its file contains only records that a checkpoint covers. */
  #turnSegment(): void {
    const saved = this.#checkpoints.findSaved()
    this.#database.transactionSync<unknown>(() => {
      const position = positionIn(this.#database)
      if (position.offset < this.#options.segmentBytes || saved?.segment !== position.segment) return ABORT
      this.#log.trim(beginSegment(this.#database, this.#log).segment)
      return undefined
    }, abortable)
  }

  /** The last transaction, read under LMDB's write lock. The reader that was pinned before is not newer. */
  #capture(): { meta: Buffer; position: Position } {
    let captured: { meta: Buffer; position: Position } | undefined
    this.#database.transactionSync<unknown>(() => {
      captured = { meta: readMeta(this.#dataFile), position: positionIn(this.#database) }
      return ABORT
    }, abortable)
    if (captured === undefined) throw new Error('the index could not be read')
    return captured
  }
}
