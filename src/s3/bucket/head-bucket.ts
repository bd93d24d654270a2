import type { S3Request, S3Response } from '#s3/operation.ts'
import { regionHeader } from '#s3/region-header.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
export function headBucket({ bucket }: S3Request): S3Response {
  return {
    headers: {
      'content-type': 'application/xml',
      'x-amz-bucket-arn': `arn:aws:s3:::${bucket.name}`,
      ...regionHeader(bucket),
      'x-amz-access-point-alias': 'false',
    },
  }
}
