/** Assuming a role, for callers of every kind. */

import { type ConditionKeys, factsOfQuery } from '#access/caller/query-facts.ts'
import type { Asking } from '#access/decide/resource.ts'
import type { QueryParams } from '#http/aws-query/params.ts'
import type { Directory } from '#identity/directory.ts'
import type { Account } from '#identity/entities/account.ts'
import { findNamed } from '#identity/entities/entity.ts'
import type { Role } from '#identity/entities/role.ts'
import { compiled } from '#identity/iam-document/policy-text.ts'
import { arnOf, assumedRoleArn, parseIamArn } from '#identity/principals/principal-arn.ts'
import type { TemporaryCredentials } from '#identity/secrets/session-token.ts'
import type { XmlTree } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import { formatCredentials } from './reading.ts'
import type { StsRequest } from './request.ts'

export interface FoundRole {
  readonly account: Account
  readonly role: Role
  readonly arn: string
}

export interface RoleAsked {
  readonly action: 'sts:AssumeRole' | 'sts:AssumeRoleWithWebIdentity'
  readonly roleArn: string
  readonly sessionName: string
  /** Session tags of this request, which need a permission of their own. */
  readonly tags: Readonly<Record<string, string>>
  readonly transitive: readonly string[]
  readonly sourceIdentity?: string
  /** Further condition keys, names in lower case up to a slash. */
  readonly context: ConditionKeys
}

export function findRole(directory: Directory, arn: string): FoundRole | undefined {
  const named = parseIamArn(arn)
  const account = named?.noun === 'role' ? directory.findAccount(named.account) : undefined
  const role = account && findNamed(account.roles, named?.name ?? '')
  // A path that differs from the role's names another role.
  return account && role && arnOf(account.id, 'role', role) === arn ? { account, role, arn } : undefined
}

/** A missing role looks like one with a trust policy that allows nothing. */
export function missingRole({ requester }: Asking, { action, roleArn }: RoleAsked): ApiError {
  const refused = `User: ${requester.arn} is not authorized to perform: ${action} on resource: ${roleArn}`
  const isOwn = parseIamArn(roleArn)?.account === requester.account
  const because = isOwn ? ` because no role trust policy allows the ${action} action` : ''
  return new ApiError('AccessDenied', { message: refused + because, cause: new Error('There is no such role.') })
}

/** AccessDenied. */
export function authorizeRole(
  { gatekeeper, received }: StsRequest,
  asking: Asking,
  { account, role, arn }: FoundRole,
  asked: RoleAsked,
): void {
  const policy = { name: `trust policy of ${role.name}`, policy: compiled(role.trust, 'trust') }
  const facts = factsOfQuery({ ...received, tags: asked.tags }, { via: 'header' }, keysOf(role, asked))
  const actions: string[] = [asked.action]
  if (Object.keys(asked.tags).length > 0) actions.push('sts:TagSession')
  if (asked.sourceIdentity !== undefined) actions.push('sts:SetSourceIdentity')
  for (const action of actions) gatekeeper.authorizeArn(asking, action, { arn, account: account.id, policy }, facts)
}

function keysOf(role: Role, { transitive, sourceIdentity, context, sessionName }: RoleAsked): ConditionKeys {
  const keys: Record<string, string | readonly string[]> = { ...context, 'sts:rolesessionname': sessionName }
  if (sourceIdentity !== undefined) keys['sts:sourceidentity'] = sourceIdentity
  if (transitive.length > 0) keys['sts:transitivetagkeys'] = transitive
  for (const [name, value] of Object.entries(role.tags)) {
    keys[`aws:resourcetag/${name}`] = value
    keys[`iam:resourcetag/${name}`] = value
  }
  return keys
}

const secondsMin = 900
const secondsUsual = 3600
const secondsMax = 43_200

/** ValidationError. */
export function readSeconds(params: QueryParams, role: Role): number {
  const seconds = params.findNumber('DurationSeconds', { min: secondsMin, max: secondsMax }) ?? secondsUsual
  if (seconds <= role.maxSessionSeconds) return seconds
  throw new ApiError('ValidationError', {
    message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  })
}

export const formatSession = (
  { account, role }: FoundRole,
  sessionName: string,
  credentials: TemporaryCredentials,
  packedPercent: number | undefined,
): XmlTree => ({
  Credentials: formatCredentials(credentials),
  AssumedRoleUser: {
    AssumedRoleId: `${role.id}:${sessionName}`,
    Arn: assumedRoleArn(account.id, role.name, sessionName),
  },
  PackedPolicySize: packedPercent,
})
