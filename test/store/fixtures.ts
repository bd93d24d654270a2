import type { Bucket } from '#model/bucket/bucket.ts'

export const silentLog = { info: () => undefined, warn: () => undefined, error: () => undefined }

export const attributes = { headers: {}, userMetadata: {}, storageClass: 'STANDARD', ownerId: 'owner' } as const

export const bucketOf = (versioning: Bucket['versioning']): Bucket => ({
  name: 'bucket',
  createdAtMs: 0,
  ownerId: 'owner',
  region: 'us-east-1',
  versioning,
  mfaDelete: false,
  objectLockEnabled: false,
})
