/**
 * Plays the log of files out (DESIGN §5, steps 4 to 6): has the files moved, under the index's write lock, then forgets the rows once
 * what they protect is on disk.
 */
import { dirname } from 'node:path'
import { tryToRemove, tryToRemoveFolder } from '#blobs/files.ts'
import { isPlainKey, type Layout } from '#blobs/layout.ts'
import type { Spares } from '#blobs/spares.ts'
import { type DiskReserve, isVolumeFull } from '#lib/disk-reserve.ts'
import { libc } from '#lib/libc.ts'
import { syncFolderIfThere, syncIfThere } from '#lib/sync.ts'
import type { Bytes, Exclusive, MetadataEngine } from '#metadata/engine.ts'
import { eachRow, rowKey, rowParts, rowsOf } from '#metadata/tables.ts'
import { decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { Place } from '#model/object.ts'
import type { Durability, StoreLog } from './context.ts'
import { DirectMoves, mayMoveDirectly } from './direct-move.ts'
import { FileMoves, type Playing } from './file-moves.ts'
import { FileRemovals, LeftToLater } from './file-removals.ts'
import { decodePending, inodesOf, olderRows, type Pending, pendingKey, rowsFrom, smallBytesOf } from './pending.ts'
import { StuckRows } from './stuck-rows.ts'
import type { TroubleLog } from './trouble-log.ts'

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
  readonly troubles: TroubleLog
  readonly reserve: DiskReserve
}

/** Without the bytes, of which a second's writes may have many. */
type SettledRow = Pick<Pending, 'bucket' | 'key' | 'order' | 'moved'>

const withoutBytes = ({ bucket, key, order, moved }: Pending): SettledRow => ({ bucket, key, order, moved })

interface Trouble {
  readonly error: unknown
  /** Only what was to be removed is left. */
  readonly isPlaced: boolean
}

export class Settler {
  readonly #options: SettlerOptions
  readonly #moves: FileMoves
  readonly #removals: FileRemovals
  readonly #directMoves: DirectMoves
  #settled: SettledRow[] = []
  readonly #stuck = new StuckRows<SettledRow>(() => void this.forget())
  #settledBytes = 0
  /** Orders of rows of ours that are settled and not forgotten yet: nothing of theirs is under way. */
  #placed = new Set<string>()
  readonly #laggards = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #forgetting: Promise<void> | undefined
  #isClosing = false

  constructor(options: SettlerOptions) {
    this.#options = options
    this.#moves = new FileMoves(options)
    this.#removals = new FileRemovals(options.layout)
    this.#directMoves = new DirectMoves(options)
  }

