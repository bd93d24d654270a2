/**
 * Plays the log of files (docs/protocol.md): moves the files, and deletes the rows after the files are durable.
 */
import type { Durability } from '#blobs/contract/blob-store.ts'
import { DirectMoves } from '#blobs/files/moves/direct-move.ts'
import { FileMoves } from '#blobs/files/moves/file-moves.ts'
import { decodePending, type Pending, pendingKey, smallBytesOf } from '#blobs/files/pending/pending.ts'
import type { Place } from '#blobs/files/place/file-ref.ts'
import type { Layout } from '#blobs/files/place/layout.ts'
import type { Spares } from '#blobs/files/staging/spares.ts'
import type { TroubleLog } from '#blobs/trouble-log.ts'
import type { DiskReserve } from '#lib/files/disk-reserve.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import { recoverFiles } from './recovery.ts'
import { RowPlayer } from './row-player.ts'
import { SettledRows } from './settled-rows.ts'

const retryAfterMs = 1000
const laggardsMax = 1000

interface SettlerOptions {
  readonly engine: LocalEngine
  readonly layout: Layout
  readonly durability: Durability
  readonly log: LevelLog
  /** Receives replaced files. */
  readonly spares: Pick<Spares, 'recycle' | 'recycleFrom' | 'finish'>
  readonly troubles: TroubleLog
  readonly reserve: DiskReserve
}

export class Settler {
  readonly #options: SettlerOptions
  readonly #moves: FileMoves
  readonly #player: RowPlayer
  readonly #settled: SettledRows
  readonly #laggards = new Set<Promise<void>>()

  constructor(options: SettlerOptions) {
    this.#options = options
    this.#moves = new FileMoves(options)
    this.#player = new RowPlayer({
      ...options,
      moves: this.#moves,
      directMoves: new DirectMoves(options),
      isSettled: (order) => this.#settled.has(order),
      settleArriving: (bucket, key, order) => this.settleArriving(bucket, key, order),
    })
    const settleRows = async (bucket: string, key: string) => (await this.#player.settleRows(bucket, key)).troubles
    this.#settled = new SettledRows({ ...options, settleRows })
  }

  /**
   * Moves the files of a committed write. The commit must have been flushed. Resolves when the files are in their
   * places, or a later write has overtaken this one. If the disk fails, the write is still valid: its row stays, and
   * the next reader of the key, or the next batch of deleted rows, tries again. `place`: of the new version of a key
   * that has one at a time, to be moved directly. `leaving`: the row at a renamed object's old key, which is settled
   * when the file has left.
   */
  async settle(
    pending: Pending,
    { place, leaving }: { place?: Place | undefined; leaving?: Pending | undefined } = {},
  ): Promise<void> {
    try {
      const trouble = await this.#player.playFirst(pending, place)
      if (trouble !== undefined) throw trouble.error
      this.#settled.note(pending)
      if (leaving !== undefined) this.#settled.note(leaving)
    } catch (error) {
      this.#settled.tell(pending, error)
      this.#settled.keepStuck(pending, retryAfterMs)
      if (leaving !== undefined) this.#settled.keepStuck(leaving, retryAfterMs)
    }
    await this.#settled.forgetSoon(smallBytesOf(pending) ?? 0)
  }

  /**
   * For writes that are acknowledged before they are settled. Waits only if too many are unsettled. Reads find the file
   * in `staging/`.
   */
  async lag(pending: Pending, isSettled: Promise<void>): Promise<void> {
    const laggard = isSettled.catch((error: unknown) => {
      const { bucket, key } = pending
      this.#options.log.error({ err: error, bucket, key }, 'the index could not be flushed; the file is moved later')
      this.#settled.keepStuck(pending, retryAfterMs)
    })
    this.#laggards.add(laggard)
    void laggard.finally(() => this.#laggards.delete(laggard))
    if (this.#laggards.size > laggardsMax) await laggard
  }

  /**
   * Settles the commits of other writers of this key, and returns their rows, oldest first. Throws if a file could not
   * be moved. A failed removal is logged, and its row stays.
   */
  async settleKey(bucket: string, key: string): Promise<Pending[]> {
    const { pendings, troubles } = await this.#player.settleRows(bucket, key)
    for (const { error } of troubles.values()) this.#settled.tell({ bucket, key }, error)
    for (const { error, isPlaced } of troubles.values()) if (!isPlaced) throw error
    return pendings
  }

  /** Moves the file of an arriving version to its place. Throws if that fails. */
  async settleArriving(bucket: string, key: string, order: string): Promise<void> {
    const { engine } = this.#options
    const row = await engine.get(pendingKey({ bucket, key, order }))
    // A version that has become current again is moved by the row of the delete.
    if (row === undefined) return void (await this.settleKey(bucket, key))
    await engine.flush()
    const trouble = await this.#player.playFirst(decodePending(row))
    if (trouble === undefined) return
    if (!trouble.isPlaced) throw trouble.error
    this.#settled.tell({ bucket, key }, trouble.error)
  }

  /** Call after an unclean end. Returns the number of interrupted writes. */
  recover(): Promise<number> {
    return recoverFiles({ ...this.#options, moves: this.#moves, player: this.#player, settled: this.#settled })
  }

  async close(): Promise<void> {
    await Promise.all(this.#laggards)
    await this.#settled.close()
  }
}
