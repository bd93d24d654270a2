/** One request as it was received, and how to make it again. */
import { apiUrls } from '#console/api-urls.ts'
import type { Page } from '#console/page.ts'
import { ApiError } from '#model/errors.ts'
import { accountOf, shown } from './activity.ts'
import { awsLine, curlLine } from './command-lines.ts'

export const showRequest: Page = async (visit, { access, config }) => {
  const id = visit.params.request ?? ''
  const account = accountOf(visit)
  const record = await access.activity.find(id, account)
  // Whether others have asked something is not told either.
  if (record === undefined) throw new ApiError('NoSuchKey', { message: 'There is no such request, or no longer.' })
  const decision = record.decisionId === undefined ? undefined : await access.journal.find(record.decisionId)
  const { shown: endpoint } = apiUrls(config)
  return {
    view: 'activity/request',
    title: `Request ${record.id}`,
    place: 'activity',
    crumbs: [{ text: 'Activity', href: '/ui/activity' }, { text: record.id }],
    locals: {
      record: shown(record),
      query: queryOf(record.target),
      hasDecision: decision !== undefined,
      curl: curlLine(record, { endpoint, region: config.region }),
      aws: awsLine(record, { endpoint, region: config.region }),
    },
  }
}

function queryOf(target: string): [name: string, value: string][] {
  const at = target.indexOf('?')
  return at === -1 ? [] : [...new URLSearchParams(target.slice(at + 1))]
}
