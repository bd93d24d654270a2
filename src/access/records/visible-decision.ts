/** The decisions that an account may see: those about its own requesters, and those about its own resources. */
import type { Decision } from '#policy/evaluate/evaluate.ts'
import type { PolicyTrace } from '#policy/evaluate/explain.ts'
import type { DecisionRecord } from './decision-journal.ts'

export function concerns({ requester, request, account: concerned }: DecisionRecord, account: string): boolean {
  return [requester.account, request?.resourceAccount, concerned].includes(account)
}

export function shownTo(account: string, record: DecisionRecord): DecisionRecord {
  const { requester, request } = record
  return withOwnPolicies(account, record, { requester: requester.account, resource: request?.resourceAccount })
}

interface Decided {
  readonly decision?: Decision
  readonly policies?: readonly PolicyTrace[]
}

/** Hides policies of other accounts: their text, and that they decided. `accounts`: the owners. */
export function withOwnPolicies<T extends Decided>(
  account: string,
  decided: T,
  accounts: { readonly requester: string; readonly resource: string | undefined },
): T {
  const { policies, decision } = decided
  const isOwn = ({ policyType }: Pick<PolicyTrace, 'policyType'>) =>
    (policyType === 'resource-based' || policyType === 'acl' ? accounts.resource : accounts.requester) === account
  return {
    ...decided,
    ...(policies && { policies: policies.filter(isOwn) }),
    ...(decision && !isOwn(decision) && { decision: { ...decision, policy: undefined, sid: undefined } }),
  }
}
