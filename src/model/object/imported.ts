/** What an import knows of a version that was made elsewhere, at another time. */
import type { Bucket } from '#model/bucket/bucket.ts'

export interface Imported {
  /** Kept as the time of the version here. */
  readonly modifiedAtMs: number
  /** Whether it is the null version there. Undefined where that store has no versions: the bucket here decides. */
  readonly isNull?: boolean
}

/** The bucket as it was when such a version was written. */
export function bucketOf(bucket: Bucket, imported: Imported | undefined): Bucket {
  if (imported?.isNull === undefined) return bucket
  return { ...bucket, versioning: imported.isNull ? 'Suspended' : 'Enabled' }
}
