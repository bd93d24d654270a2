import type { AppConfig } from '#config/config.ts'
import { defaultControls } from '#model/object-ownership.ts'
import { defaultBlock } from '#model/public-access-block.ts'
import type { Store } from '#store/contract.ts'

/** Makes the buckets of MYFSIO_BUCKETS that do not exist; they belong to the administrator. */
export async function createBuckets(store: Store, config: AppConfig, ownerId: string): Promise<void> {
  const { buckets, region } = config
  const controls = {
    ...defaultControls(config.defaultObjectOwnership),
    ...defaultBlock(config.defaultPublicAccessBlock),
  }
  for (const name of buckets) {
    if ((await store.findBucket(name)) !== undefined) continue
    const fresh = { versioning: 'Unversioned', mfaDelete: false, objectLockEnabled: false } as const
    await store.createBucket({ name, createdAtMs: Date.now(), ownerId, region, ...controls, ...fresh })
  }
}
