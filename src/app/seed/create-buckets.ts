import type { AppConfig } from '#config/config.ts'
import type { Clock } from '#lib/clock.ts'
import { newBucket } from '#model/bucket/new-bucket.ts'
import type { Store } from '#store/contract.ts'

/** Creates missing buckets of MYFSIO_BUCKETS. The administrator owns them. */
export async function createBuckets(
  store: Store,
  { config, ownerId, clock }: { config: AppConfig; ownerId: string; clock: Clock },
): Promise<void> {
  const { buckets, region } = config
  for (const name of buckets) {
    if ((await store.findBucket(name)) !== undefined) continue
    await store.createBucket(newBucket({ name, ownerId, region, createdAtMs: clock.nowMs() }, config))
  }
}
