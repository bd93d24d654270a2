/** The quota of a bucket. AWS has no such setting: see docs/decisions/030-quotas-are-checked-in-the-commit.md. */
import { ApiError } from '#model/errors.ts'
import type { BucketUsage } from './usage.ts'

/** An absent limit means no limit. At least one is given. */
export interface BucketQuota {
  /** The number of versions that are not delete markers. */
  readonly objectCount?: number
  /** Bytes of all versions. */
  readonly sizeBytes?: number
}

/** InvalidRequest unless at least one limit is given and all are whole numbers. */
export function assertQuotaLimits({ objectCount, sizeBytes }: BucketQuota): void {
  const isLimit = (limit: number | undefined) => limit === undefined || (Number.isSafeInteger(limit) && limit >= 0)
  if (isLimit(objectCount) && isLimit(sizeBytes) && (objectCount ?? sizeBytes) !== undefined) return
  throw new ApiError('InvalidRequest', {
    message: 'A quota has sizeBytes, objectCount or both: whole numbers that are not negative.',
  })
}

/** The bucket with this quota, or without one. */
export function withQuota<B extends { readonly quota?: BucketQuota }>(
  { quota: _, ...rest }: B,
  quota: BucketQuota | undefined,
): Omit<B, 'quota'> & { readonly quota?: BucketQuota } {
  return quota === undefined ? rest : { ...rest, quota }
}

/**
 * The first limit that a change of the usage would exceed. A change that adds nothing to a number exceeds no limit of
 * it.
 */
export function brokenLimit(quota: BucketQuota, usage: BucketUsage, added: BucketUsage): keyof BucketQuota | undefined {
  return (['sizeBytes', 'objectCount'] as const).find(
    (name) => added[name] > 0 && usage[name] + added[name] > (quota[name] ?? Number.POSITIVE_INFINITY),
  )
}

/** The error for a write that would exceed this limit. It contains the limit, the usage, and what to do. */
export function quotaExceeded(
  bucketName: string,
  limit: keyof BucketQuota,
  { quota, usage, added }: { readonly quota: BucketQuota; readonly usage: BucketUsage; readonly added: BucketUsage },
): ApiError {
  const [nouns, quotaField, usedField] =
    limit === 'sizeBytes' ? ['bytes', 'QuotaBytes', 'UsedBytes'] : ['objects', 'QuotaObjects', 'UsedObjects']
  const [most, used, more] = [quota[limit] ?? 0, usage[limit], added[limit]]
  return new ApiError('QuotaExceeded', {
    message:
      `The quota of bucket ${bucketName} is ${most} ${nouns}. It holds ${used}, and this request would add ${more}. ` +
      'Delete objects or old versions, or ask an administrator of the server for a larger quota.',
    fields: { BucketName: bucketName, [quotaField]: most, [usedField]: used },
  })
}
