import type { Page } from '#console/page.ts'
import { listVisibleBuckets } from './visible-buckets.ts'

/** Names for the command palette. */
export const listBucketNames: Page = async (visit, services) => {
  const { summaries } = await listVisibleBuckets(visit, services)
  return { json: { buckets: summaries.map(({ bucket }) => bucket.name) } }
}
