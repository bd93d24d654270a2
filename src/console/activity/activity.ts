/** The last requests to the API that concern the visitor's account. A script fetches newer ones. */
import { type ActivityQuery, type RequestRecord, type StatusClass, statusClasses } from '#access/records/activity.ts'
import type { Page, Visit } from '#console/page.ts'
import { Identity } from '#identity/identity.ts'
import { ApiError } from '#model/errors.ts'

const shownMax = 200

export type ShownRequest = RequestRecord & { readonly atMs: number; readonly href: string; readonly who: string }

export const showActivity: Page = async (visit, { access, config }) => {
  const asked = (name: string) => visit.query.get(name)?.trim() ?? ''
  const filters = {
    bucket: asked('bucket'),
    principal: asked('principal'),
    operation: asked('operation'),
    status: asked('status'),
  }
  const after = asked('after')
  const { records, cursor } = await access.activity.list(queryOf(visit, filters, after))
  const locals = { filters, statusClasses, records: records.map(shown), cursor, isRecorded: config.activity }
  if (after !== '') return { view: 'activity/rows', title: 'Activity', isFragment: true, locals }
  return {
    view: 'activity/activity',
    title: 'Activity',
    place: 'activity',
    crumbs: [{ text: 'Activity' }],
    scripts: ['activity.js'],
    locals,
  }
}

/** The requests of the visitor's account only. AccessDenied for visitors without one. */
export function accountOf({ principal }: Visit): string {
  if (!(principal instanceof Identity)) throw new ApiError('AccessDenied')
  return principal.account
}

export function shown(record: RequestRecord): ShownRequest {
  const { userName, arn, accessKeyId } = record.requester
  return {
    ...record,
    atMs: Date.parse(record.at),
    href: `/ui/activity/${encodeURIComponent(record.id)}`,
    who: userName ?? (arn || accessKeyId || 'anonymous'),
  }
}

/** InvalidArgument. */
function queryOf(
  visit: Visit,
  { bucket, principal, operation, status }: Readonly<Record<'bucket' | 'principal' | 'operation' | 'status', string>>,
  after: string,
): ActivityQuery {
  if (status !== '' && !isStatusClass(status)) {
    throw new ApiError('InvalidArgument', { message: `status must be one of ${statusClasses.join(', ')}` })
  }
  if (!/^\d{0,15}$/.test(after)) throw new ApiError('InvalidArgument', { message: 'after must be a whole number' })
  return {
    account: accountOf(visit),
    limit: shownMax,
    ...(bucket === '' ? {} : { bucket }),
    ...(principal === '' ? {} : { principal }),
    ...(operation === '' ? {} : { operation }),
    ...(status === '' ? {} : { status }),
    ...(after === '' ? {} : { after: Number(after) }),
  }
}

const isStatusClass = (text: string): text is StatusClass => statusClasses.some((one) => one === text)
