/**
 * The Object Lock configuration of a bucket.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html
 */
import { ApiError } from '#model/errors.ts'
import type { DefaultRetention, ObjectLock, Retention } from '#model/object/lock/lock.ts'
import { afterPeriod } from '#model/object/lock/lock-period.ts'
import type { Bucket } from './bucket.ts'

export interface LockConfiguration {
  readonly defaultRetention?: DefaultRetention
}

export const lockConfigurationOf = ({ objectLockEnabled, defaultRetention }: Bucket): LockConfiguration | undefined =>
  objectLockEnabled ? { ...(defaultRetention && { defaultRetention }) } : undefined

/**
 * Object Lock cannot be disabled again, but its default retention can be removed. InvalidBucketState without
 * versioning.
 */
export function withLockConfiguration(bucket: Bucket, { defaultRetention }: LockConfiguration): Bucket {
  if (bucket.versioning !== 'Enabled') {
    throw new ApiError('InvalidBucketState', {
      message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    })
  }
  const { defaultRetention: _, ...rest } = bucket
  return { ...rest, objectLockEnabled: true, ...(defaultRetention && { defaultRetention }) }
}

/** The lock of a new version. The default applies unless the request has a retention. */
export function lockOfNewVersion(bucket: Bucket, own: ObjectLock | undefined, nowMs: number): ObjectLock | undefined {
  const { defaultRetention } = bucket
  if (own?.retention !== undefined || defaultRetention === undefined) return own
  return { ...own, retention: retentionByDefault(defaultRetention, nowMs) }
}

/** Whole seconds, since some clients drop the fraction when they send the date back. */
export function retentionByDefault({ mode, period, eventHold }: DefaultRetention, nowMs: number): Retention {
  const untilMs = period === undefined ? undefined : Math.ceil(afterPeriod(nowMs, period) / 1000) * 1000
  return { mode, ...(untilMs !== undefined && { untilMs }), ...(eventHold && { eventHold }) }
}
