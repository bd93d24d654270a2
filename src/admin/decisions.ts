/** `GET /_/decisions` and `GET /_/decisions/<id>`: what was refused and why, for the administrators of the accounts concerned. */
import { concerns, shownTo } from '#access/records/visible-decision.ts'
import { ApiError } from '#model/errors.ts'
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
