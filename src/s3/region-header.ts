import type { Bucket } from '#model/bucket/bucket.ts'
import { signedRegionOf } from '#model/bucket/bucket-region.ts'

/** Clients sign for this region from then on. */
export const regionHeader = ({ region }: Bucket): Record<string, string> => ({
  'x-amz-bucket-region': signedRegionOf(region),
})
