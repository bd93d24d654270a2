import type { IncomingHttpHeaders } from 'node:http'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { Services } from '#s3/operation.ts'

/**
 * AccessDenied if the bucket belongs to another account than the client expects; InvalidBucketOwnerAWSAccountID if the
 * value is not an account.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
 */
export function assertExpectedOwner(
  headers: IncomingHttpHeaders,
  name: 'x-amz-expected-bucket-owner' | 'x-amz-source-expected-bucket-owner',
  bucket: Bucket,
  { accounts }: Pick<Services, 'accounts'>,
): void {
  const expected = headers[name]
  if (expected === undefined || accounts.findAccount(bucket.ownerId) === expected) return
  if (!/^\d{12}$/.test(String(expected))) {
    throw new ApiError('InvalidBucketOwnerAWSAccountID', {
      message: `The value of the expected bucket owner parameter must be an AWS Account ID... [${String(expected)}]`,
    })
  }
  throw new ApiError('AccessDenied', {
    cause: new Error(`${bucket.name} belongs to another account than ${name} says.`),
  })
}
