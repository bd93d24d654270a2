/**
 * Plays the log of files out (DESIGN §5, steps 4 to 6): has the files moved, under the index's write lock, then forgets the rows once
 * what they protect is on disk.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { hasCode } from '#blobs/files.ts'
import type { Layout } from '#blobs/layout.ts'
import { syncIfThere } from '#lib/sync.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { rowsOf } from '#metadata/tables.ts'
import type { Durability, StoreLog } from './context.ts'
import { FileMoves } from './file-moves.ts'
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
      await this.#options.engine.exclusively((view) => this.#moves.play(view, pending, false))
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
    const rows = await this.#options.engine.scan(rowsOf('q', bucket, key))
    // Oldest first: an order sorts newest first.
    for (const { value } of rows.reverse()) {
      await this.#options.engine.exclusively((view) => this.#moves.play(view, decodePending(value), false))
    }
    return rows.length > 0
  }

  /** After an unclean end: plays out every row, and checks small files against the bytes in the log. */
  async recover(): Promise<number> {
    const range = rowsOf('q')
    let count = 0
    for (let start = range.start; ; ) {
      const rows = await this.#options.engine.scan({ start, end: range.end }, { limit: 200 })
      const last = rows.at(-1)
      if (last === undefined) break
      // Rows of one key are adjacent and newest first; playing them in reverse keeps the order of the writes.
      for (const { value } of rows.reverse()) {
        const pending = decodePending(value)
        await this.#options.engine.exclusively((view) => this.#moves.play(view, pending, true))
        this.#settled.push(pending)
        count++
      }
      start = Buffer.concat([last.key, Buffer.from([0])])
    }
    if (count > 0) await this.forget()
    return count
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
