/** Temporary credentials without a role: GetSessionToken and GetFederationToken. */
import type { Identity } from '#identity/identity.ts'
import { federatedUserArn } from '#identity/principals/principal-arn.ts'
import { ApiError } from '#model/errors.ts'
import {
  expiryAfter,
  formatCredentials,
  readSessionPolicies,
  readSessionTags,
  refuseDevices,
  rules,
} from './reading.ts'
import { type SignedStsRequest, signed } from './request.ts'

const secondsUsual = 43_200
const rootSecondsMax = 3600
const range = { min: 900, max: 129_600 }

/**
 * Needs no permission, but can be denied. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
 */
export const getSessionToken = signed('GetSessionToken', (request) => {
  const { params, caller, identities } = request
  refuseSessions(caller, 'GetSessionToken')
  refuseDevices(params)
  const expiresAtMs = expiryAfter(request.clock, secondsAsked(request))
  request.authorize('sts:GetSessionToken', { arn: '*', needsNoAllow: true })
  const { credentials } = identities.tokens.issue({
    kind: 'session-token',
    account: caller.account,
    sourceKeyId: caller.accessKeyId,
    ...ownerOf(caller),
    expiresAtMs,
    policyArns: [],
    tags: {},
    transitiveTagKeys: [],
    context: {},
  })
  return { Credentials: formatCredentials(credentials) }
})

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html */
export const getFederationToken = signed('GetFederationToken', (request) => {
  const { params, caller, identities } = request
  refuseSessions(caller, 'GetFederationToken')
  // A key with policies of its own cannot make federation tokens, since a token cannot carry both limits.
  if (caller.policies.session !== undefined) {
    const action = 'sts:GetFederationToken'
    throw new ApiError('AccessDenied', {
      message: `User: ${caller.arn} is not authorized to perform: ${action} because no session policy allows the ${action} action`,
      cause: new Error('A key with policies of its own cannot make federation tokens.'),
    })
  }
  const name = params.get('Name', rules.federatedName)
  const limits = readSessionPolicies(params)
  const { tags } = readSessionTags(params)
  const expiresAtMs = expiryAfter(request.clock, secondsAsked(request))
  const arn = federatedUserArn(caller.account, name)
  request.authorize('sts:GetFederationToken', { arn })
  if (Object.keys(tags).length > 0) request.authorize('sts:TagSession', { arn })
  const { credentials, packedPercent } = identities.tokens.issue({
    kind: 'federation-token',
    account: caller.account,
    sourceKeyId: caller.accessKeyId,
    ...ownerOf(caller),
    name,
    expiresAtMs,
    ...limits,
    tags,
    transitiveTagKeys: [],
    context: {},
  })
  return {
    Credentials: formatCredentials(credentials),
    FederatedUser: { FederatedUserId: `${caller.account}:${name}`, Arn: arn },
    PackedPolicySize: packedPercent,
  }
})

/** AccessDenied: temporary credentials cannot make tokens. */
function refuseSessions({ session }: Identity, operation: string): void {
  if (session === undefined) return
  throw new ApiError('AccessDenied', { message: `Cannot call ${operation} with session credentials` })
}

/** ValidationError. Tokens of the root user last one hour at most. */
function secondsAsked({ params, caller }: SignedStsRequest): number {
  const asked = params.findNumber('DurationSeconds', range) ?? secondsUsual
  return caller.requester.type === 'root' ? Math.min(asked, rootSecondsMax) : asked
}

const ownerOf = ({ requester }: Identity): { userId?: string } =>
  requester.type === 'root' ? {} : { userId: requester.userId }
