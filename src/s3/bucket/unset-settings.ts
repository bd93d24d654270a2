/**
 * Settings that this server does not have yet: asked for them, it answers as AWS does for a bucket that never had them, which is the
 * truth. To make one answers 501.
 */
import { ApiError, type ErrorCode } from '#model/errors.ts'
import type { Operation, S3Request, S3Response, XmlDocument } from '#s3/operation.ts'

/** The error that says that there is none. */
export function absent(code: ErrorCode): Operation {
  return ({ bucket }) => {
    throw new ApiError(code, { fields: { BucketName: bucket.name } })
  }
}

/** For those of which a bucket may have many, each under an id. */
export function absentId(): never {
  throw new ApiError('NoSuchConfiguration')
}

/** A document that says the default, or nothing. */
export function unset(root: string, content: XmlDocument['content'] = {}): Operation {
  return () => ({ body: { root, content } })
}

/** There is nothing to delete, which is no error. */
export function deleteAbsent(): S3Response {
  return { status: 204 }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAccelerateConfiguration.html */
export function getBucketAccelerate({ bucket }: S3Request): S3Response {
  if (bucket.name.includes('.')) {
    const message = 'S3 Transfer Acceleration is not supported for buckets with periods (.) in their names'
    throw new ApiError('InvalidRequest', { message })
  }
  return { body: { root: 'AccelerateConfiguration', content: {} } }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html */
export function getObjectLockConfiguration({ bucket }: S3Request): S3Response {
  if (!bucket.objectLockEnabled) {
    throw new ApiError('ObjectLockConfigurationNotFoundError', { fields: { BucketName: bucket.name } })
  }
  return { body: { root: 'ObjectLockConfiguration', content: { ObjectLockEnabled: 'Enabled' } } }
}

/** Of an object: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html, API_GetObjectLegalHold.html */
export async function getObjectLock(request: S3Request): Promise<S3Response> {
  if (!request.bucket.objectLockEnabled) {
    throw new ApiError('InvalidRequest', { message: 'Bucket is missing Object Lock Configuration' })
  }
  await request.version()
  throw new ApiError('NoSuchObjectLockConfiguration')
}
