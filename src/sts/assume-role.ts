/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
import { isSameName } from '#identity/entities/entity.ts'
import type { Identity } from '#identity/identity.ts'
import { ApiError } from '#model/errors.ts'
import { expiryAfter, readSessionPolicies, readSessionTags, refuseDevices, rules, type SessionTags } from './reading.ts'
import { type SignedStsRequest, signed } from './request.ts'
import {
  authorizeRole,
  type FoundRole,
  findRole,
  formatSession,
  missingRole,
  type RoleAsked,
  readSeconds,
} from './role-session.ts'

const chainedSecondsMax = 3600

export const assumeRole = signed('AssumeRole', (request) => {
  const { params, caller, identities, clock } = request
  const roleArn = params.get('RoleArn', rules.arn)
  const sessionName = params.get('RoleSessionName', rules.sessionName)
  refuseDevices(params)
  refuseContexts(request)
  const limits = readSessionPolicies(params)
  const passed = readSessionTags(params)
  const { tags, transitive } = withInherited(caller, passed)
  const sourceIdentity = readSourceIdentity(request)
  const asked: RoleAsked = {
    action: 'sts:AssumeRole',
    roleArn,
    sessionName,
    tags: passed.tags,
    transitive,
    ...(sourceIdentity === undefined || caller.session?.sourceIdentity !== undefined ? {} : { sourceIdentity }),
    context: contextOf(request),
  }
  const found = findRole(identities.directory, roleArn)
  refuseRootsAndTokens(caller)
  if (found === undefined) throw missingRole(caller, asked)
  authorizeRole(request, caller, found, asked)
  const seconds = secondsAsked(request, found)
  const { credentials, packedPercent } = identities.tokens.issue({
    kind: 'role',
    account: found.account.id,
    roleId: found.role.id,
    name: sessionName,
    expiresAtMs: expiryAfter(clock, seconds),
    ...sourceOf(caller),
    ...limits,
    tags,
    transitiveTagKeys: transitive,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    context: {},
  })
  return { ...formatSession(found, sessionName, credentials, packedPercent), SourceIdentity: sourceIdentity }
})

/** AccessDenied: the root user cannot assume roles, nor can callers of a federation token. */
function refuseRootsAndTokens({ requester, session }: Identity): void {
  if (requester.type === 'root') {
    throw new ApiError('AccessDenied', { message: 'Roles may not be assumed by root accounts.' })
  }
  if (session?.kind === 'federation-token') {
    throw new ApiError('AccessDenied', { message: 'Cannot call AssumeRole with federated user credentials' })
  }
}

/** The long-lived key at the start of the chain. The session ends with that key. */
export function sourceOf({ session, accessKeyId }: Identity): { sourceKeyId?: string } {
  const sourceKeyId = session === undefined ? accessKeyId : session.sourceKeyId
  return sourceKeyId === undefined ? {} : { sourceKeyId }
}

/** ValidationError: with role chaining a session lasts one hour at most. */
function secondsAsked({ params, caller }: SignedStsRequest, { role }: FoundRole): number {
  const isChained = caller.session?.kind === 'role' || caller.session?.kind === 'web-identity'
  const seconds = readSeconds(params, role)
  if (isChained && seconds > chainedSecondsMax) {
    throw new ApiError('ValidationError', {
      message: 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    })
  }
  return seconds
}

/** Transitive tags of the calling session stay and cannot be set again. ValidationError. */
function withInherited(caller: Identity, given: SessionTags): SessionTags {
  const inherited = caller.session?.transitiveTags ?? {}
  const names = Object.keys(inherited)
  const conflict = Object.keys(given.tags).find((key) => names.some((name) => isSameName(name, key)))
  if (conflict !== undefined) {
    throw new ApiError('ValidationError', {
      message: `One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session: ${conflict}`,
    })
  }
  const missing = given.transitive.find((key) => !Object.hasOwn(given.tags, key))
  if (missing !== undefined) {
    throw new ApiError('ValidationError', {
      message: `The transitive tag key ${missing} is not a key of the tags passed.`,
    })
  }
  return { tags: { ...given.tags, ...inherited }, transitive: [...names, ...given.transitive] }
}

/** Once set, it cannot be changed along a chain. AccessDenied. */
function readSourceIdentity({ params, caller }: SignedStsRequest): string | undefined {
  const given = params.find('SourceIdentity', rules.sourceIdentity)
  const set = caller.session?.sourceIdentity
  if (given !== undefined && set !== undefined && given !== set) {
    throw new ApiError('AccessDenied', { message: 'The source identity of a session cannot be changed.' })
  }
  return set ?? given
}

/** ValidationError. */
function refuseContexts({ params }: SignedStsRequest): void {
  if (params.structures('ProvidedContexts').length === 0) return
  throw new ApiError('ValidationError', { message: 'ProvidedContexts are not supported.' })
}

function contextOf({ params }: SignedStsRequest): Record<string, string> {
  const externalId = params.find('ExternalId', rules.externalId)
  return externalId === undefined ? {} : { 'sts:externalid': externalId }
}
