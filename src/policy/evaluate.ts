/**
 * May they? Explicit Deny in any policy wins; then a resource policy and the identity's policies decide together: either suffices
 * within an account, both are needed across accounts; boundary and session policy only take away.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
 */
import type { CompiledPolicy } from './compile.ts'
import type { Requester } from './requester.ts'

/**
 * The value of a condition key (in lower case, as `aws:sourceip`, `s3:existingobjecttag/Owner`, whose part after the slash keeps its
 * case), or undefined if the request has none. Asked for only when a condition needs it; keys that follow from the requester and
 * the clock are filled in when this does not.
 */
export type ContextLookup = (key: string) => string | readonly string[] | undefined

export interface AccessRequest {
  readonly principal: Requester
  /** As `s3:GetObject`; compared without regard to case. */
  readonly action: string
  /** ARN, or `*` for actions on no resource. */
  readonly resource: string
  /** Account that owns the resource: the requester's own for services and what is not there yet. */
  readonly resourceAccount: string
  readonly context: ContextLookup
}

/** A policy and the name to call it by: an ARN, or the name of an inline policy. */
export interface NamedPolicy {
  readonly name: string
  readonly policy: CompiledPolicy
}

/** What limits and grants on the side of the requester. */
export interface RequesterPolicies {
  readonly identity: readonly NamedPolicy[]
  readonly boundary?: NamedPolicy
  /** Of a session: one of these must allow. Absent, or empty: the session is not limited. */
  readonly session?: readonly NamedPolicy[]
}

export interface Policies extends RequesterPolicies {
  /** Of the bucket; or the trust policy of the role that is to be assumed. */
  readonly resource?: NamedPolicy
  /**
   * Whether an ACL grants this. It grants to accounts and to everyone: it lets anonymous callers in, and for an identity it does what a
   * resource policy naming its account does. Asked only when nothing else has decided.
   */
  readonly acl?: () => boolean
}

export type PolicyType = 'identity-based' | 'resource-based' | 'permissions-boundary' | 'session' | 'acl' | 'root'

export interface Decision {
  readonly outcome: 'Allow' | 'Deny'
  readonly reason: 'allowed' | 'explicit-deny' | 'implicit-deny'
  /** The kind of policy that decided, or that would have had to allow. */
  readonly policyType: PolicyType
  /** Name of the policy and Sid of the statement that decided, if one did. */
  readonly policy: string | undefined
  readonly sid: string | undefined
}

/** Costs little: makes no trace (see explain.ts), and looks up only the context that undecided statements ask for. */
export function evaluate(_request: AccessRequest, _policies: Policies): Decision {
  throw new Error('to follow')
}
