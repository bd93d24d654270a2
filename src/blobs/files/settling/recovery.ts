/**
 * Recovery after an unclean end: plays every row, and compares small files with the bytes in the log. Rows that fail
 * stay.
 */
import { tryToRemove, tryToRemoveFolder } from '#blobs/files/io/file-operations.ts'
import type { FileMoves } from '#blobs/files/moves/file-moves.ts'
import { LeftToLater } from '#blobs/files/moves/file-removals.ts'
import { decodePending, inodesOf, type Pending } from '#blobs/files/pending/pending.ts'
import type { Layout } from '#blobs/files/place/layout.ts'
import type { Bytes } from '#metadata/engine.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import { eachRow, rowsOf } from '#metadata/tables.ts'
import type { RowPlayer } from './row-player.ts'
import type { SettledRows } from './settled-rows.ts'

/** A file that has to be removed waits this long for a newer version to take its place. */
const leftForMs = 1000

interface RecoveryOptions {
  readonly engine: LocalEngine
  readonly layout: Layout
  readonly moves: FileMoves
  readonly player: RowPlayer
  readonly settled: SettledRows
}

/** Returns the number of rows. */
export async function recoverFiles({ engine, layout, moves, player, settled }: RecoveryOptions): Promise<number> {
  const { rows, inodes } = await readLog(engine)
  if (rows.length === 0) return 0
  // Other processes may be running and writing.
  await engine.flush()
  const stuck = new Set<string>()
  const isStuck = ({ bucket, key, renamedTo }: Pending) =>
    stuck.has(`${bucket}\0${key}`) || (renamedTo !== undefined && stuck.has(`${bucket}\0${renamedTo}`))
  const noteStuck = ({ bucket, key, source }: Pending, error: unknown) => {
    for (const name of [key, source?.key]) if (name !== undefined) stuck.add(`${bucket}\0${name}`)
    settled.tell({ bucket, key }, error)
  }
  /**
   * Old keys of renamed files that could not be moved. Later rows of such a key are not played, since they would
   * replace the file.
   */
  const held = new Set<string>()
  // All files are moved before any is removed: a file that one row removes may be the one that another row needs.
  await forEach(engine, rows, async (pending) => {
    const { bucket, key, source } = pending
    const place = player.withRoom((view) => {
      if (source !== undefined) held.add(`${bucket}\0${source.key}`)
      if (held.has(`${bucket}\0${key}`)) throw new LeftToLater()
      moves.place(view, pending, { inodes })
      if (source !== undefined) held.delete(`${bucket}\0${source.key}`)
    })
    await place.catch((error: unknown) => noteStuck(pending, error))
  })
  const overtaken: string[] = []
  const uploads: string[] = []
  await forEach(engine, rows, async (pending) => {
    if (isStuck(pending)) return settled.keepStuck(pending)
    try {
      const path = await player.withRoom((view) => moves.clean(view, pending, { inodes }))
      if (path !== undefined) overtaken.push(path)
      if (pending.uploadId !== undefined) uploads.push(pending.uploadId)
      settled.note(pending)
    } catch (error) {
      settled.tell(pending, error)
      settled.keepStuck(pending, error instanceof LeftToLater ? leftForMs : undefined)
    }
  })
  await engine.flush()
  for (const path of overtaken) tryToRemove(path)
  for (const uploadId of uploads) await tryToRemoveFolder(layout.upload(uploadId))
  await settled.forget()
  return rows.length
}

/**
 * Keys of all rows, oldest first (orders sort newest first, across keys as well), and the inodes that the rows name.
 */
async function readLog(engine: LocalEngine): Promise<{ rows: Bytes[]; inodes: Set<number> }> {
  const found: { order: string; row: Bytes }[] = []
  const inodes = new Set<number>()
  for await (const { key, value } of eachRow(engine, rowsOf('q'), 200)) {
    const pending = decodePending(value)
    found.push({ order: pending.order, row: key })
    for (const inode of inodesOf([pending])) inodes.add(inode)
  }
  return { rows: found.sort((a, b) => (a.order < b.order ? 1 : -1)).map(({ row }) => row), inodes }
}

/** Reads the rows in order, several in one transaction. */
async function forEach(
  engine: LocalEngine,
  rows: readonly Bytes[],
  visit: (pending: Pending) => Promise<void> | void,
): Promise<void> {
  for (let from = 0; from < rows.length; from += 200) {
    const values = await engine.getMany(rows.slice(from, from + 200))
    await Promise.all(values.map((value) => value && visit(decodePending(value))))
  }
}
