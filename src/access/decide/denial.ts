/**
 * The messages of AccessDenied, as far as AWS documents them.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
 */
import { ApiError } from '#model/errors.ts'
import { decisionHeader } from '#model/served-request.ts'
import type { AccessRequest } from '#policy/evaluate/access-request.ts'
import type { Decision, Policies, PolicyType } from '#policy/evaluate/evaluate.ts'

/** The resource of operations without a bucket, as policies write it. */
export const allBuckets = 'arn:aws:s3:::*'

/**
 * Anonymous requesters and other accounts learn nothing about the policies, and S3 does not repeat the action to them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function denialMessage(request: AccessRequest, decision: Decision, { isResourceNeeded }: Policies): string {
  const { principal, action, resource, resourceAccount } = request
  const isStranger = principal.account !== resourceAccount
  if (principal.account === '' || (isStranger && action.startsWith('s3:'))) return 'Access Denied'
  // S3 quotes the resource, KMS does not.
  const named = action.startsWith('kms:') ? resource : `"${resource}"`
  const on = resource === '*' || resource === allBuckets ? '' : ` on resource: ${named}`
  const refused = `User: ${principal.arn} is not authorized to perform: ${action}${on}`
  if (isStranger) return action.startsWith('kms:') ? strangerToKey(request) : refused
  const isOfRole = isResourceNeeded === true && decision.policyType === 'resource-based' && action.startsWith('sts:')
  const policy = isOfRole ? 'role trust policy' : names[decision.policyType]
  if (decision.reason !== 'explicit-deny') return `${refused} because no ${policy} allows the ${action} action`
  const article = isOfRole ? 'the' : /^[aeiou]/.test(policy) ? 'an' : 'a'
  return `${refused} with an explicit deny in ${article} ${policy}`
}

/** The message is the same for a key of another account and for a key that does not exist. */
export const strangerToKey = ({ principal, action }: Pick<AccessRequest, 'principal' | 'action'>): string =>
  `User: ${principal.arn} is not authorized to perform: ${action} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`

/** The message of a refusal without a policy. Inside the account, AWS names the Block Public Access setting. */
export function refusalMessage(
  { principal, action, resource, resourceAccount }: AccessRequest,
  error: ApiError,
): string {
  const { BlockedBy: setting } = error.fields
  if (setting === undefined || principal.account !== resourceAccount) return error.message
  const what = setting === 'BlockPublicPolicy' ? 'policies' : 'ACLs'
  return `User: ${principal.arn} is not authorized to perform: ${action} on resource: "${resource}" because public ${what} are blocked by the ${setting} block public access setting.`
}

const names: Readonly<Record<PolicyType, string>> = {
  'identity-based': 'identity-based policy',
  'resource-based': 'resource-based policy',
  'permissions-boundary': 'permissions boundary',
  session: 'session policy',
  acl: 'resource-based policy',
  root: 'identity-based policy',
}

/** AccessDenied without a recorded decision: no policy refused. */
export const isUnexplained = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.code === 'AccessDenied' && error.headers[decisionHeader] === undefined

export function accessDenied(message: string, decisionId: string): ApiError {
  return new ApiError('AccessDenied', { message, headers: { [decisionHeader]: decisionId } })
}

/** The same error with the id of its recorded decision. */
export function withDecision(error: ApiError, decisionId: string, message = error.message): ApiError {
  const headers = { ...error.headers, [decisionHeader]: decisionId }
  return new ApiError(error.code, { message, fields: error.fields, headers })
}
