/** Rows whose files are in their places. They are deleted in batches, after the files are durable. */
import type { Durability } from '#blobs/contract/blob-store.ts'
import { LeftToLater } from '#blobs/files/moves/file-removals.ts'
import { pendingKey } from '#blobs/files/pending/pending.ts'
import type { Layout } from '#blobs/files/place/layout.ts'
import type { Spares } from '#blobs/files/staging/spares.ts'
import type { TroubleLog } from '#blobs/trouble-log.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import type { Troubles } from './row-player.ts'
import { StuckRows } from './stuck-rows.ts'
import { type SettledRow, syncRows } from './sync-rows.ts'

const forgetAfterMs = 1000
const pendingBytesMax = 64 * 1024 * 1024

interface SettledRowsOptions {
  readonly engine: LocalEngine
  readonly layout: Layout
  readonly durability: Durability
  readonly log: LevelLog
  readonly spares: Pick<Spares, 'finish'>
  readonly troubles: TroubleLog
  /** Plays the rows of a key again. */
  readonly settleRows: (bucket: string, key: string) => Promise<Troubles>
}

export class SettledRows {
  readonly #options: SettledRowsOptions
  #settled: SettledRow[] = []
  readonly #stuck = new StuckRows<SettledRow>(() => void this.forget())
  #settledBytes = 0
  /** Orders of this store's rows that are settled but not deleted yet. */
  #placed = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #forgetting: Promise<void> | undefined
  #isClosing = false

  constructor(options: SettledRowsOptions) {
    this.#options = options
  }

  has(order: string): boolean {
    return this.#placed.has(order)
  }

  note({ bucket, key, order, moved }: SettledRow): void {
    this.#settled.push({ bucket, key, order, moved })
    this.#placed.add(order)
  }

  /** Keeps a row whose files could not be moved or removed. */
  keepStuck({ bucket, key, order, moved }: SettledRow, waitMs?: number): void {
    this.#stuck.keep({ bucket, key, order, moved }, waitMs)
  }

  /** Call after `note` or `keepStuck`. `sizeBytes`: the size of the row in the index. */
  async forgetSoon(sizeBytes: number): Promise<void> {
    this.#settledBytes += sizeBytes
    if (this.#settledBytes > pendingBytesMax) await this.forget()
    else this.#forgetLater(forgetAfterMs)
  }

  /** Makes the files of all settled rows durable, and deletes the rows. */
  async forget(): Promise<void> {
    while (this.#forgetting !== undefined) await this.#forgetting
    this.#forgetting = this.#forgetSettled().finally(() => {
      this.#forgetting = undefined
    })
    await this.#forgetting
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await this.forget()
    clearTimeout(this.#timer)
    this.#stuck.close()
  }

  tell({ bucket, key }: Pick<SettledRow, 'bucket' | 'key'>, error: unknown): void {
    if (error instanceof LeftToLater) return
    const message = 'files could not be moved to their places, or removed; this is tried again until it can be done'
    this.#options.troubles.tellOfFolder('error', error, { bucket, key }, message)
  }

  #forgetLater(waitMs: number): void {
    this.#timer ??= setTimeout(() => void this.forget(), waitMs).unref()
  }

  async #forgetSettled(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#retryStuck()
    const settled = this.#settled
    this.#settled = []
    this.#settledBytes = 0
    this.#placed = new Set()
    try {
      if (settled.length > 0) await this.#forgetRows(settled)
    } catch (error) {
      this.#options.log.error({ err: error }, 'files could not be synced; their log rows are kept')
      this.#settled.push(...settled)
    }
    if (this.#settled.length > 0) this.#forgetLater(10 * forgetAfterMs)
  }

  async #forgetRows(settled: readonly SettledRow[]): Promise<void> {
    const { engine, spares, durability } = this.#options
    // After the rows are deleted, nothing says that the names in `staging/` are of replaced files.
    await spares.finish()
    const { synced, failed } =
      durability === 'none' ? { synced: settled, failed: [] } : await syncRows(this.#options, settled)
    this.#settled.push(...failed)
    for (let from = 0; from < synced.length; from += 500) {
      const writes = synced.slice(from, from + 500).map((row) => ({ key: pendingKey(row), value: undefined }))
      await engine.commit({ checks: [], writes })
    }
  }

  /** Plays the stuck rows that are due; all of them when the store is closing. */
  async #retryStuck(): Promise<void> {
    const played = new Map<string, Troubles>()
    for (const { row, waitMs } of this.#stuck.take({ areAllDue: this.#isClosing })) {
      const { bucket, key, order } = row
      const name = `${bucket}\0${key}`
      try {
        if (!played.has(name)) played.set(name, await this.#options.settleRows(bucket, key))
        const trouble = played.get(name)?.get(order)
        if (trouble !== undefined) throw trouble.error
        this.note(row)
      } catch (error) {
        this.tell(row, error)
        this.#stuck.keep(row, 2 * waitMs)
      }
    }
  }
}
