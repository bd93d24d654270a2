/**
 * Plays the log of files out (DESIGN §5, steps 4 to 6): has the files moved, under the index's write lock, then forgets the rows once
 * what they protect is on disk.
 */
import { dirname } from 'node:path'
import { tryToRemove, tryToRemoveFolder } from '#blobs/files.ts'
import { isPlainKey, type Layout } from '#blobs/layout.ts'
import type { Spares } from '#blobs/spares.ts'
import { libc } from '#lib/libc.ts'
import { syncFolderIfThere, syncIfThere } from '#lib/sync.ts'
import type { Bytes, MetadataEngine } from '#metadata/engine.ts'
import { eachRow, rowKey, rowParts, rowsOf } from '#metadata/tables.ts'
import { decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { Place } from '#model/object.ts'
import type { Durability, StoreLog } from './context.ts'
import { DirectMoves, mayMoveDirectly } from './direct-move.ts'
import { FileMoves, type Playing } from './file-moves.ts'
import { decodePending, inodesOf, olderRows, type Pending, pendingKey, smallBytesOf } from './pending.ts'

const forgetAfterMs = 1000
const laggardsMax = 1000
const pendingBytesMax = 64 * 1024 * 1024

interface SettlerOptions {
  readonly engine: MetadataEngine
  readonly layout: Layout
  readonly durability: Durability
  readonly log: StoreLog
  /** Takes replaced files. */
  readonly spares: Pick<Spares, 'recycle' | 'finish'>
}

/** Without the bytes, of which a second's writes may have many. */
type SettledRow = Pick<Pending, 'bucket' | 'key' | 'order' | 'moved'>

const withoutBytes = ({ bucket, key, order, moved }: Pending): SettledRow => ({ bucket, key, order, moved })

export class Settler {
  readonly #options: SettlerOptions
  readonly #moves: FileMoves
  readonly #directMoves: DirectMoves
  #settled: SettledRow[] = []
  #unsettled: Pending[] = []
  #settledBytes = 0
  /** Orders of rows of ours that are settled and not forgotten yet: nothing of theirs is under way. */
  #placed = new Set<string>()
  readonly #laggards = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #forgetting: Promise<void> | undefined

  constructor(options: SettlerOptions) {
    this.#options = options
    this.#moves = new FileMoves(options)
    this.#directMoves = new DirectMoves(options)
  }

  /**
   * Moves the files of a committed write, whose commit must have been flushed. Resolves when they are in their places, or somebody
   * later has overtaken it. Where the disk fails, the write stands all the same: its row stays, and whoever reads the key, or the
   * next round of forgetting, tries again. `place`: of the new version of a key that has one at a time, to be moved directly.
   */
  async settle(pending: Pending, place?: Place): Promise<void> {
    try {
      await this.#playFirst(pending, place)
      this.#settled.push(withoutBytes(pending))
      this.#placed.add(pending.order)
    } catch (error) {
      const { bucket, key } = pending
      this.#options.log.error({ err: error, bucket, key }, 'a file could not be moved to its place; trying again')
      this.#unsettled.push(pending)
    }
    this.#settledBytes += smallBytesOf(pending) ?? 0
    if (this.#settledBytes > pendingBytesMax) await this.forget()
    else this.#timer ??= setTimeout(() => void this.forget(), forgetAfterMs).unref()
  }

  /** Lets a write be acknowledged before it is settled, unless too much is waiting; reads find its file in `staging/` meanwhile. */
  async lag(pending: Pending, isSettled: Promise<void>): Promise<void> {
    const laggard = isSettled.catch((error: unknown) => {
      const { bucket, key } = pending
      this.#options.log.error({ err: error, bucket, key }, 'the index could not be flushed; the file is moved later')
      this.#unsettled.push(pending)
    })
    this.#laggards.add(laggard)
    void laggard.finally(() => this.#laggards.delete(laggard))
    if (this.#laggards.size > laggardsMax) await laggard
  }

  /** Settles what other writers of this key have committed and not moved yet, and returns their rows, oldest first. */
  async settleKey(bucket: string, key: string, visited: ReadonlySet<string> = new Set()): Promise<Pending[]> {
    const { engine } = this.#options
    const rows = await engine.scan(rowsOf('q', bucket, key))
    if (rows.length === 0) return []
    // Another process may have committed them a moment ago: no file may move for what a power loss could undo.
    await engine.flush()
    // Oldest first: an order sorts newest first.
    const pendings = rows.reverse().map(({ value }) => decodePending(value))
    for (const [i, pending] of pendings.entries()) {
      const { renamedTo } = pending
      if (renamedTo === undefined) await this.#play(pending, 'again', pendings.slice(0, i))
      else if (!visited.has(renamedTo)) await this.settleKey(bucket, renamedTo, new Set([...visited, key]))
    }
    return pendings
  }

  /** Whether the version's file is in none of the places where it may be. Inside the index's write lock the answer stays true. */
  isNowhere(bucket: string, version: StoredVersion, rows: readonly Pending[]): boolean {
    return this.#moves.isNowhere(bucket, version, rows)
  }

  /** After an unclean end: plays out every row, and checks small files against the bytes in the log. */
  async recover(): Promise<number> {
    const { engine, layout } = this.#options
    const { rows, inodes } = await this.#readLog()
    if (rows.length === 0) return 0
    // Other processes may live on and write.
    await engine.flush()
    // All files move before any goes: one that a row has no more use for may be what another is looking for.
    await this.#forEach(rows, async (pending) => {
      await engine.exclusively((view) => this.#moves.place(view, pending, { inodes }))
    })
    const overtaken: string[] = []
    const uploads: string[] = []
    await this.#forEach(rows, async (pending) => {
      const path = await engine.exclusively((view) => this.#moves.clean(view, pending, { inodes }))
      if (path !== undefined) overtaken.push(path)
      if (pending.uploadId !== undefined) uploads.push(pending.uploadId)
      this.#settled.push(withoutBytes(pending))
    })
    await engine.flush()
    for (const path of overtaken) tryToRemove(path)
    for (const uploadId of uploads) await tryToRemoveFolder(layout.upload(uploadId))
    await this.forget()
    return rows.length
  }

  /** Ids of the staged files and of the uploads that rows tell of. */
  async namedFiles(): Promise<Set<string>> {
    const named = new Set<string>()
    for await (const { value } of eachRow(this.#options.engine, rowsOf('q'), 200)) {
      const { fileId, uploadId } = decodePending(value)
      for (const id of [fileId, uploadId]) if (id !== undefined) named.add(id)
    }
    return named
  }

  /** Keys of all rows, oldest first (orders sort newest first, across keys as well), and the inodes that they tell of. */
  async #readLog(): Promise<{ rows: Bytes[]; inodes: Set<number> }> {
    const found: { order: string; row: Bytes }[] = []
    const inodes = new Set<number>()
    for await (const { key, value } of eachRow(this.#options.engine, rowsOf('q'), 200)) {
      const pending = decodePending(value)
      found.push({ order: pending.order, row: key })
      for (const inode of inodesOf([pending])) inodes.add(inode)
    }
    return { rows: found.sort((a, b) => (a.order < b.order ? 1 : -1)).map(({ row }) => row), inodes }
  }

  /** A few at a time, which share a transaction, in order. */
  async #forEach(rows: readonly Bytes[], visit: (pending: Pending) => Promise<void>): Promise<void> {
    for (let from = 0; from < rows.length; from += 200) {
      const values = await this.#options.engine.getMany(rows.slice(from, from + 200))
      await Promise.all(values.map((value) => value && visit(decodePending(value))))
    }
  }

  async #playFirst(pending: Pending, place: Place | undefined): Promise<void> {
    const { engine } = this.#options
    const { bucket, key } = pending
    // Whatever was committed before, in any process, can be seen by now.
    const rows = await engine.scan(olderRows(pending))
    const older = rows
      .filter((row) => !this.#placed.has(rowParts(row.key)[2] ?? ''))
      .map(({ value }) => decodePending(value))
    for (const { renamedTo } of older) if (renamedTo !== undefined) await this.settleKey(bucket, renamedTo)
    if (place !== undefined && mayMoveDirectly(pending) && this.#directMoves.move(pending, place, older)) return
    if (!(await this.#play(pending, 'first', older))) await this.settleKey(bucket, key)
  }

  /** False if it has to be played after older rows of its key. */
  async #play(pending: Pending, playing: Playing, older: readonly Pending[] = []): Promise<boolean> {
    const { engine, layout } = this.#options
    const { isPlaced, overtaken } = await engine.exclusively((view) => {
      this.#moves.disarm(view, older)
      if (!this.#moves.place(view, pending, playing)) return { isPlaced: false, overtaken: undefined }
      return { isPlaced: true, overtaken: this.#moves.clean(view, pending, playing, older) }
    })
    if (overtaken !== undefined) {
      await engine.flush()
      tryToRemove(overtaken)
    }
    // Nobody looks for the version's file there any more.
    if (isPlaced && pending.uploadId !== undefined) await tryToRemoveFolder(layout.upload(pending.uploadId))
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
    await Promise.all(this.#laggards)
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
    this.#placed = new Set()
    try {
      // Afterwards no row tells that the names in `staging/` are of files that were replaced.
      await this.#options.spares.finish()
      if (this.#options.durability !== 'none') await this.#sync(settled)
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

  async #sync(settled: readonly SettledRow[]): Promise<void> {
    const { layout } = this.#options
    if (libc.canSyncVolume()) return libc.syncVolume(layout.root)
    const folders = new Set<string>()
    for (const row of settled) {
      for (const path of await this.#pathsOf(row)) {
        await syncIfThere(path)
        folders.add(dirname(path))
      }
    }
    for (let folder of folders) {
      // One that was removed since has taken its names along.
      while (!(await syncFolderIfThere(folder)) && folder.length > layout.root.length) folder = dirname(folder)
    }
  }

  /** Where the files of a row may be, or have been. */
  async #pathsOf({ bucket, key, moved }: SettledRow): Promise<string[]> {
    const { engine, layout } = this.#options
    const rows = await engine.getMany([
      rowKey('o', bucket, key),
      ...moved.map((order) => rowKey('v', bucket, key, order)),
    ])
    const paths = isPlainKey(key) ? [layout.plain(bucket, key)] : []
    for (const value of rows) {
      if (value !== undefined) paths.push(layout.place(bucket, key, decodeVersion(key, value).place))
    }
    return paths
  }
}
