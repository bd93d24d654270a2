/**
 * The only place where versions are created, changed and removed: publish, delete, rename, adoption, tags and ACLs. One
 * commit holds the rows of the versions, the bucket's usage, the work of the blob store, and the events for the
 * bucket's listeners.
 */
import {
  type Arrival,
  type BlobChange,
  type GoneBlob,
  type MovedBlob,
  NotSettled,
  type RelockedBlob,
} from '#blobs/contract/blob-change.ts'
import type { BlobStore, Recorded } from '#blobs/contract/blob-store.ts'
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

/** The changes of one transaction at a key, while they are collected. */
export interface Change extends BlobChange {
  order: string
  /** The time of the change: of its versions, markers and events. */
  readonly atMs: number
  arrived: Arrival | undefined
  moved: MovedBlob[]
  readonly relocked: RelockedBlob[]
  readonly gone: GoneBlob[]
  /** Annotations of removed versions. */
  readonly goneAnnotations: AnnotationSet[]
  /** The number of added versions, and of their bytes. */
  objectCount: number
  sizeBytes: number
  /**
   * Locks of versions that this change removes from their key: the commit is refused while one of them protects its
   * version.
   */
  readonly unlocked: ObjectLock[]
  /** Whether the caller requested to bypass governance mode, and may do so. */
  readonly passesGovernance: boolean
  /** The events for listeners. A renamed object has two. */
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
  /** Undefined if there was no request. */
  readonly origin: Origin | undefined
  readonly cause: ChangeCause
  /** The caller waits until the bytes are in place, also in `relaxed`. */
  readonly isAwaited: boolean
  /** Called if nothing was committed: until then staged bytes belong to the caller. */
  readonly discard?: (() => void) | undefined
}

/** If `change` is undefined, there is nothing to do, and the transaction has no writes. */
type Body<T> = (
  transaction: Transaction,
  bucket: Bucket,
) => Promise<{ readonly result: T; readonly change: Change | undefined }>

/** An attempt fails if another change of the key was committed meanwhile. */
const attempts = 100

/** Resolves when the change may be acknowledged. `body` may run several times, so it must not have other effects. */
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
    // The records of a failed attempt are void: its files must not be moved or removed.
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
  }).catch((error: unknown): never => {
    if (error instanceof NotSettled) throw error
    // The client does not wait for it: if the index does not answer, this would take as long as the commit did.
    void discardUnlessRecorded(blobs, recorded, discard)
    throw asStorageError(error)
  })
  const { result, isUnversioned } = outcome
  const { flushed } = committed
  if (recorded !== undefined) await blobs.settle(recorded, { flushed, isUnversioned, isAwaited })
  else if (durability === 'strict') await flushed
  for (const id of alone) await sweepAnnotations(engine, id)
  return result
}

/**
 * A commit that failed may still be visible, and then its bytes are needed. Never rejects: bytes that stay
 * without need are removed later.
 */
async function discardUnlessRecorded(
  blobs: BlobStore,
  recorded: Recorded | undefined,
  discard: (() => void) | undefined,
): Promise<void> {
  const isRecorded = recorded !== undefined && (await blobs.isRecorded(recorded).catch(() => true))
  if (!isRecorded) discard?.()
}

/** AccessDenied if a protected version would be removed. All removals of versions come through here. */
async function assertUnlocked(context: StoreContext, { unlocked, passesGovernance }: Change): Promise<void> {
  if (unlocked.length === 0) return
  const nowMs = await passTime(context)
  for (const lock of unlocked) assertMayGo(lock, { nowMs, passesGovernance })
}

function countUsage(transaction: Transaction, { bucket, objectCount, sizeBytes }: Change): void {
  if (objectCount === 0 && sizeBytes === 0) return
  transaction.add(rowKey('c', bucket), { objectCount, sizeBytes })
}
