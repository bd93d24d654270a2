/** The actions on a bucket's policy that are reserved for the account of the bucket's owner. */
import type { AskedDecision, RequestFacts } from '#access/caller/request-facts.ts'
import { ApiError } from '#model/errors.ts'
import type { AccessRequest } from '#policy/evaluate/access-request.ts'
import { evaluate, type Policies } from '#policy/evaluate/evaluate.ts'
import { isKeptToOwnersAccount, isOfOwnersAccount } from '#policy/owners-account.ts'

/**
 * The root of an account can always change the policies of its buckets, as on AWS. In an account without a root user
 * its administrators can, since they could give themselves any right.
 */
export function mayMend(request: AccessRequest, policies: Policies): boolean {
  const { principal, action } = request
  if (!isKeptToOwnersAccount(action) || !isOfOwnersAccount(request)) return false
  return principal.type === 'root' || isAdministrator(request, policies)
}

/** MethodNotAllowed for requesters of other accounts who have the permission. The others get AccessDenied before. */
export function keepToOwner({ request }: AskedDecision, { method }: RequestFacts): void {
  if (!isKeptToOwnersAccount(request.action) || isOfOwnersAccount(request)) return
  throw new ApiError('MethodNotAllowed', { fields: { Method: method, ResourceType: 'BUCKETPOLICY' } })
}

function isAdministrator(request: AccessRequest, policies: Policies): boolean {
  const asked = { ...request, action: 'iam:PutUserPolicy', resource: '*' }
  return evaluate(asked, withoutResource(policies)).outcome === 'Allow'
}

export function withoutResource({ resource: _, ...others }: Policies): Policies {
  return others
}
