/**
 * Plays the log of files out (DESIGN §5, steps 4 to 6): has the files moved, under the index's write lock, then forgets the rows once
 * what they protect is on disk.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { hasCode, tryToRemove } from '#blobs/files.ts'
import type { Layout } from '#blobs/layout.ts'
import { syncIfThere } from '#lib/sync.ts'
import type { Bytes, MetadataEngine } from '#metadata/engine.ts'
import { rowsOf } from '#metadata/tables.ts'
import type { Durability, StoreLog } from './context.ts'
import { FileMoves, type Playing } from './file-moves.ts'
import { decodePending, type Pending, pendingKey } from './pending.ts'

const forgetAfterMs = 1000
const pendingBytesMax = 64 * 1024 * 1024

interface SettlerOptions {
  readonly engine: MetadataEngine
  readonly layout: Layout
  readonly durability: Durability
  readonly log: StoreLog
}

export class Settler {
  readonly #options: SettlerOptions
  readonly #moves: FileMoves
  #settled: Pending[] = []
  #unsettled: Pending[] = []
  #settledBytes = 0
  #timer: NodeJS.Timeout | undefined
  #forgetting: Promise<void> | undefined

  constructor(options: SettlerOptions) {
    this.#options = options
    this.#moves = new FileMoves(options)
  }

  /**
   * Moves the files of a committed write. Resolves when they are in their places, or somebody later has overtaken it. Where the disk
   * fails, the write stands all the same: its row stays, and whoever reads the key, or the next round of forgetting, tries again.
   */
  async settle(pending: Pending): Promise<void> {
    try {
      if (!(await this.#play(pending, 'first'))) await this.settleKey(pending.bucket, pending.key)
      this.#settled.push(pending)
    } catch (error) {
      const { bucket, key } = pending
      this.#options.log.error({ err: error, bucket, key }, 'a file could not be moved to its place; trying again')
      this.#unsettled.push(pending)
    }
    this.#settledBytes += pending.bytes?.byteLength ?? 0
    if (this.#settledBytes > pendingBytesMax) await this.forget()
    else this.#timer ??= setTimeout(() => void this.forget(), forgetAfterMs).unref()
  }

  /** Settles what other writers of this key have committed and not moved yet. False if there was nothing. */
  async settleKey(bucket: string, key: string): Promise<boolean> {
    const { engine } = this.#options
    const rows = await engine.scan(rowsOf('q', bucket, key))
    if (rows.length === 0) return false
    // Another process may have committed them a moment ago: no file may move for what a power loss could undo.
    await engine.flush()
    // Oldest first: an order sorts newest first.
    for (const { value } of rows.reverse()) await this.#play(decodePending(value), 'again')
    return true
  }

  /** After an unclean end: plays out every row, and checks small files against the bytes in the log. */
  async recover(): Promise<number> {
    const { engine } = this.#options
    // All files move before any goes: one that a row has no more use for may be what another is looking for.
    await this.#forEachRow(async (pending) => {
      await engine.exclusively((view) => this.#moves.place(view, pending, 'recovery'))
    })
    const count = await this.#forEachRow(async (pending) => {
      const overtaken = await engine.exclusively((view) => this.#moves.clean(view, pending, 'recovery'))
      if (overtaken !== undefined) tryToRemove(overtaken)
      const { bytes: _, ...settled } = pending
      this.#settled.push(settled)
    })
    if (count > 0) await this.forget()
    return count
  }

  /** Rows of one key are adjacent and newest first: from the end they come in the order of the writes. */
  async #forEachRow(visit: (pending: Pending) => Promise<void>): Promise<number> {
    const { start, end } = rowsOf('q')
    let count = 0
    for (let before: Bytes = end; ; ) {
      const rows = await this.#options.engine.scan({ start, end: before }, { limit: 200, reverse: true })
      const last = rows.at(-1)
      if (last === undefined) return count
      await Promise.all(rows.map(({ value }) => visit(decodePending(value))))
      count += rows.length
      before = last.key
    }
  }

  /** False if it has to be played after older rows of its key. */
  async #play(pending: Pending, playing: Playing): Promise<boolean> {
    const { engine } = this.#options
    const { isPlaced, overtaken } = await engine.exclusively((view) => {
      if (!this.#moves.place(view, pending, playing)) return { isPlaced: false, overtaken: undefined }
      return { isPlaced: true, overtaken: this.#moves.clean(view, pending, playing) }
    })
    if (overtaken !== undefined) {
      await engine.flush()
      tryToRemove(overtaken)
    }
    return isPlaced
  }

  /** Makes everything settled so far durable in its place and clears its rows. */
  async forget(): Promise<void> {
    while (this.#forgetting !== undefined) await this.#forgetting
    this.#forgetting = this.#forgetSettled().finally(() => {
      this.#forgetting = undefined
    })
    await this.#forgetting
  }

  async close(): Promise<void> {
    await this.forget()
    clearTimeout(this.#timer)
  }

  async #forgetSettled(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const unsettled = this.#unsettled
    this.#unsettled = []
    for (const pending of unsettled) await this.settle(pending)
    const settled = this.#settled
    if (settled.length === 0) return
    this.#settled = []
    this.#settledBytes = 0
    try {
      if (this.#options.durability !== 'none') await this.#syncVolume(settled)
      for (let from = 0; from < settled.length; from += 500) {
        const writes = settled
          .slice(from, from + 500)
          .map((pending) => ({ key: pendingKey(pending), value: undefined }))
        await this.#options.engine.commit({ checks: [], writes })
      }
    } catch (error) {
      this.#options.log.error({ err: error }, 'files could not be synced; their log rows are kept')
      this.#settled.push(...settled)
      this.#timer ??= setTimeout(() => void this.forget(), 10 * forgetAfterMs).unref()
    }
  }

  async #syncVolume(settled: readonly Pending[]): Promise<void> {
    const { layout } = this.#options
    if (process.platform === 'linux') {
      try {
        await promisify(execFile)('sync', ['-f', layout.root])
        return
      } catch (error) {
        if (!hasCode(error, 'ENOENT', 'EACCES')) throw error
      }
    }
    const folders = new Set<string>()
    for (const { bucket, key } of settled) {
      const path = layout.plain(bucket, key)
      await syncIfThere(path)
      folders.add(path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))))
    }
    for (const folder of folders) await syncIfThere(folder)
  }
}
