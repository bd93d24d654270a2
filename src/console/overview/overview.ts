import { readTrafficChart } from '#console/activity/traffic-chart.ts'
import { internalApiUrl, shownApiUrl } from '#console/api-urls.ts'
import { mayCreateBuckets } from '#console/buckets/list-buckets.ts'
import { listVisibleBuckets } from '#console/buckets/visible-buckets.ts'
import { listDenials, mayExplainAction } from '#console/denials/denials.ts'
import type { Page } from '#console/page.ts'
import { checkApi } from '#http/check-api.ts'
import { snippets } from './snippets.ts'

const largestShown = 6
const denialsShown = 5

export const showOverview: Page = async (visit, services) => {
  const { config, documentProblems } = services
  const endpoint = shownApiUrl(config, visit)
  const [{ summaries }, api] = await Promise.all([
    listVisibleBuckets(visit, services),
    checkApi(internalApiUrl(config)),
  ])
  const bySize = summaries.toSorted((a, b) => b.sizeBytes - a.sizeBytes || (a.bucket.name < b.bucket.name ? -1 : 1))
  const accessKeyId = visit.principal.accessKeyId || '<your access key>'
  return {
    view: 'overview/overview',
    title: 'Overview',
    place: 'overview',
    crumbs: [{ text: 'Overview' }],
    locals: {
      api,
      endpoint,
      region: config.region,
      mayCreateBuckets: mayCreateBuckets(visit),
      bucketCount: summaries.length,
      objectCount: sum(summaries.map((one) => one.objectCount)),
      sizeBytes: sum(summaries.map((one) => one.sizeBytes)),
      publicCount: summaries.filter(({ access }) => /^(public-read|custom-public)$/.test(access)).length,
      largest: bySize.slice(0, largestShown),
      snippets: snippets({ endpoint, region: config.region, accessKeyId, bucket: bySize[0]?.bucket.name ?? 'photos' }),
      denials: visit.may(mayExplainAction)
        ? await listDenials(visit, services, { user: '', bucket: '', limit: denialsShown })
        : undefined,
      traffic: config.activity && visit.may(mayExplainAction) ? await readTrafficChart(visit, services) : undefined,
      problems: documentProblems().filter(({ problem }) => problem !== undefined),
    },
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)
