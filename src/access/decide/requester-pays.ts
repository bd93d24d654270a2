/**
 * Requester Pays: other accounts may read and write a bucket only if they agree to pay. Anonymous requests cannot.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html
 */
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Principal } from '#model/account.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { actions } from '#policy/actions.ts'
import type { Resource } from './resource.ts'

type PaidBucket = Pick<Bucket, 'ownerId'> & Partial<Pick<Bucket, 'requesterPays'>>

export const isPaidByRequester = ({ requesterPays, ownerId }: PaidBucket, { canonicalId }: Principal): boolean =>
  requesterPays === true && canonicalId !== ownerId

/** Whether the action has a cost and the requester did not agree to pay it. */
export function lacksPayer(
  principal: Principal,
  action: string,
  { bucket }: Resource,
  { headers }: Pick<RequestFacts, 'headers'>,
): boolean {
  if (bucket === undefined || !isPaidByRequester(bucket, principal)) return false
  const costs = actions.get(action.toLowerCase())?.kind === 'object' || /^s3:ListBucket/i.test(action)
  return costs && (principal.isAnonymous || headers['x-amz-request-payer'] !== 'requester')
}
