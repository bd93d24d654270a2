/** The refusals and their reasons. An account sees the decisions about its own users and resources. */
import { concerns, shownTo } from '#access/records/visible-decision.ts'
import { type AdminAnswer, type AdminRequest, type AdminServices, readNumber } from '#admin/route.ts'
import { ApiError } from '#model/errors.ts'

const listMax = 200

export async function listDecisions({ account, query }: AdminRequest, { access }: AdminServices): Promise<AdminAnswer> {
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

export async function getDecision({ account, params }: AdminRequest, { access }: AdminServices): Promise<AdminAnswer> {
  const record = await access.journal.find(params.id ?? '')
  // The answer does not reveal whether another account has such a decision.
  if (record === undefined || !concerns(record, account)) {
    throw new ApiError('NoSuchKey', { message: 'There is no such decision, or it was removed.' })
  }
  return { status: 200, json: JSON.stringify(shownTo(account, record)) }
}
