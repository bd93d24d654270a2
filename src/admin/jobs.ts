/** `GET /_/jobs` and `POST /_/jobs/<name>`: what the server does by itself, and the start of a job by hand. For the server's own account. */
import type { WorkStatus } from '#model/work-status.ts'
import { assertServersAccount, type Inspection } from './inspections.ts'
import type { AdminAnswer } from './routes.ts'

export async function listJobs(inspection: Inspection): Promise<AdminAnswer> {
  assertServersAccount(inspection)
  const jobs = (await inspection.backgroundWork.list()).map(shownWork)
  return { status: 200, json: JSON.stringify({ jobs }) }
}

/** Answers before the job is done, and often before it has begun. */
export async function startJob(inspection: Inspection): Promise<AdminAnswer> {
  assertServersAccount(inspection)
  await inspection.backgroundWork.start(inspection.argument)
  return { status: 202 }
}

function shownWork(work: WorkStatus): object {
  const { startedAtMs, endedAtMs, againAtMs, figures, ...rest } = work
  return {
    ...rest,
    ...timeOf('startedAt', startedAtMs),
    ...timeOf('endedAt', endedAtMs),
    ...timeOf('againAt', againAtMs),
    figures: figuresOf(work),
  }
}

export const figuresOf = ({ figures }: WorkStatus): Record<string, number> =>
  Object.fromEntries(figures.map(({ name, value }) => [name, value]))

export const timeOf = (name: string, ms: number | undefined): Record<string, string> =>
  ms === undefined ? {} : { [name]: new Date(ms).toISOString() }
