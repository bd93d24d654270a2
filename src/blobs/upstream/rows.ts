/**
 * The rows of blobs that are kept upstream (metadata/tables.ts). A blob has its row before its upload begins, and until it belongs to a
 * version or a part a `staged` row beside it. When it ceases to belong to one, its row becomes a `left` row in the same commit, and a `gone`
 * row tells since when: so bytes that nothing needs can always be found from the index. remove-gone.ts removes them.
 *
 * Bytes are never changed, so blobs can have pieces in common: a copy has those of its source, an append those of the version before.
 * `shared` counts how often a piece is named beyond once. A blob may be given pieces of another only while that one has its row, in the
 * same transaction; whatever removes pieces removes the row first.
 */
import type { Write } from '#metadata/engine.ts'
import { rowKey, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { countById, encodePieces, type Piece } from './piece.ts'

export const blobKey = (id: string): Buffer => rowKey('B', 'blob', id)
/** The same of one that is gone. */
export const leftKey = (id: string): Buffer => rowKey('B', 'left', id)
/** Of one who has read a blob for minutes. */
export const readKey = (blobId: string, readerId: string): Buffer => rowKey('B', 'read', blobId, readerId)
export const readsOf = (blobId: string) => rowsOf('B', 'read', blobId)
export const bytesKey = (id: string): Buffer => rowKey('B', 'bytes', id)
export const sharedKey = (id: string): Buffer => rowKey('B', 'shared', id)
export const stagedKey = (id: string): Buffer => rowKey('B', 'staged', id)
export const doomedKey = (id: string): Buffer => rowKey('B', 'doomed', id)
export const partsKey = (uploadId: string): Buffer => rowKey('B', 'parts', uploadId)
export const goneKey = (goneAtMs: number, id: string): Buffer => rowKey('B', 'gone', timeText(goneAtMs), id)

export const blobRows = () => rowsOf('B', 'blob')
export const leftRows = () => rowsOf('B', 'left')
export const stagedRows = () => rowsOf('B', 'staged')
export const doomedRows = () => rowsOf('B', 'doomed')
/** Of what was gone by this time. */
export const goneRowsUntil = (untilMs: number) => ({
  start: rowsOf('B', 'gone').start,
  end: rowKey('B', 'gone', timeText(untilMs + 1)),
})
export const goneRows = () => rowsOf('B', 'gone')

const timeText = (ms: number) => Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0')

export const emptyRow = Buffer.from('{}')

/** The rows of a blob whose upload is about to begin. */
export const rowsOfStaged = (id: string, pieces: readonly Piece[]): Write[] => [
  { key: stagedKey(id), value: emptyRow },
  { key: blobKey(id), value: encodePieces(pieces) },
]

/** Counts pieces that another blob has as well. False if that is no more. */
export async function sharePieces(
  transaction: Transaction,
  ownerId: string,
  pieces: readonly Piece[],
): Promise<boolean> {
  if ((await transaction.get(blobKey(ownerId))) === undefined) return false
  for (const [id, { times }] of countById(pieces)) transaction.add(sharedKey(id), { more: times })
  return true
}

/** Its bytes belong to no version or part from this commit on. */
export async function putGone(transaction: Transaction, id: string, nowMs: number): Promise<void> {
  const value = await transaction.get(blobKey(id))
  if (value === undefined) return
  transaction.remove(blobKey(id))
  transaction.put(leftKey(id), Buffer.from(value))
  transaction.put(goneKey(nowMs, id), emptyRow)
}

/** A staged blob that nothing has come to own. False if something has. */
export async function putAbandoned(transaction: Transaction, id: string, nowMs: number): Promise<boolean> {
  if ((await transaction.get(stagedKey(id))) === undefined) return false
  transaction.remove(stagedKey(id))
  await putGone(transaction, id, nowMs)
  return true
}
