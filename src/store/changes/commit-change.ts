/**
 * The one place through which versions come, go and change: publish, delete, rename, adoption, tags and ACLs. One commit holds the rows of
 * the versions, the bucket's usage, what the blob store has to move, and what the bucket's listeners are told.
 */
import {
  type Arrival,
  type BlobChange,
  type GoneBlob,
  type MovedBlob,
  NotSettled,
  type RelockedBlob,
} from '#blobs/contract/blob-change.ts'
import type { Recorded } from '#blobs/contract/blob-store.ts'
import { asStorageError } from '#metadata/storage-error.ts'
import { rowKey } from '#metadata/tables.ts'
import { type Transaction, transact } from '#metadata/transact.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { AnnotationSet } from '#model/object/annotation-set.ts'
import { assertMayGo, type ObjectLock } from '#model/object/lock/lock.ts'
import type { ChangeCause, ObjectChange } from '#model/object/object-event.ts'
import type { Origin } from '#model/origin.ts'
import { removeAnnotations, sweepAnnotations } from '#store/annotations/annotation-rows.ts'
import { bucketIn } from '#store/buckets/buckets.ts'
import { requireQuota } from '#store/buckets/quota.ts'
import type { StoreContext } from '#store/context.ts'
import { passTime } from '#store/store-time.ts'
import { appendEvent } from './outbox.ts'

/** What one transaction changes at a key, while it is put together. */
export interface Change extends BlobChange {
  order: string
  /** The time of the change: of its versions, markers and events. */
  readonly atMs: number
  arrived: Arrival | undefined
  moved: MovedBlob[]
  readonly relocked: RelockedBlob[]
  readonly gone: GoneBlob[]
  /** Annotations of versions that are no more. */
  readonly goneAnnotations: AnnotationSet[]
  /** Versions more, and their bytes. */
  objectCount: number
  sizeBytes: number
  /** Locks of versions that this change removes from their key: the commit is refused while one of them protects. */
  readonly unlocked: ObjectLock[]
  /** Whether the caller asks to pass governance mode, and may. */
  readonly passesGovernance: boolean
  /** What listeners are told; the renamed object has two. */
  readonly happened: { readonly what: ObjectChange; readonly version: StoredVersion }[]
}

export const noChange = (
  bucket: string,
  key: string,
  { clock }: Pick<StoreContext, 'clock'>,
  passesGovernance = false,
): Change => ({
  bucket,
  key,
  order: '',
  atMs: clock.nowMs(),
  arrived: undefined,
  moved: [],
  relocked: [],
  gone: [],
  goneAnnotations: [],
  objectCount: 0,
  sizeBytes: 0,
  unlocked: [],
  passesGovernance,
  happened: [],
})

interface CommitOptions {
  /** Undefined: without a request. */
  readonly origin: Origin | undefined
  readonly cause: ChangeCause
  /** The caller waits until the bytes are in their places, also in `relaxed`. */
  readonly isAwaited: boolean
  /** Called if nothing was committed: until then what was staged is the caller's. */
  readonly discard?: (() => void) | undefined
}

/** `change` undefined: there is nothing to do after all, and the transaction has no writes. */
type Body<T> = (
  transaction: Transaction,
  bucket: Bucket,
) => Promise<{ readonly result: T; readonly change: Change | undefined }>

/** Each time another change of the key has come in between. */
const attempts = 100

/** Resolves when the change may be acknowledged. `body` may run several times: it must not have other effects. */
export async function commitChange<T>(
  context: StoreContext,
  bucketName: string,
  options: CommitOptions,
  body: Body<T>,
): Promise<T> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      return await commitOnce(context, bucketName, options, body)
    } catch (error) {
      if (!(error instanceof NotSettled)) throw error
      await context.blobs.settleArriving(error)
    }
  }
  options.discard?.()
  throw new ApiError('OperationAborted')
}

async function commitOnce<T>(
  context: StoreContext,
  bucketName: string,
  { origin, cause, isAwaited, discard }: CommitOptions,
  body: Body<T>,
): Promise<T> {
  const { engine, blobs, durability } = context
  let recorded: Recorded | undefined
  let alone: readonly string[] = []
  const { result: outcome, committed } = await transact(engine, async (transaction) => {
    // What an attempt that did not apply has recorded never happened: its files must not be moved or removed.
    recorded = undefined
    alone = []
    const bucket = await bucketIn(transaction, bucketName)
    const { result, change } = await body(transaction, bucket)
    if (change !== undefined) {
      if (cause !== 'FileSystem') await requireQuota(engine, transaction, bucket, change)
      await assertUnlocked(context, change)
      countUsage(transaction, change)
      alone = await removeAnnotations(transaction, change.goneAnnotations, change.atMs)
      recorded = await blobs.record(transaction, change)
      if (bucket.hasListeners) {
        const { atMs } = change
        for (const one of change.happened) appendEvent(transaction, bucketName, { ...one, cause, origin, atMs })
      }
    }
    return { result, isUnversioned: bucket.versioning === 'Unversioned' }
  }).catch(async (error: unknown) => {
    if (error instanceof NotSettled) throw error
    // A commit whose flush failed can be seen all the same: its bytes are needed.
    if (recorded === undefined || !(await blobs.isRecorded(recorded))) discard?.()
    throw asStorageError(error)
  })
  const { result, isUnversioned } = outcome
  const { flushed } = committed
  if (recorded !== undefined) await blobs.settle(recorded, { flushed, isUnversioned, isAwaited })
  else if (durability === 'strict') await flushed
  for (const id of alone) await sweepAnnotations(engine, id)
  return result
}

/** AccessDenied if a version that goes is protected: every way in which versions go comes by here. */
async function assertUnlocked(context: StoreContext, { unlocked, passesGovernance }: Change): Promise<void> {
  if (unlocked.length === 0) return
  const nowMs = await passTime(context)
  for (const lock of unlocked) assertMayGo(lock, { nowMs, passesGovernance })
}

function countUsage(transaction: Transaction, { bucket, objectCount, sizeBytes }: Change): void {
  if (objectCount === 0 && sizeBytes === 0) return
  transaction.add(rowKey('c', bucket), { objectCount, sizeBytes })
}
