/**
 * Removes bytes that nothing needs: staged blobs without a version after a day, and deleted blobs after some minutes,
 * so that reads can end first. Every step can be repeated: rows name what is to be removed until it is removed. Under
 * the lease of a job, no row is changed after another process has the lease. Objects upstream may be removed after
 * that: nothing uses a piece that has a `doomed` row, and its id is never used again.
 */
import type { RowEngine } from '#metadata/engine.ts'
import { rowParts } from '#metadata/tables.ts'
import { type Transaction, transact } from '#metadata/transact.ts'
import { decodeCounters } from '#metadata/write.ts'
import type { RemovedBytes } from '#model/removed-bytes.ts'
import { type UpstreamContext, writeDurably } from './context.ts'
import { countById, decodePieces, type Piece, timeOfId } from './piece.ts'
import { isRead } from './read/long-read.ts'
import {
  bytesKey,
  doomedKey,
  doomedRows,
  emptyRow,
  goneRowsUntil,
  leftKey,
  putAbandoned,
  readsOf,
  sharedKey,
  stagedRows,
} from './rows.ts'

/** An upload that takes longer is refused at its end. */
export const abandonedAfterMs = 24 * 60 * 60 * 1000
/** Longer reads have a row (read/long-read.ts). */
export const graceMs = 15 * 60 * 1000
/** DeleteObjects accepts 1,000 keys. */
const batchMax = 1000

type Removing = Pick<UpstreamContext, 'clock' | 'upstream' | 'durability'> & { readonly engine: RowEngine }

/** Handles at most one batch of each kind. No step waits for a flush: after a power loss it is repeated. */
export async function removeGone(context: Removing, signal?: AbortSignal): Promise<RemovedBytes> {
  const abandoned = await abandonStaged(context, signal)
  const blobs = await freeGone(context, signal)
  const { removed, failure } = await removeDoomed(context)
  if (failure !== undefined) throw failure
  return {
    abandoned,
    blobs,
    objects: removed,
    mayHaveMore: [abandoned, blobs, removed].some((count) => count >= batchMax),
  }
}

async function abandonStaged(context: Removing, signal: AbortSignal | undefined): Promise<number> {
  const { engine, clock } = context
  const nowMs = clock.nowMs()
  let abandoned = 0
  for (const { key } of await engine.scan(stagedRows(), { limit: batchMax })) {
    const [, id = ''] = rowParts(key)
    // Rows sort by time.
    if (signal?.aborted === true || timeOfId(id) > nowMs - abandonedAfterMs) break
    const { result } = await transact(engine, (transaction) => putAbandoned(transaction, id, nowMs))
    if (result) abandoned++
  }
  return abandoned
}

async function freeGone(context: Removing, signal: AbortSignal | undefined): Promise<number> {
  const { engine, clock } = context
  const rows = await engine.scan(goneRowsUntil(clock.nowMs() - graceMs), { limit: batchMax })
  let freed = 0
  for (const { key } of rows) {
    if (signal?.aborted === true) break
    const [, , id = ''] = rowParts(key)
    const left = leftKey(id)
    if (await isRead(engine, id, clock.nowMs())) continue
    await transact(engine, async (transaction) => {
      const value = await transaction.get(left)
      transaction.remove(key)
      transaction.remove(left)
      for (const { key: read } of await transaction.scan(readsOf(id))) transaction.remove(read)
      if (value !== undefined) await freePieces(engine, transaction, decodePieces(value))
    })
    freed++
  }
  return freed
}

/** One blob fewer has these pieces. Removes pieces that no blob has. */
async function freePieces(engine: RowEngine, transaction: Transaction, pieces: readonly Piece[]): Promise<void> {
  const counted = [...countById(pieces).values()]
  const keys = counted.map(({ piece }) => sharedKey(piece.id))
  const rows = await engine.getMany(keys)
  for (const [at, { piece, times }] of counted.entries()) {
    const key = keys[at] ?? sharedKey(piece.id)
    transaction.checks.push({ key, is: rows[at] })
    const { more = 0 } = decodeCounters(rows[at])
    if (more > times) transaction.add(key, { more: -times })
    else if (rows[at] !== undefined) transaction.remove(key)
    if (more >= times) continue
    if (piece.isInline) transaction.remove(bytesKey(piece.id))
    else transaction.put(doomedKey(piece.id), emptyRow)
  }
}

async function removeDoomed(context: Removing): Promise<{ removed: number; failure: Error | undefined }> {
  const { engine, upstream } = context
  const ids = (await engine.scan(doomedRows(), { limit: batchMax })).map(({ key }) => rowParts(key)[1] ?? '')
  if (ids.length === 0) return { removed: 0, failure: undefined }
  const failed = await upstream.remove(ids.map((id) => upstream.keyOf(id)))
  const removed = ids.filter((id) => !failed.has(upstream.keyOf(id)))
  await writeDurably(
    context,
    removed.map((id) => ({ key: doomedKey(id), value: undefined })),
  )
  const [first] = failed
  if (first === undefined) return { removed: removed.length, failure: undefined }
  const failure = new Error(`The upstream store refuses to remove ${failed.size} objects, such as ${first.join(': ')}.`)
  return { removed: removed.length, failure }
}
