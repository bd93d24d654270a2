/** Plays rows of the log of files: has their files moved and removed, under the index's write lock or directly. */
import { tryToRemove, tryToRemoveFolder } from '#blobs/files/io/file-operations.ts'
import type { Place } from '#blobs/files/place/file-ref.ts'
import type { Layout } from '#blobs/files/place/layout.ts'
import { type DiskReserve, isVolumeFull } from '#lib/files/disk-reserve.ts'
import type { Exclusive, LocalEngine } from '#metadata/local-engine.ts'
import { rowParts, rowsOf } from '#metadata/tables.ts'
import { type DirectMoves, mayMoveDirectly } from './direct-move.ts'
import type { FileMoves } from './file-moves.ts'
import type { Playing } from './find-file.ts'
import { decodePending, olderRows, type Pending } from './pending.ts'

export interface Trouble {
  readonly error: unknown
  /** Only what was to be removed is left. */
  readonly isPlaced: boolean
}

/** Of the rows of a key, by their orders. */
export type Troubles = ReadonlyMap<string, Trouble>

interface RowPlayerOptions {
  readonly engine: LocalEngine
  readonly layout: Layout
  readonly reserve: DiskReserve
  readonly moves: FileMoves
  readonly directMoves: DirectMoves
  /** Whether nothing of the row of this order is under way. */
  readonly isSettled: (order: string) => boolean
  /** Of the key that a renamed object has now. Throws if a file could not be moved. */
  readonly settleTarget: (bucket: string, key: string, visited: ReadonlySet<string>) => Promise<unknown>
}

export class RowPlayer {
  readonly #options: RowPlayerOptions

  constructor(options: RowPlayerOptions) {
    this.#options = options
  }

  /** The rows of a key, oldest first, and the troubles that they have had. */
  async settleRows(
    bucket: string,
    key: string,
    visited: ReadonlySet<string> = new Set(),
  ): Promise<{ pendings: Pending[]; troubles: Troubles }> {
    const { engine, settleTarget } = this.#options
    const troubles = new Map<string, Trouble>()
    const rows = await engine.scan(rowsOf('q', bucket, key))
    if (rows.length === 0) return { pendings: [], troubles }
    // Another process may have committed them a moment ago: no file may move for what a power loss could undo.
    await engine.flush()
    // Oldest first: an order sorts newest first.
    const pendings = rows.reverse().map(({ value }) => decodePending(value))
    try {
      const targets = new Set(pendings.flatMap(({ renamedTo = key }) => (renamedTo === key ? [] : [renamedTo])))
      const onTheWay = new Set([...visited, key])
      for (const target of targets) if (!visited.has(target)) await settleTarget(bucket, target, onTheWay)
    } catch (error) {
      // The file that has to leave would be replaced.
      for (const { order } of pendings) troubles.set(order, { error, isPlaced: false })
      return { pendings, troubles }
    }
    for (const [i, pending] of pendings.entries()) {
      const { renamedTo, order } = pending
      if (renamedTo !== undefined) continue
      try {
        const { trouble } = await this.#play(pending, 'again', pendings.slice(0, i))
        if (trouble !== undefined) troubles.set(order, trouble)
      } catch (error) {
        troubles.set(order, { error, isPlaced: false })
      }
    }
    return { pendings, troubles }
  }

  /** Right after its commit. `place`: of a new version that may be moved directly. */
  async playFirst(pending: Pending, place: Place | undefined): Promise<void> {
    const { engine, directMoves, isSettled, settleTarget } = this.#options
    const { bucket, key } = pending
    // Whatever was committed before, in any process, can be seen by now.
    const rows = await engine.scan(olderRows(pending))
    const older = rows.filter((row) => !isSettled(rowParts(row.key)[2] ?? '')).map(({ value }) => decodePending(value))
    for (const { renamedTo } of older) if (renamedTo !== undefined) await settleTarget(bucket, renamedTo, new Set())
    if (place !== undefined && mayMoveDirectly(pending) && directMoves.move(pending, place, older)) return
    const { isPlaced, trouble } = await this.#play(pending, 'first', older)
    const own = isPlaced ? trouble : (await this.settleRows(bucket, key)).troubles.get(pending.order)
    if (own !== undefined) throw own.error
  }

  /** Not placed if it has to be played after older rows of its key. Throws if a file could not be moved. */
  async #play(
    pending: Pending,
    playing: Playing,
    older: readonly Pending[],
  ): Promise<{ isPlaced: boolean; trouble: Trouble | undefined }> {
    const { engine, layout, moves } = this.#options
    let overtaken: string | undefined
    let trouble: Trouble | undefined
    const isPlaced = await this.withRoom((view) => {
      moves.disarm(view, older)
      if (!moves.place(view, pending, playing)) return false
      try {
        overtaken = moves.clean(view, pending, playing, older)
      } catch (error) {
        // What was moved is written down all the same.
        trouble = { error, isPlaced: true }
      }
      return true
    })
    if (overtaken !== undefined) {
      await engine.flush()
      tryToRemove(overtaken)
    }
    // Nobody looks for the version's file there any more.
    if (isPlaced && pending.uploadId !== undefined) await tryToRemoveFolder(layout.upload(pending.uploadId))
    return { isPlaced, trouble }
  }

  /** A file that moves may need room for its folder. */
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
