/** Who pays for a request: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ObjectsinRequesterPaysBuckets.html */
import type { IncomingHttpHeaders } from 'node:http'
import { isPaidByRequester } from '#access/decide/requester-pays.ts'
import type { Principal } from '#model/account.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'

/** InvalidArgument for a payer there is none of. */
export function assertRequestPayer(headers: IncomingHttpHeaders): void {
  const payer = headers['x-amz-request-payer']
  if (payer === undefined || payer === 'requester') return
  throw new ApiError('InvalidArgument', {
    fields: { ArgumentName: 'x-amz-request-payer', ArgumentValue: String(payer) },
  })
}

/** The header that tells requesters that they paid: for a success of a request that says so, to such a bucket. */
export function chargedHeader(
  bucket: Bucket | undefined,
  principal: Principal,
  headers: IncomingHttpHeaders,
): Record<string, string> {
  const isCharged = headers['x-amz-request-payer'] === 'requester' && bucket && isPaidByRequester(bucket, principal)
  return isCharged ? { 'x-amz-request-charged': 'requester' } : {}
}
