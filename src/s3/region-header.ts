import type { Bucket } from '#model/bucket/bucket.ts'
import { signedRegionOf } from '#model/bucket/bucket-region.ts'

/** Clients use this region for later signatures. */
export const regionHeader = ({ region }: Bucket): Record<string, string> => ({
  'x-amz-bucket-region': signedRegionOf(region),
})
