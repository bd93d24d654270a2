/** What an account may see of a decision: those of its own requesters, and those about its own resources. */
import type { PolicyTrace } from '#policy/explain.ts'
import type { DecisionRecord } from './decision-journal.ts'

export function concerns({ requester, request, account: concerned }: DecisionRecord, account: string): boolean {
  return [requester.account, request?.resourceAccount, concerned].includes(account)
}

/** Policies of another account stay its own: what they say, and that they decided. */
export function shownTo(account: string, record: DecisionRecord): DecisionRecord {
  const { requester, request, policies, decision } = record
  const isOwn = ({ policyType }: Pick<PolicyTrace, 'policyType'>) =>
    (policyType === 'resource-based' || policyType === 'acl' ? request?.resourceAccount : requester.account) === account
  return {
    ...record,
    ...(policies && { policies: policies.filter(isOwn) }),
    ...(decision && !isOwn(decision) && { decision: { ...decision, policy: undefined, sid: undefined } }),
  }
}
