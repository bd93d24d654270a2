/**
 * The target to which a website redirects requests for the object: a path on the same website, or a URL.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html
 */
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

/** InvalidRedirectLocation */
export function assertRedirectLocation(location: string): void {
  const isLong = Buffer.byteLength(location) > limits.redirectLocationBytes
  if (isLong || !/^(\/|https?:\/\/)/.test(location)) throw new ApiError('InvalidRedirectLocation')
}
