import type { IncomingHttpHeaders } from 'node:http'
import type { Bucket } from '#model/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { Services } from './operation.ts'

/**
 * AccessDenied where a client expects a bucket to be of another account than it is, also of what can be none.
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
  throw new ApiError('AccessDenied', { cause: new Error(`${bucket.name} is of another account than ${name} says.`) })
}