  /**
   * Moves the files of a committed write, whose commit must have been flushed. Resolves when they are in their places, or somebody
   * later has overtaken it. Where the disk fails, the write stands all the same: its row stays, and whoever reads the key, or the
   * next round of forgetting, tries again. `place`: of the new version of a key that has one at a time, to be moved directly.
   * `leaving`: the row at a renamed object's old key, which is settled when the file has left.
   */
  async settle(
    pending: Pending,
    { place, leaving }: { place?: Place | undefined; leaving?: Pending } = {},
  ): Promise<void> {
    const rows = [pending, ...(leaving === undefined ? [] : [leaving])].map(withoutBytes)
    try {
      const trouble = await this.#playFirst(pending, place)
      if (trouble !== undefined) throw trouble.error
      for (const row of rows) this.#noteSettled(row)
    } catch (error) {
      this.#tell(pending, error)
      for (const row of rows) this.#stuck.keep(row, forgetAfterMs)
    }
    this.#settledBytes += smallBytesOf(pending) ?? 0
    if (this.#settledBytes > pendingBytesMax) await this.forget()
    else this.#forgetLater(forgetAfterMs)
  }

  /** Lets a write be acknowledged before it is settled, unless too much is waiting; reads find its file in `staging/` meanwhile. */
  async lag(pending: Pending, isSettled: Promise<void>): Promise<void> {
    const laggard = isSettled.catch((error: unknown) => {
      const { bucket, key } = pending
      this.#options.log.error({ err: error, bucket, key }, 'the index could not be flushed; the file is moved later')
      this.#stuck.keep(withoutBytes(pending), forgetAfterMs)
    })
    this.#laggards.add(laggard)
    void laggard.finally(() => this.#laggards.delete(laggard))
    if (this.#laggards.size > laggardsMax) await laggard
  }

  /**
   * Settles what other writers of this key have committed and not moved yet, and returns their rows, oldest first. Throws if a file could
   * not be moved; one that could not be removed is told, and its row stays.
   */
  async settleKey(bucket: string, key: string): Promise<Pending[]> {
    const { pendings, troubles } = await this.#settleRows(bucket, key)
    for (const { error } of troubles.values()) this.#tell({ bucket, key }, error)
    for (const { error, isPlaced } of troubles.values()) if (!isPlaced) throw error
    return pendings
  }

  /** Has the file of an arriving version moved to its place (arriving.ts). Throws if it could not be. */
  async settleArriving(bucket: string, key: string, order: string): Promise<void> {
    const { engine } = this.#options
    const row = await engine.get(pendingKey({ bucket, key, order }))
    // The row of a version that has become current again is that of the delete.
    if (row === undefined) return void (await this.settleKey(bucket, key))
    await engine.flush()
    const trouble = await this.#playFirst(decodePending(row))
    if (trouble === undefined) return
    if (!trouble.isPlaced) throw trouble.error
    this.#tell({ bucket, key }, trouble.error)
  }

  /**
   * A renamed object's file leaves its old key before a later row of that key is played. Each rename on the way is
   * older than the one before, so that it ends.
   */
  async #settleRename({ bucket, renamedTo = '', order }: Pending): Promise<void> {
    const row = await this.#options.engine.get(rowKey('o', bucket, renamedTo))
    const version = row === undefined ? undefined : decodeVersion(renamedTo, row)
    // Any other has been settled before something came in its stead.
    if (version?.order !== order || version.isArriving === undefined) return
    await this.settleArriving(bucket, renamedTo, order)
  }

  /** The rows of a key, oldest first, up to that of the order, and the troubles that they have had, by their orders. */
  async #settleRows(
    bucket: string,
    key: string,
    upTo = '',
  ): Promise<{ pendings: Pending[]; troubles: Map<string, Trouble> }> {
    const { engine } = this.#options
    const troubles = new Map<string, Trouble>()
    const rows = await engine.scan(rowsFrom({ bucket, key, order: upTo }))
    if (rows.length === 0) return { pendings: [], troubles }
    // Another process may have committed them a moment ago: no file may move for what a power loss could undo.
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
        // What has to leave first would be replaced by what comes later.
        const stuck = renamedTo === undefined ? [pending] : pendings.slice(i)
        for (const { order } of stuck) troubles.set(order, { error, isPlaced: false })
        if (renamedTo !== undefined) break
      }
    }
    return { pendings, troubles }
  }

  /** Whether the version's file is in none of the places where it may be. Inside the index's write lock the answer stays true. */
  isNowhere(bucket: string, version: StoredVersion, rows: readonly Pending[]): boolean {
    return this.#moves.isNowhere(bucket, version, rows)
  }

  /** After an unclean end: plays out every row, and checks small files against the bytes in the log. What cannot be done stays. */
  async recover(): Promise<number> {
    const { engine, layout } = this.#options
    const { rows, inodes } = await this.#readLog()
    if (rows.length === 0) return 0
    // Other processes may live on and write.
    await engine.flush()
    const stuck = new Set<string>()
    const isStuck = ({ bucket, key, renamedTo }: Pending) =>
      stuck.has(`${bucket}\0${key}`) || (renamedTo !== undefined && stuck.has(`${bucket}\0${renamedTo}`))
    const noteStuck = ({ bucket, key, source }: Pending, error: unknown) => {
      stuck.add(`${bucket}\0${key}`)
      if (source !== undefined) stuck.add(`${bucket}\0${source.key}`)
      this.#tell({ bucket, key }, error)
    }
    const unmoved = new Set<string>()
    // All files move before any goes: one that a row has no more use for may be what another is looking for.
    await this.#forEach(rows, async (pending) => {
      const { bucket, key, source } = pending
      const place = this.#withRoom((view) => {
        // What a rename could not take away would be replaced.
        if (source !== undefined) unmoved.add(`${bucket}\0${source.key}`)
        if (unmoved.has(`${bucket}\0${key}`)) throw new LeftToLater()
        this.#moves.place(view, pending, { inodes })
        if (source !== undefined) unmoved.delete(`${bucket}\0${source.key}`)
      })
      await place.catch((error: unknown) => noteStuck(pending, error))
    })
    const overtaken: string[] = []
    const uploads: string[] = []
    await this.#forEach(rows, async (pending) => {
      if (isStuck(pending)) return this.#stuck.keep(withoutBytes(pending))
      try {
        const path = await this.#withRoom((view) => this.#removals.clean(view, pending, { inodes }))
        if (path !== undefined) overtaken.push(path)
        if (pending.uploadId !== undefined) uploads.push(pending.uploadId)
        this.#noteSettled(withoutBytes(pending))
      } catch (error) {
        this.#tell(pending, error)
        this.#stuck.keep(withoutBytes(pending), error instanceof LeftToLater ? forgetAfterMs : undefined)
      }
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

  /** The trouble that it has had. */
  async #playFirst(pending: Pending, place?: Place): Promise<Trouble | undefined> {
    const { engine } = this.#options
    const { bucket, key, order } = pending
    // Whatever was committed before, in any process, can be seen by now.
    const rows = await engine.scan(olderRows(pending))
    const older = rows
      .filter((row) => !this.#placed.has(rowParts(row.key)[2] ?? ''))
      .map(({ value }) => decodePending(value))
    for (const row of older) if (row.renamedTo !== undefined) await this.#settleRename(row)
    if (place !== undefined && mayMoveDirectly(pending) && this.#directMoves.move(pending, place, older)) return
    const { isPlaced, trouble } = await this.#play(pending, 'first', older)
    return isPlaced ? trouble : (await this.#settleRows(bucket, key, order)).troubles.get(order)
  }

  /** Not placed if it has to be played after older rows of its key. Throws if a file could not be moved. */
  async #play(
    pending: Pending,
    playing: Playing,
    older: readonly Pending[] = [],
  ): Promise<{ isPlaced: boolean; trouble: Trouble | undefined }> {
    const { engine, layout } = this.#options
    let overtaken: string | undefined
    let trouble: Trouble | undefined
    const isPlaced = await this.#withRoom((view) => {
      this.#moves.disarm(view, older)
      if (!this.#moves.place(view, pending, playing)) return false
      try {
        overtaken = this.#removals.clean(view, pending, playing, older)
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
    this.#isClosing = true
    await this.forget()
    clearTimeout(this.#timer)
    this.#stuck.close()
  }

  /** A file that moves may need room for its folder. */
  async #withRoom<T>(section: (view: Exclusive) => T): Promise<T> {
    const { engine, reserve } = this.#options
    for (;;) {
      try {
        return await engine.exclusively(section)
      } catch (error) {
        if (!isVolumeFull(error) || !reserve.giveBack()) throw error
      }
    }
  }

  #noteSettled(row: SettledRow): void {
    this.#settled.push(row)
    this.#placed.add(row.order)
  }

  #tell({ bucket, key }: Pick<SettledRow, 'bucket' | 'key'>, error: unknown): void {
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
    // Afterwards no row tells that the names in `staging/` are of files that were replaced.
    await spares.finish()
    const synced = durability === 'none' ? settled : await this.#sync(settled)
    for (let from = 0; from < synced.length; from += 500) {
      const writes = synced.slice(from, from + 500).map((pending) => ({ key: pendingKey(pending), value: undefined }))
      await engine.commit({ checks: [], writes })
    }
  }

  /** Those that are due; all of them before the end. */
  async #retryStuck(): Promise<void> {
    const played = new Map<string, Map<string, Trouble>>()
    for (const { row, waitMs } of this.#stuck.take({ areAllDue: this.#isClosing })) {
      const { bucket, key, order } = row
      const name = `${bucket}\0${key}`
      try {
        if (!played.has(name)) played.set(name, (await this.#settleRows(bucket, key)).troubles)
        const trouble = played.get(name)?.get(order)
        if (trouble !== undefined) throw trouble.error
        this.#noteSettled(row)
      } catch (error) {
        this.#tell(row, error)
        this.#stuck.keep(row, 2 * waitMs)
      }
    }
  }

  /** Returns the rows whose files are on disk; the others are kept. */
  async #sync(settled: readonly SettledRow[]): Promise<readonly SettledRow[]> {
    const { layout, troubles } = this.#options
    if (libc.canSyncVolume()) {
      await libc.syncVolume(layout.root)
      return settled
    }
    const synced: SettledRow[] = []
    const folders = new Set<string>()
    for (const row of settled) {
      try {
        for (const path of await this.#pathsOf(row)) {
          await syncIfThere(path)
          await this.#syncFolderOnce(dirname(path), folders)
        }
        synced.push(row)
      } catch (error) {
        troubles.tellOfFile('error', error, row, 'a file could not be synced; its log row is kept')
        this.#settled.push(row)
      }
    }
    return synced
  }

  async #syncFolderOnce(path: string, folders: Set<string>): Promise<void> {
    const { root } = this.#options.layout
    if (folders.has(path)) return
    let folder = path
    // One that was removed since has taken its names along.
    while (!(await syncFolderIfThere(folder)) && folder.length > root.length) folder = dirname(folder)
    folders.add(path)
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
