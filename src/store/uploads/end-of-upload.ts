/**
 * The end of an upload removes all rows of its parts, in one commit. The end counts the parts that were ever recorded,
 * before it reads their rows, and its commit fails if there are more now. The commit of a part checks the row of
 * the upload, so no part is recorded after the end.
 */
import type { PartRef } from '#blobs/contract/incoming.ts'
import type { Bytes } from '#metadata/engine.ts'
import { decodeJson, rowKey, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeCounters } from '#metadata/write.ts'
import type { StoreContext } from '#store/context.ts'

const recordedKey = (uploadId: string): Buffer => rowKey('p', uploadId)

/** In the commit of a part's row. Parts do not wait for each other: the row is a counter. */
export function countPart(transaction: Transaction, uploadId: string): void {
  transaction.add(recordedKey(uploadId), { recorded: 1 })
}

/** `row`: of the upload. The transaction has read it. */
export async function recordEnd(
  { engine, blobs }: StoreContext,
  transaction: Transaction,
  row: Bytes,
  uploadId: string,
): Promise<void> {
  const counter = recordedKey(uploadId)
  const { recorded = 0 } = decodeCounters(await engine.get(counter))
  const parts = await transaction.scan(rowsOf('p', uploadId))
  transaction.requireAtMost(counter, { recorded })
  transaction.remove(counter)
  transaction.remove(row)
  for (const { key } of parts) transaction.remove(key)
  const kept = parts.map(({ value }) => decodeJson<{ readonly at: PartRef }>(value).at)
  await blobs.parts.recordEnd(transaction, uploadId, kept)
}
