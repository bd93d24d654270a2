/** The rows that a commit writes for the bytes of its versions. */
import type { Arrival, BlobChange } from '#blobs/contract/blob-change.ts'
import type { Transaction } from '#metadata/transact.ts'
import type { UpstreamContext } from './context.ts'
import { blobKey, bytesKey, putGone, stagedKey } from './rows.ts'

export interface RecordedArrival {
  /** The id of the new blob; undefined: there is none. */
  readonly id: string | undefined
  readonly isInline: boolean
}

export async function recordChange(
  { clock, etags }: UpstreamContext,
  transaction: Transaction,
  { arrived, gone }: BlobChange,
): Promise<RecordedArrival> {
  const nowMs = clock.nowMs()
  for (const { ref } of gone) {
    if (ref.kind === 0) transaction.remove(bytesKey(ref.id))
    else await putGone(transaction, ref.id, nowMs)
  }
  if (arrived === undefined || arrived.renamedFrom !== undefined) return { id: undefined, isInline: false }
  await recordArrival(etags, transaction, arrived)
  return { id: arrived.ref.id, isInline: arrived.ref.kind === 0 }
}

async function recordArrival(
  etags: UpstreamContext['etags'],
  transaction: Transaction,
  { ref, bytes, uploadId }: Arrival,
): Promise<void> {
  if (ref.kind === 0) {
    if (bytes === undefined) throw new Error('the bytes of a small body are missing')
    transaction.put(bytesKey(ref.id), bytes)
    return
  }
  // The completion of the upload has already written the row of this blob.
  if (uploadId !== undefined) return
  await etags.settle(transaction, ref.id)
}

/** A commit that failed may still have taken effect. This tells whether it did. */
export async function isRecorded({ engine }: UpstreamContext, { id, isInline }: RecordedArrival): Promise<boolean> {
  if (id === undefined) return false
  const [bytes, blob, staged] = await engine.getMany([bytesKey(id), blobKey(id), stagedKey(id)])
  return isInline ? bytes !== undefined : blob !== undefined && staged === undefined
}
