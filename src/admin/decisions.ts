/** `GET /_/decisions` and `GET /_/decisions/<id>`: what was refused and why, for the administrators of the accounts concerned. */
import type { DecisionRecord } from '#access/decision-journal.ts'
import { ApiError } from '#model/errors.ts'
import type { PolicyTrace } from '#policy/explain.ts'
import { type Inspection, readNumber } from './inspections.ts'
import type { AdminAnswer } from './routes.ts'

const listMax = 200

export async function listDecisions({ access, account, query }: Inspection): Promise<AdminAnswer> {
  const user = query.get('user')
  const bucket = query.get('bucket')
  const outcome = query.get('outcome')
  if (outcome !== null && outcome !== 'Allow' && outcome !== 'Deny') {
    throw new ApiError('InvalidArgument', { message: 'outcome must be Allow or Deny' })
  }
  const found = await access.journal.list({
    ...(user === null ? {} : { user }),
    ...(bucket === null ? {} : { bucket }),
    ...(outcome === null ? {} : { outcome }),
    limit: readNumber(query, 'limit', { fallback: 50, max: listMax }),
    isVisible: (record) => concerns(record, account),
  })
  const decisions = found.map((record) => {
    const { policies: _, ...summary } = shownTo(account, record)
    return summary
  })
  return { status: 200, json: JSON.stringify({ decisions }) }
}

export async function getDecision({ access, account, argument }: Inspection): Promise<AdminAnswer> {
  const record = await access.journal.find(argument)
  // Whether a decision of others exists is not told either.
  if (record === undefined || !concerns(record, account)) {
    throw new ApiError('NoSuchKey', { message: 'There is no such decision, or no longer.' })
  }
  return { status: 200, json: JSON.stringify(shownTo(account, record)) }
}

function concerns({ requester, request }: DecisionRecord, account: string): boolean {
  return requester.account === account || request?.resourceAccount === account
}

/** Policies of another account stay its own: what they say, and that they decided. */
function shownTo(account: string, record: DecisionRecord): DecisionRecord {
  const { requester, request, policies, decision } = record
  const isOwn = ({ policyType }: Pick<PolicyTrace, 'policyType'>) =>
    (policyType === 'resource-based' || policyType === 'acl' ? request?.resourceAccount : requester.account) === account
  return {
    ...record,
    ...(policies && { policies: policies.filter(isOwn) }),
    ...(decision && !isOwn(decision) && { decision: { ...decision, policy: undefined, sid: undefined } }),
  }
}
