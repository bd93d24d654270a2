/** The facts about an imported version, which was created elsewhere at another time. */
import type { Bucket } from '#model/bucket/bucket.ts'

export interface Imported {
  /** Kept as the time of the version here. */
  readonly modifiedAtMs: number
  /** Whether it is the null version there. Undefined if that store has no versions: then the bucket here decides. */
  readonly isNull?: boolean
}

/** The bucket in its state when such a version was written. */
export function bucketOf(bucket: Bucket, imported: Imported | undefined): Bucket {
  if (imported?.isNull === undefined) return bucket
  return { ...bucket, versioning: imported.isNull ? 'Suspended' : 'Enabled' }
}
