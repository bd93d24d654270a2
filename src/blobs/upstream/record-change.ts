/** The rows that a commit adds for the bytes of its versions. */
import type { Arrival, BlobChange } from '#blobs/contract/blob-change.ts'
import type { Transaction } from '#metadata/transact.ts'
import { ApiError } from '#model/errors.ts'
import type { UpstreamContext } from './context.ts'
import { blobKey, bytesKey, putGone, stagedKey } from './rows.ts'

export interface RecordedArrival {
  /** Of what has arrived; undefined: nothing has. */
  readonly id: string | undefined
  readonly isInline: boolean
}

export async function recordChange(
  { clock }: UpstreamContext,
  transaction: Transaction,
  { arrived, gone }: BlobChange,
): Promise<RecordedArrival> {
  const nowMs = clock.nowMs()
  for (const { ref } of gone) {
    if (ref.kind === 0) transaction.remove(bytesKey(ref.id))
    else await putGone(transaction, ref.id, nowMs)
  }
  if (arrived === undefined || arrived.renamedFrom !== undefined) return { id: undefined, isInline: false }
  await recordArrival(transaction, arrived)
  return { id: arrived.ref.id, isInline: arrived.ref.kind === 0 }
}

async function recordArrival(transaction: Transaction, { ref, bytes, uploadId }: Arrival): Promise<void> {
  if (ref.kind === 0) {
    if (bytes === undefined) throw new Error('the bytes of a small body are not there')
    transaction.put(bytesKey(ref.id), bytes)
    return
  }
  // The completion of an upload has written the row of its blob.
  if (uploadId !== undefined) return
  // After a day it counts as abandoned.
  if ((await transaction.get(stagedKey(ref.id))) === undefined) throw new ApiError('OperationAborted')
  transaction.remove(stagedKey(ref.id))
}

/** After a commit that failed: it may have taken effect all the same. */
export async function isRecorded({ engine }: UpstreamContext, { id, isInline }: RecordedArrival): Promise<boolean> {
  if (id === undefined) return false
  const [bytes, blob, staged] = await engine.getMany([bytesKey(id), blobKey(id), stagedKey(id)])
  return isInline ? bytes !== undefined : blob !== undefined && staged === undefined
}
