/** Plays rows of the log of files: moves and removes their files, directly or under the index's write lock. */
import { tryToRemove, tryToRemoveFolder } from '#blobs/files/io/file-operations.ts'
import { type DirectMoves, mayMoveDirectly } from '#blobs/files/moves/direct-move.ts'
import type { FileMoves } from '#blobs/files/moves/file-moves.ts'
import type { Playing } from '#blobs/files/moves/find-file.ts'
import { decodePending, olderRows, type Pending, rowsFrom } from '#blobs/files/pending/pending.ts'
import type { Place } from '#blobs/files/place/file-ref.ts'
import type { Layout } from '#blobs/files/place/layout.ts'
import { type DiskReserve, isVolumeFull } from '#lib/files/disk-reserve.ts'
import type { Exclusive, LocalEngine } from '#metadata/local-engine.ts'
import { rowKey, rowParts } from '#metadata/tables.ts'
import { decodeVersion } from '#metadata/version-codec.ts'

export interface Trouble {
  readonly error: unknown
  /** The files are in place; only removals are left. */
  readonly isPlaced: boolean
}

/** Failures of a key's rows, by order. */
export type Troubles = ReadonlyMap<string, Trouble>

interface RowPlayerOptions {
  readonly engine: LocalEngine
  readonly layout: Layout
  readonly reserve: DiskReserve
  readonly moves: FileMoves
  readonly directMoves: DirectMoves
  /** Whether the row of this order is settled. */
  readonly isSettled: (order: string) => boolean
  /** Moves the file of an arriving version to its place. Throws if that fails. */
  readonly settleArriving: (bucket: string, key: string, order: string) => Promise<void>
}

export class RowPlayer {
  readonly #options: RowPlayerOptions

  constructor(options: RowPlayerOptions) {
    this.#options = options
  }

  /** Plays the rows of a key, oldest first, up to this order. Returns them and their failures. */
  async settleRows(bucket: string, key: string, upTo = ''): Promise<{ pendings: Pending[]; troubles: Troubles }> {
    const { engine } = this.#options
    const troubles = new Map<string, Trouble>()
    const rows = await engine.scan(rowsFrom({ bucket, key, order: upTo }))
    if (rows.length === 0) return { pendings: [], troubles }
    // Another process may have committed them just now: a file may move only for a commit that is durable.
    await engine.flush()
    // Oldest first: an order sorts newest first.
    const pendings = rows.reverse().map(({ value }) => decodePending(value))
    for (const [i, pending] of pendings.entries()) {
      const { renamedTo, order } = pending
      try {
        if (renamedTo === undefined) {
          const { trouble } = await this.#play(pending, 'again', pendings.slice(0, i))
          if (trouble !== undefined) troubles.set(order, trouble)
        } else await this.#settleRename(pending)
      } catch (error) {
        // Later rows would replace the file that has to leave first.
        const stuck = renamedTo === undefined ? [pending] : pendings.slice(i)
        for (const { order } of stuck) troubles.set(order, { error, isPlaced: false })
        if (renamedTo !== undefined) break
      }
    }
    return { pendings, troubles }
  }

  /**
   * Moves a renamed object's file from its old key before a later row of that key is played. Each rename in the chain
   * is older than the one before, so the recursion ends.
   */
  async #settleRename({ bucket, renamedTo = '', order }: Pending): Promise<void> {
    const row = await this.#options.engine.get(rowKey('o', bucket, renamedTo))
    const version = row === undefined ? undefined : decodeVersion(renamedTo, row)
    // Any other version was settled before it was replaced.
    if (version?.order !== order || version.blob.isArriving === undefined) return
    await this.#options.settleArriving(bucket, renamedTo, order)
  }

  /** Plays a row for the first time. `place`: of a new version that may be moved directly. Returns its failure. */
  async playFirst(pending: Pending, place?: Place): Promise<Trouble | undefined> {
    const { engine, directMoves, isSettled } = this.#options
    const { bucket, key, order } = pending
    // Everything that any process has committed before is visible now.
    const rows = await engine.scan(olderRows(pending))
    const older = rows.filter((row) => !isSettled(rowParts(row.key)[2] ?? '')).map(({ value }) => decodePending(value))
    for (const row of older) if (row.renamedTo !== undefined) await this.#settleRename(row)
    if (place !== undefined && mayMoveDirectly(pending) && directMoves.move(pending, place, older)) return undefined
    const { isPlaced, trouble } = await this.#play(pending, 'first', older)
    return isPlaced ? trouble : (await this.settleRows(bucket, key, order)).troubles.get(order)
  }

  /** False if older rows of the key have to be played first. Throws if a file could not be moved. */
  async #play(
    pending: Pending,
    playing: Playing,
    older: readonly Pending[],
  ): Promise<{ isPlaced: boolean; trouble: Trouble | undefined }> {
    const { engine, layout, moves } = this.#options
    let overtaken: string | undefined
    let trouble: Trouble | undefined
    const isPlaced = await this.withRoom((view) => {
      // The section may run again.
      overtaken = undefined
      trouble = undefined
      moves.withdrawOlder(view, older)
      if (!moves.place(view, pending, playing)) return false
      try {
        overtaken = moves.clean(view, pending, playing, older)
      } catch (error) {
        // The moves are recorded nevertheless.
        trouble = { error, isPlaced: true }
      }
      return true
    })
    if (overtaken !== undefined) {
      await engine.flush()
      tryToRemove(overtaken)
    }
    // No reader looks for the version's file there any more.
    if (isPlaced && pending.uploadId !== undefined) await tryToRemoveFolder(layout.upload(pending.uploadId))
    return { isPlaced, trouble }
  }

  /** Runs the section again with more room on the disk if it was full: a move may have to create folders. */
  async withRoom<T>(section: (view: Exclusive) => T): Promise<T> {
    const { engine, reserve } = this.#options
    for (;;) {
      try {
        return await engine.exclusively(section)
      } catch (error) {
        if (!isVolumeFull(error) || !reserve.giveBack()) throw error
      }
    }
  }
}
