/** The actions that an access key used, and the smallest policy that allows them. */
import { keptDays } from '#access/records/usage-ledger.ts'
import type { AdminAnswer, AdminRequest, AdminServices } from '#admin/route.ts'
import { ApiError } from '#model/errors.ts'
import { leastPolicyFor } from '#policy/advice/least-privilege.ts'

const dayMs = 86_400_000

export async function listUsedActions(
  { account, query }: AdminRequest,
  { access, findIdentity, clock }: AdminServices,
): Promise<AdminAnswer> {
  const key = query.get('key')
  if (key === null || key === '') throw new ApiError('InvalidArgument', { message: 'key is missing: an access key id' })
  if (findIdentity(key)?.account !== account) {
    throw new ApiError('InvalidArgument', { message: `There is no access key ${key} in this account.` })
  }
  const sinceMs = parseSince(query.get('since'), clock.nowMs())
  const uses = await access.ledger.usesOf(key, sinceMs)
  const sorted = [...uses].sort((a, b) => b.count - a.count)
  const since = new Date(sinceMs).toISOString().slice(0, 10)
  return { status: 200, json: JSON.stringify({ key, since, uses: sorted, policy: leastPolicyFor(uses) }) }
}

/** A date such as `2026-11-24`; days are counted in UTC. */
function parseSince(text: string | null, nowMs: number): number {
  if (text === null) return nowMs - 30 * dayMs
  const sinceMs = /^\d{4}-\d{2}-\d{2}(T.*)?$/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(sinceMs)) return sinceMs
  throw new ApiError('InvalidArgument', {
    message: `since must be a date such as 2026-11-24; ${keptDays} days are kept`,
  })
}
