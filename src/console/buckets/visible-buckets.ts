/** The buckets of the visitor's account that the visitor may see, with their usage. */
import type { ConsoleServices, Visit } from '#console/page.ts'
import { accessOf, type BucketAccess } from '#console/settings/access.ts'
import type { Bucket } from '#model/bucket/bucket.ts'

export interface BucketSummary {
  readonly bucket: Bucket
  readonly objectCount: number
  readonly sizeBytes: number
  readonly access: BucketAccess
}

/** More are counted, but not shown on one page. */
export const bucketsShownMax = 1000

export async function listVisibleBuckets(
  visit: Visit,
  services: ConsoleServices,
): Promise<{ summaries: BucketSummary[]; isCut: boolean }> {
  const { store, bucketPolicies } = services
  const query = { prefix: '', after: '', limit: bucketsShownMax, ownerId: visit.principal.canonicalId }
  const { buckets, next } = await store.listBuckets(query)
  const seesAll = visit.may('s3:ListAllMyBuckets')
  const visible = seesAll ? buckets : buckets.filter((bucket) => visit.may('s3:ListBucket', { bucket }))
  const summaries = await Promise.all(
    visible.map(async (bucket) => ({
      bucket,
      ...(await store.bucketUsage(bucket.name)),
      access: accessOf(bucketPolicies, bucket),
    })),
  )
  return { summaries, isCut: next !== undefined }
}
