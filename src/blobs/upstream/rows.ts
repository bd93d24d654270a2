/**
 * The rows of blobs upstream (metadata/tables.ts). A blob gets its row before its upload begins. It also has a `staged`
 * row until it belongs to a version or a part. A commit that deletes the version or part turns the row into a `left`
 * row and adds a `gone` row with the time. So the index always knows unneeded bytes. remove-gone.ts removes them.
 *
 * Bytes never change, so blobs can share pieces: a copy shares those of its source, an append those of the version
 * before. `shared` counts the extra uses of a piece. A blob may get pieces of another blob only in a transaction that
 * finds the row of that blob. Code that removes pieces removes the row first.
 */
import type { Write } from '#metadata/engine.ts'
import { rowKey, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { countById, encodePieces, type Piece } from './piece.ts'

export const blobKey = (id: string): Buffer => rowKey('B', 'blob', id)
/** The pieces of a deleted blob. */
export const leftKey = (id: string): Buffer => rowKey('B', 'left', id)
/** A long read of a blob. */
export const readKey = (blobId: string, readerId: string): Buffer => rowKey('B', 'read', blobId, readerId)
export const readsOf = (blobId: string) => rowsOf('B', 'read', blobId)
export const bytesKey = (id: string): Buffer => rowKey('B', 'bytes', id)
export const sharedKey = (id: string): Buffer => rowKey('B', 'shared', id)
export const stagedKey = (id: string): Buffer => rowKey('B', 'staged', id)
export const doomedKey = (id: string): Buffer => rowKey('B', 'doomed', id)
export const goneKey = (goneAtMs: number, id: string): Buffer => rowKey('B', 'gone', timeText(goneAtMs), id)

export const blobRows = () => rowsOf('B', 'blob')
export const leftRows = () => rowsOf('B', 'left')
export const stagedRows = () => rowsOf('B', 'staged')
export const doomedRows = () => rowsOf('B', 'doomed')
/** Rows of blobs that were deleted by this time. */
export const goneRowsUntil = (untilMs: number) => ({
  start: rowsOf('B', 'gone').start,
  end: rowKey('B', 'gone', timeText(untilMs + 1)),
})
export const goneRows = () => rowsOf('B', 'gone')

const timeText = (ms: number) => Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0')

export const emptyRow = Buffer.from('{}')

/** The rows of a blob, written before its upload begins. */
export const rowsOfStaged = (id: string, pieces: readonly Piece[]): Write[] => [
  { key: stagedKey(id), value: emptyRow },
  { key: blobKey(id), value: encodePieces(pieces) },
]

/** Counts pieces that a new blob shares with `ownerId`. Returns false if that blob no longer exists. */
export async function sharePieces(
  transaction: Transaction,
  ownerId: string,
  pieces: readonly Piece[],
): Promise<boolean> {
  if ((await transaction.get(blobKey(ownerId))) === undefined) return false
  for (const [id, { times }] of countById(pieces)) transaction.add(sharedKey(id), { more: times })
  return true
}

/** From this commit on, the bytes belong to no version or part. */
export async function putGone(transaction: Transaction, id: string, nowMs: number): Promise<void> {
  const value = await transaction.get(blobKey(id))
  if (value === undefined) return
  transaction.remove(blobKey(id))
  transaction.put(leftKey(id), Buffer.from(value))
  transaction.put(goneKey(nowMs, id), emptyRow)
}

/** Gives up a staged blob. Returns false if it is no longer staged. */
export async function putAbandoned(transaction: Transaction, id: string, nowMs: number): Promise<boolean> {
  if ((await transaction.get(stagedKey(id))) === undefined) return false
  transaction.remove(stagedKey(id))
  await putGone(transaction, id, nowMs)
  return true
}
