/**
 * The quota of a bucket. It is checked in the commit that adds to the usage, so parallel writers cannot exceed it
 * together.
 */
import type { MetadataEngine } from '#metadata/engine.ts'
import { rowKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeVersion } from '#metadata/version-codec.ts'
import { decodeCounters } from '#metadata/write.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { type BucketQuota, brokenLimit, quotaExceeded } from '#model/bucket/quota.ts'
import type { BucketUsage } from '#model/bucket/usage.ts'

export async function readUsage(engine: MetadataEngine, bucketName: string): Promise<BucketUsage> {
  const { objectCount = 0, sizeBytes = 0 } = decodeCounters(await engine.get(rowKey('c', bucketName)))
  return { objectCount, sizeBytes }
}

/** QuotaExceeded. The commit applies only if there is still room then. Otherwise this check runs again. */
export async function requireQuota(
  engine: MetadataEngine,
  transaction: Transaction,
  { name, quota }: Bucket,
  added: BucketUsage,
): Promise<void> {
  if (quota === undefined || (added.objectCount <= 0 && added.sizeBytes <= 0)) return
  // Not as a read of the transaction: then every write to the bucket would conflict with every other.
  const usage = await readUsage(engine, name)
  assertRoom(name, quota, usage, added)
  const atMost: Record<string, number> = {}
  for (const limit of ['objectCount', 'sizeBytes'] as const) {
    const most = quota[limit]
    if (most !== undefined && added[limit] > 0) atMost[limit] = most - added[limit]
  }
  transaction.requireAtMost(rowKey('c', name), atMost)
}

function assertRoom(name: string, quota: BucketQuota, usage: BucketUsage, added: BucketUsage): void {
  const limit = brokenLimit(quota, usage, added)
  if (limit !== undefined) throw quotaExceeded(name, limit, { quota, usage, added })
}

/**
 * QuotaExceeded for a body without room, before it is received. In a bucket without versions the present object of the
 * key makes room. The commit checks again.
 */
export async function assertQuota(
  engine: MetadataEngine,
  { name, quota, versioning }: Bucket,
  { key, sizeBytes, isPart }: { readonly key: string; readonly sizeBytes: number; readonly isPart: boolean },
): Promise<void> {
  // While versioning is suspended, the result depends on the existing versions.
  if (quota === undefined || (versioning === 'Suspended' && !isPart)) return
  const replaced = isPart || versioning === 'Enabled' ? undefined : await engine.get(rowKey('o', name, key))
  const before = replaced === undefined ? undefined : decodeVersion(key, replaced)
  const objectCount = isPart || before !== undefined ? 0 : 1
  const added = { objectCount, sizeBytes: sizeBytes - (before?.sizeBytes ?? 0) }
  assertRoom(name, quota, await readUsage(engine, name), added)
}
