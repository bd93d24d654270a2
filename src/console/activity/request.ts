/** One request as received, and commands that repeat it. */
import { decisionsMax } from '#access/decide/allowed-decisions.ts'
import { shownApiUrl } from '#console/api-urls.ts'
import { type Denial, listDenials } from '#console/denials/denials.ts'
import { describeDecision } from '#console/iam/simulation/describe-decision.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import { ApiError } from '#model/errors.ts'
import { accountOf, shown } from './activity.ts'
import { awsLine, curlLine, encodedTarget, sdkCode } from './command-lines.ts'
import { indentJson, showDocument } from './shown-document.ts'

export const showRequest: Page = async (visit, services) => {
  const { access, config } = services
  const id = visit.params.request ?? ''
  const account = accountOf(visit)
  const record = await access.activity.find(id, account)
  // The answer does not reveal whether another account has such a request.
  if (record === undefined) throw new ApiError('NoSuchKey', { message: 'There is no such request, or it was removed.' })
  const decision = await findDenial(visit, services, record.decisionId)
  const endpoint = shownApiUrl(config, visit)
  return {
    view: 'activity/request',
    title: `Request ${record.id}`,
    place: 'activity',
    crumbs: [{ text: 'Activity', href: '/ui/activity' }, { text: record.id }],
    locals: {
      record: shown(record),
      target: encodedTarget(record.target),
      query: queryOf(record.target),
      decision,
      document: record.document === undefined ? undefined : showDocument(record.document),
      form: (record.form ?? []).map(([name, value]) => [name, value.startsWith('{') ? indentJson(value) : value]),
      allowed: (record.allowed ?? []).map((one) => ({ ...one, sentence: describeDecision(one.decision, one.action) })),
      decisionsMax,
      curl: curlLine(record, { endpoint, region: config.region }),
      aws: awsLine(record, { endpoint, region: config.region }),
      sdk: sdkCode(record, { endpoint, region: config.region }),
    },
  }
}

/** The part that the visitor may see. */
async function findDenial(visit: Visit, services: ConsoleServices, decisionId = ''): Promise<Denial | undefined> {
  if (decisionId === '') return undefined
  const [found] = await listDenials(visit, services, { user: '', bucket: '', decision: decisionId, limit: 1 })
  return found
}

function queryOf(target: string): [name: string, value: string][] {
  const at = target.indexOf('?')
  return at === -1 ? [] : [...new URLSearchParams(target.slice(at + 1))]
}
