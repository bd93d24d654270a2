/** The payer of a request: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ObjectsinRequesterPaysBuckets.html */
import type { IncomingHttpHeaders } from 'node:http'
import { isPaidByRequester } from '#access/decide/requester-pays.ts'
import type { Principal } from '#model/account.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'

/** InvalidArgument for an unknown payer. */
export function assertRequestPayer(headers: IncomingHttpHeaders): void {
  const payer = headers['x-amz-request-payer']
  if (payer === undefined || payer === 'requester') return
  throw new ApiError('InvalidArgument', {
    fields: { ArgumentName: 'x-amz-request-payer', ArgumentValue: String(payer) },
  })
}

/**
 * The header that confirms the charge: in successful answers to requests that agreed to pay, if the bucket has
 * Requester Pays.
 */
export function chargedHeader(
  bucket: Bucket | undefined,
  principal: Principal,
  headers: IncomingHttpHeaders,
): Record<string, string> {
  const isCharged = headers['x-amz-request-payer'] === 'requester' && bucket && isPaidByRequester(bucket, principal)
  return isCharged ? { 'x-amz-request-charged': 'requester' } : {}
}
