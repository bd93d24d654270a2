/**
 * Decides whether a request is allowed. Explicit Deny in any policy wins. Then a resource policy and the identity's
 * policies decide together: either suffices within an account, both are needed across accounts. Boundary and session
 * policy only limit.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
 */

import type { Effect } from '#policy/document/document.ts'
import { atLeast, type Match } from '#policy/document/principal.ts'
import type { AccessRequest } from './access-request.ts'
import type { CompiledPolicy, CompiledStatement } from './compile.ts'
import { contextOf, type RequestContext } from './context.ts'

/** A policy with its name: an ARN, or the name of an inline policy. */
export interface NamedPolicy {
  readonly name: string
  readonly policy: CompiledPolicy
}

/** The policies on the side of the requester. */
export interface RequesterPolicies {
  readonly identity: readonly NamedPolicy[]
  readonly boundary?: NamedPolicy | undefined
  /** Session policies: one of these must allow. If absent or empty, the session is not limited. */
  readonly session?: readonly NamedPolicy[] | undefined
}

export interface Policies extends RequesterPolicies {
  /** The bucket policy, the trust policy of the role to assume, or the policy of the key. */
  readonly resource?: NamedPolicy | undefined
  /** `resource` is the trust policy of a role or the policy of a key: without its Allow the request is denied. */
  readonly isResourceNeeded?: true
  /**
   * Whether an ACL grants this to everyone, or to others than the owner's account. It counts like a resource policy
   * that allows everyone. Called only when nothing else has decided.
   */
  readonly acl?: (() => boolean) | undefined
}

export type PolicyType = 'identity-based' | 'resource-based' | 'permissions-boundary' | 'session' | 'acl' | 'root'

export interface Decision {
  readonly outcome: 'Allow' | 'Deny'
  readonly reason: 'allowed' | 'explicit-deny' | 'implicit-deny'
  /** The kind of policy that decided, or that should have allowed. */
  readonly policyType: PolicyType
  /** Name of the policy and Sid of the statement that decided, if one did. */
  readonly policy: string | undefined
  readonly sid: string | undefined
}

/** Fast: makes no trace (see explain.ts), and reads only the context that undecided statements need. */
export function evaluate(request: AccessRequest, policies: Policies): Decision {
  const context = contextOf(request)
  return findDeny(request, context, policies) ?? findAllow(request, context, policies)
}

function findDeny(request: AccessRequest, context: RequestContext, policies: Policies): Decision | undefined {
  const { identity, resource, boundary, session } = policies
  for (const named of identity) {
    const statement = denial(named, request, context)
    if (statement !== undefined) return decided('Deny', 'identity-based', named, statement)
  }
  const statement = resource && denial(resource, request, context)
  if (resource && statement) return decided('Deny', 'resource-based', resource, statement)
  const limit = boundary && denial(boundary, request, context)
  if (boundary && limit) return decided('Deny', 'permissions-boundary', boundary, limit)
  for (const named of session ?? []) {
    const statement = denial(named, request, context)
    if (statement !== undefined) return decided('Deny', 'session', named, statement)
  }
  return undefined
}

function denial(named: NamedPolicy, request: AccessRequest, context: RequestContext): CompiledStatement | undefined {
  for (const statement of named.policy.statementsFor(request.action).denies) {
    if (applies(statement, request, context) !== 'none') return statement
  }
  return undefined
}

/** How directly a statement applies to the requester. Identity policies apply to their holder. */
export function applies(statement: CompiledStatement, request: AccessRequest, context: RequestContext): Match {
  if (!statement.matchesResource(request.resource, context.single)) return 'none'
  const match = statement.matchPrincipal === undefined ? 'self' : statement.matchPrincipal(request.principal)
  if (match === 'none') return 'none'
  for (const condition of statement.conditions) if (!condition.holds(context)) return 'none'
  return match
}

interface Grant {
  readonly match: Match
  readonly decision: Decision
}

