import type { Page, View, Visit } from '#console/page.ts'
import { type BucketSummary, listVisibleBuckets } from './visible-buckets.ts'

const orders: Readonly<Record<string, (a: BucketSummary, b: BucketSummary) => number>> = {
  name: (a, b) => (a.bucket.name < b.bucket.name ? -1 : 1),
  objects: (a, b) => b.objectCount - a.objectCount,
  size: (a, b) => b.sizeBytes - a.sizeBytes,
  created: (a, b) => b.bucket.createdAtMs - a.bucket.createdAtMs,
}

export const showBuckets: Page = async (visit, services) => {
  const { summaries, isCut } = await listVisibleBuckets(visit, services)
  const filter = visit.query.get('filter')?.trim().toLowerCase() ?? ''
  const asked = visit.query.get('sort') ?? 'name'
  const sort = Object.hasOwn(orders, asked) ? asked : 'name'
  const shown = summaries.filter(({ bucket }) => bucket.name.includes(filter)).sort(orders[sort])
  const { region, regions } = services.config
  const hasRegions = regions.length > 0
  const mayCreate = mayCreateBuckets(visit)
  return bucketsView({ shown, total: summaries.length, isCut, filter, sort, region, hasRegions, mayCreate })
}

/** Whether any bucket may be created. The chosen name is authorized when it is created. */
export const mayCreateBuckets = (visit: Visit): boolean =>
  visit.may('s3:CreateBucket', { bucket: { name: '*', ownerId: '' } })

export function bucketsView(locals: Record<string, unknown>, status = 200): View {
  return {
    view: 'buckets/list',
    title: 'Buckets',
    place: 'buckets',
    crumbs: [{ text: 'Buckets' }],
    scripts: ['rows.js', 'buckets.js'],
    status,
    locals: { problem: undefined, typed: { name: '', versioning: false, lock: false, location: '' }, ...locals },
  }
}
