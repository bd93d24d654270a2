/** Explains the decision about a request that was not made. Uses the engine that decides real requests. */

import type { AskedDecision, RequestFacts } from '#access/caller/request-facts.ts'
import type { KeyPolicyBook } from '#identity/key-policies/key-policies.ts'
import type { Principal } from '#model/account.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { AccessRequest } from '#policy/evaluate/access-request.ts'
import type { Decision } from '#policy/evaluate/evaluate.ts'
import { explain, type PolicyTrace } from '#policy/evaluate/explain.ts'
import { contextKey } from '#policy/evaluate/pattern.ts'
import type { Authorizer } from './authorizer.ts'
import { denialMessage } from './denial.ts'
import { policyInForce } from './key-access.ts'

export interface Hypothesis {
  readonly principal: Principal
  /** For example `s3:GetObject`. */
  readonly action: string
  /** ARN, or `*`. */
  readonly resource: string
  /** All values for conditions, except those that follow from the principal and the clock. */
  readonly context: Readonly<Record<string, string | readonly string[]>>
  /** Facts of the request that asks. */
  readonly facts: RequestFacts
  /** The account that asks. It does not see policies of another account's resources. */
  readonly account: string
}

export interface HypotheticalAnswer {
  readonly decision: Decision
  /** The message of the refusal; undefined if allowed. */
  readonly message: string | undefined
  readonly policies: readonly PolicyTrace[]
}

export interface Explaining {
  readonly authorizer: Authorizer
  readonly keyPolicies: KeyPolicyBook
  findBucket(name: string): Promise<Bucket | undefined>
}

export async function explainHypothesis(
  { authorizer, keyPolicies, findBucket }: Explaining,
  { principal, action, resource, context, facts, account }: Hypothesis,
): Promise<HypotheticalAnswer> {
  const [, bucketName, key] = /^arn:[^:]*:s3:::([^/]+)(?:\/(.+))?$/s.exec(resource) ?? []
  const bucket = bucketName === undefined ? undefined : await findBucket(bucketName)
  const place = { ...(bucket && { bucket }), ...(key !== undefined && { key }), object: null }
  const { request, policies } = authorizer.question(principal, action, place, facts)
  const given = new Map(Object.entries(context).map(([name, values]) => [contextKey(name), values]))
  const asked: AccessRequest = { ...request, resource, context: (name) => given.get(name) }
  return answerFor(account, authorizer, aboutKey(keyPolicies, { request: asked, policies }))
}

/** Adds the policy of the key, if the question is about a key. */
function aboutKey(keyPolicies: KeyPolicyBook, { request, policies }: AskedDecision): AskedDecision {
  const key = keyPolicies.find(request.resource)
  if (key === undefined || !request.action.toLowerCase().startsWith('kms:')) return { request, policies }
  return {
    request: { ...request, resourceAccount: key.account },
    policies: { ...policies, resource: policyInForce(keyPolicies, key), isResourceNeeded: true },
  }
}

/** The part of the answer that the account may see. */
export function answerFor(account: string, authorizer: Authorizer, question: AskedDecision): HypotheticalAnswer {
  const { request, policies } = question
  const decision = authorizer.decide(question)
  const isOwn = request.resourceAccount === account
  const isShown = ({ policyType }: Pick<PolicyTrace, 'policyType'>) => isOwn || policyType !== 'resource-based'
  return {
    decision: isShown(decision) ? decision : { ...decision, policy: undefined, sid: undefined },
    message: decision.outcome === 'Allow' ? undefined : denialMessage(request, decision, policies),
    policies: explain(request, policies).policies.filter(isShown),
  }
}