/** A principal without an account has no policies: the resource alone decides. */
function findAllow(request: AccessRequest, context: RequestContext, policies: Policies): Decision {
  const { principal, resourceAccount } = request
  if (principal.account === '') return openGrant(request, context, policies) ?? lacks('resource-based')
  if (principal.account !== resourceAccount) return acrossAccounts(request, context, policies)

  // Usually identity policies decide, and the resource's are not evaluated.
  const own = identityGrant(request, context, policies)
  const isUser = principal.type === 'user' || principal.type === 'root'
  const withheld = withheldBySession(request, context, policies)
  // A user's session is a key with policies of its own. They also limit what resource policies allow to its user.
  if (isUser && withheld !== undefined) return withheld
  const limit = withheldByBoundary(request, context, policies) ?? withheld
  if (own !== undefined && limit === undefined && policies.isResourceNeeded === undefined) return own
  const granted = policies.resource && resourceGrant(policies.resource, request, context)
  // A grant to the user or the session itself is not limited by its boundary and session policy. A grant to its role,
  // or to everyone, is.
  const isWithin = limit === undefined || isUser
  if (granted?.match === 'self' || (granted?.match === 'issuer' && isWithin)) return granted.decision
  if (isWithin && policies.acl?.() === true) return allowedByAcl
  if (granted === undefined && policies.isResourceNeeded) return lacks('resource-based')
  return own === undefined ? lacks('identity-based') : (limit ?? own)
}

/** Both accounts must allow: the resource's by its policy or ACL, the requester's by its own policies. */
function acrossAccounts(request: AccessRequest, context: RequestContext, policies: Policies): Decision {
  const granted = openGrant(request, context, policies)
  if (granted === undefined) return lacks('resource-based')
  if (identityGrant(request, context, policies) === undefined) return lacks('identity-based')
  return withheldByBoundary(request, context, policies) ?? withheldBySession(request, context, policies) ?? granted
}

function openGrant(request: AccessRequest, context: RequestContext, policies: Policies): Decision | undefined {
  const granted = policies.resource && firstAllow('resource-based', [policies.resource], request, context)
  if (granted !== undefined) return granted
  return policies.acl?.() === true ? allowedByAcl : undefined
}

function identityGrant(request: AccessRequest, context: RequestContext, policies: Policies): Decision | undefined {
  if (request.principal.type === 'root') return allowedToRoot
  return firstAllow('identity-based', policies.identity, request, context)
}

function withheldByBoundary(request: AccessRequest, context: RequestContext, { boundary }: Policies) {
  if (boundary === undefined || firstAllow('permissions-boundary', [boundary], request, context)) return undefined
  return lacks('permissions-boundary')
}

function withheldBySession(request: AccessRequest, context: RequestContext, { session }: Policies) {
  if (!session?.length || firstAllow('session', session, request, context)) return undefined
  return lacks('session')
}

function firstAllow(
  type: PolicyType,
  policies: readonly NamedPolicy[],
  request: AccessRequest,
  context: RequestContext,
): Decision | undefined {
  for (const named of policies) {
    for (const statement of named.policy.statementsFor(request.action).allows) {
      if (applies(statement, request, context) !== 'none') return decided('Allow', type, named, statement)
    }
  }
  return undefined
}

/** The most direct grant of a resource policy. */
function resourceGrant(named: NamedPolicy, request: AccessRequest, context: RequestContext): Grant | undefined {
  let best: Grant | undefined
  for (const statement of named.policy.statementsFor(request.action).allows) {
    const match = applies(statement, request, context)
    if (match === 'none' || (best !== undefined && atLeast(best.match, match))) continue
    best = { match, decision: decided('Allow', 'resource-based', named, statement) }
    if (match === 'self') break
  }
  return best
}

function decided(outcome: Effect, policyType: PolicyType, named: NamedPolicy, found: CompiledStatement): Decision {
  const reason = outcome === 'Allow' ? 'allowed' : 'explicit-deny'
  return { outcome, reason, policyType, policy: named.name, sid: found.statement.sid }
}

const noStatement = { policy: undefined, sid: undefined } as const
const allowedByAcl: Decision = { outcome: 'Allow', reason: 'allowed', policyType: 'acl', ...noStatement }
const allowedToRoot: Decision = { outcome: 'Allow', reason: 'allowed', policyType: 'root', ...noStatement }

/** No policy denied, but none of this type allowed. */
function lacks(policyType: PolicyType): Decision {
  return { outcome: 'Deny', reason: 'implicit-deny', policyType, ...noStatement }
}
