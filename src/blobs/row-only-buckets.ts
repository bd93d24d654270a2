/** The buckets of a blob store that keeps nothing of a bucket besides its row. */
import type { BucketBlobs } from './contract/bucket-blobs.ts'

export const rowOnlyBuckets: BucketBlobs = {
  assertFree: async () => undefined,
  make: async () => undefined,
  isForeign: () => false,
  confirmForeign: async () => false,
  hasForeign: async () => false,
  recordRemoval: () => undefined,
  remove: async () => undefined,
  keep: async () => undefined,
}
