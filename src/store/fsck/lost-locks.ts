/**
 * Locked versions that the index has lost, because it is an older one or was created again. The records beside their
 * bytes restore them, with ids, metadata and locks.
 */
import type { LockRecord } from '#blobs/contract/inspection.ts'
import { encodeJson, rowKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { newBucket } from '#model/bucket/new-bucket.ts'
import { bucketIn, findBucket } from '#store/buckets/buckets.ts'
import { newerThan } from '#store/changes/publish.ts'
import { type StoreContext, transactDurably } from '#store/context.ts'
import { findRecord } from '#store/reads/read.ts'

export async function* findLostLocks(context: StoreContext): AsyncGenerator<LockRecord> {
  for await (const record of context.blobs.inspection.lockRecords()) {
    const { bucket, version } = record
    const known = await findRecord(context, bucket, version.key, version.versionId)
    if (known?.order !== version.order) yield record
  }
}

/**
 * A version is restored at its place in the order of its key: it is current if there is no newer one. Its bytes are
 * kept aside in any case.
 */
export async function restoreLock(context: StoreContext, { bucket, version }: LockRecord): Promise<void> {
  await makeLockable(context, bucket, version.ownerId)
  const { isArriving: _, ...blob } = version.blob
  const restored: StoredVersion = { ...version, blob }
  await transactDurably(context, async (transaction) => {
    const { key, order } = restored
    const row = rowKey('o', bucket, key)
    const value = await transaction.get(row)
    const current = value === undefined ? undefined : decodeVersion(key, value)
    const newer = newerThan(bucket, key, order)
    const hasNewer = (await transaction.scan(newer, { limit: 1 })).length > 0
    // The bytes of a plain file would have to be moved.
    const isTop = current === undefined ? !hasNewer : current.order > order && current.blob.aside !== undefined
    if (!isTop) return putOlder(transaction, bucket, restored)
    transaction.requireEmpty(newer)
    if (current !== undefined) putOlder(transaction, bucket, current)
    transaction.put(row, encodeVersion(restored))
  })
}

function putOlder(transaction: Transaction, bucket: string, version: StoredVersion): void {
  const { key, order, versionId } = version
  transaction.put(rowKey('v', bucket, key, order), encodeVersion(version))
  if (versionId === 'null') transaction.put(rowKey('n', bucket, key), Buffer.from(order))
}

/** A bucket with locked versions had Object Lock, whatever its other settings were. */
async function makeLockable(context: StoreContext, name: string, ownerId: string): Promise<void> {
  const { engine, blobs, adopts, clock } = context
  const known = await findBucket(engine, name)
  if (known?.objectLockEnabled === true && known.versioning === 'Enabled') return
  const fresh = { name, ownerId, region: adopts.region, createdAtMs: clock.nowMs() }
  const defaults = { ...adopts.defaults, defaultObjectOwnership: 'BucketOwnerEnforced' } as const
  await transactDurably(context, async (transaction) => {
    const row = await transaction.get(rowKey('b', name))
    const bucket = row === undefined ? newBucket(fresh, defaults) : await bucketIn(transaction, name)
    transaction.put(rowKey('b', name), encodeJson({ ...bucket, versioning: 'Enabled', objectLockEnabled: true }))
  })
  if (known === undefined) await blobs.buckets.make(name)
}
