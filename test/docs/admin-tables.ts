/** The routes of our own and the jobs, from their tables. */
import { routes } from '#admin/routes.ts'
import { allJobs } from '#jobs/all.ts'
import type { JobServices } from '#jobs/job.ts'
import { describeStarts } from '#jobs/schedule.ts'
import { code, table } from './markdown.ts'

export function routesTable(): string {
  const rows = routes.map(({ name, method, path, right, about }) => [name, code(`${method} ${path}`), right, about])
  return table(['Name', 'Request', 'Action', 'What it does'], rows)
}

const dayMs = 86_400_000

/** With the default SCRUB_INTERVAL. */
export function jobsTable(): string {
  const services = { settings: { scrubIntervalMs: 7 * dayMs } } as JobServices
  const rows = allJobs.map(({ name, starts, mayStartByHand, what }) => [
    code(name),
    `${describeStarts(starts(services))}${mayStartByHand ? ', or by hand' : ''}`,
    what,
  ])
  return table(['Job', 'Starts', 'What it does'], rows)
}
