/**
 * Object Lock, as far as it is served: a bucket can be made with it, and its objects have neither retention nor legal
 * hold.
 */
import { ApiError } from '#model/errors.ts'
import type { S3Request, S3Response } from '#s3/operation.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html */
export function getObjectLockConfiguration({ bucket }: S3Request): S3Response {
  if (!bucket.objectLockEnabled) {
    throw new ApiError('ObjectLockConfigurationNotFoundError', { fields: { BucketName: bucket.name } })
  }
  return { body: { root: 'ObjectLockConfiguration', content: { ObjectLockEnabled: 'Enabled' } } }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html, API_GetObjectLegalHold.html */
export async function getObjectLock(request: S3Request): Promise<S3Response> {
  if (!request.bucket.objectLockEnabled) {
    throw new ApiError('InvalidRequest', { message: 'Bucket is missing Object Lock Configuration' })
  }
  await request.version()
  throw new ApiError('NoSuchObjectLockConfiguration')
}
