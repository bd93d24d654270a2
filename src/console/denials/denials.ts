/** Refused requests of the account with their reasons, and the statement that would allow each. */

import type { DecisionRecord } from '#access/records/decision-journal.ts'
import { concerns, shownTo } from '#access/records/visible-decision.ts'
import { holderHref } from '#console/iam/holders/holders.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import { Identity } from '#identity/identity.ts'
import { formatVisibleJson } from '#lib/text/hidden-characters.ts'
import { ApiError } from '#model/errors.ts'

const shownMax = 200

/** The same permission as for the API's list of decisions. */
export const mayExplainAction = 'sts:DecodeAuthorizationMessage'

export const showDenials: Page = async (visit, services) => {
  const asked = (name: string) => visit.query.get(name)?.trim() ?? ''
  const [user, bucket, decision] = [asked('user'), asked('bucket'), asked('decision')]
  const records = await listDenials(visit, services, { user, bucket, decision, limit: shownMax })
  return {
    view: 'denials/denials',
    title: 'Denials',
    place: 'denials',
    crumbs: [{ text: 'Denials' }],
    locals: { user, bucket, records, isOpen: decision !== '' },
  }
}

export type Denial = DecisionRecord & {
  readonly atMs: number
  readonly draft: string | undefined
  /** The user or role that can get the draft. */
  readonly mend: { readonly name: string; readonly href: string } | undefined
}

export interface DenialQuery {
  readonly user: string
  readonly bucket: string
  /** Shows only the decision with this id. */
  readonly decision?: string
  readonly limit: number
}

/** The newest first, only those that concern the visitor's account. */
export async function listDenials(
  { principal }: Visit,
  { access }: ConsoleServices,
  { user, bucket, decision = '', limit }: DenialQuery,
): Promise<Denial[]> {
  if (!(principal instanceof Identity)) throw new ApiError('AccessDenied')
  const { account } = principal
  const records = await access.journal.list({
    ...(user === '' ? {} : { user }),
    ...(bucket === '' ? {} : { bucket }),
    limit,
    isVisible: (record) => concerns(record, account) && (decision === '' || record.id === decision),
  })
  return records.map((record) => {
    const draft = draftOf(record)
    const holder = record.requester.account === account ? holderOf(record) : undefined
    const mend =
      draft === undefined || holder === undefined ? undefined : { name: holder.name, href: mendHref(holder, draft) }
    return { ...shownTo(account, record), atMs: Date.parse(record.at), draft, mend }
  })
}

interface Named {
  readonly plural: 'users' | 'roles'
  readonly name: string
}

/** The user who made the request, or the assumed role. */
function holderOf({ requester }: DecisionRecord): Named | undefined {
  const { userName, arn } = requester
  if (userName !== undefined) return { plural: 'users', name: userName }
  const [, role] = /:assumed-role\/([^/]+)\//.exec(arn) ?? []
  return role === undefined ? undefined : { plural: 'roles', name: role }
}

const mendHref = ({ plural, name }: Named, draft: string): string =>
  `${holderHref(plural, name)}?draft=${encodeURIComponent(draft)}#inline`

/** The smallest statement that would have allowed it, unless the cause is not a missing permission. */
function draftOf({ request, decision }: DecisionRecord): string | undefined {
  if (request === undefined || decision?.reason !== 'implicit-deny') return undefined
  const statement = { Effect: 'Allow', Action: request.action, Resource: request.resource }
  return formatVisibleJson({ Version: '2012-10-17', Statement: [statement] }, 2)
}
