/** The reason of a decision as a sentence. */

import { nameOf } from '#console/iam/policies/effective-policies.ts'
import type { Decision, PolicyType } from '#policy/evaluate/evaluate.ts'

const names: Readonly<Record<PolicyType, string>> = {
  'identity-based': 'policy',
  'resource-based': 'bucket policy',
  'permissions-boundary': 'permissions boundary',
  session: 'session policy',
  acl: 'access control list',
  root: 'root',
}

export function describeDecision({ reason, policyType, policy, sid }: Decision, action: string): string {
  const kind = names[policyType]
  if (reason === 'implicit-deny') {
    return policyType === 'identity-based'
      ? `No policy allows ${action}.`
      : `The ${kind} does not allow ${action}, or there is none.`
  }
  const verb = reason === 'allowed' ? 'Allowed' : 'Denied'
  if (policyType === 'root') return 'Allowed: the root user of an account has every permission in it.'
  if (policyType === 'acl') return 'Allowed by the access control list.'
  const statement = sid === undefined ? 'a statement' : `the statement ${sid}`
  const where =
    policy === undefined || policyType === 'resource-based' ? `the ${kind}` : `the ${kind} ${nameOf(policy)}`
  return `${verb} by ${statement} of ${where}.`
}
