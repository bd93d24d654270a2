import { escapeXml } from '#lib/text/xml.ts'
import { listingResponse } from '#s3/listing/listing.ts'
import type { S3Request, S3Response } from '#s3/operation.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html: us-east-1 is an empty element. */
export function getBucketLocation({ bucket }: S3Request): S3Response {
  const region = bucket.region === 'us-east-1' ? '' : escapeXml(bucket.region)
  return listingResponse('LocationConstraint', region, () => undefined)
}
