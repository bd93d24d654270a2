/** May they, and why? By the engine that decides requests, about a request that nobody has made. */

import type { AskedDecision, RequestFacts } from '#access/caller/request-facts.ts'
import type { Principal } from '#model/account.ts'
import type { Bucket } from '#model/bucket.ts'
import type { AccessRequest } from '#policy/evaluate/access-request.ts'
import type { Decision } from '#policy/evaluate/evaluate.ts'
import { explain, type PolicyTrace } from '#policy/evaluate/explain.ts'
import { contextKey } from '#policy/evaluate/pattern.ts'
import type { Authorizer } from './authorizer.ts'
import { denialMessage } from './denial.ts'

export interface Hypothesis {
  readonly principal: Principal
  /** As `s3:GetObject`. */
  readonly action: string
  /** ARN, or `*`. */
  readonly resource: string
  /** All that conditions find, beside what follows from the principal and the clock. */
  readonly context: Readonly<Record<string, string | readonly string[]>>
  /** Of whoever asks. */
  readonly facts: RequestFacts
  /** Who wants to know: policies of another account's resources stay its own. */
  readonly account: string
}

export interface HypotheticalAnswer {
  readonly decision: Decision
  /** What the refused would be told; undefined: they are not refused. */
  readonly message: string | undefined
  readonly policies: readonly PolicyTrace[]
}

export interface Explaining {
  readonly authorizer: Authorizer
  findBucket(name: string): Promise<Bucket | undefined>
}

export async function explainHypothesis(
  { authorizer, findBucket }: Explaining,
  { principal, action, resource, context, facts, account }: Hypothesis,
): Promise<HypotheticalAnswer> {
  const [, bucketName, key] = /^arn:[^:]*:s3:::([^/]+)(?:\/(.+))?$/s.exec(resource) ?? []
  const bucket = bucketName === undefined ? undefined : await findBucket(bucketName)
  const place = { ...(bucket && { bucket }), ...(key !== undefined && { key }), object: null }
  const { request, policies } = authorizer.question(principal, action, place, facts)
  const given = new Map(Object.entries(context).map(([name, values]) => [contextKey(name), values]))
  const asked: AccessRequest = { ...request, resource, context: (name) => given.get(name) }
  return answerFor(account, authorizer, { request: asked, policies })
}

/** The answer as far as an account may know it. */
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
