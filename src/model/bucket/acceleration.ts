/**
 * Transfer Acceleration. AWS receives requests at locations near the client. A single server has none, so the status
 * has no effect.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html
 */
import { ApiError } from '#model/errors.ts'

export interface Acceleration {
  /** Absent if it was never set. */
  readonly status?: 'Enabled' | 'Suspended'
}

/** InvalidRequest: names with dots do not match the certificate of the accelerated endpoint. */
export function assertAccelerable(bucketName: string): void {
  if (!bucketName.includes('.')) return
  const message = 'S3 Transfer Acceleration is not supported for buckets with periods (.) in their names'
  throw new ApiError('InvalidRequest', { message })
}
