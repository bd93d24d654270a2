/** The jobs of the server. Only for the server's own account, since they concern all accounts. */
import { ApiError } from '#model/errors.ts'
import type { WorkStatus } from '#model/work-status.ts'
import type { AdminAnswer, AdminRequest, AdminServices } from './route.ts'

export async function listJobs(request: AdminRequest, services: AdminServices): Promise<AdminAnswer> {
  assertServersAccount(request, services)
  const jobs = (await services.backgroundWork.list()).map(shownWork)
  return { status: 200, json: JSON.stringify({ jobs }) }
}

/** Answers before the job has ended, and often before it has started. */
export async function startJob(request: AdminRequest, services: AdminServices): Promise<AdminAnswer> {
  assertServersAccount(request, services)
  await services.backgroundWork.start(request.params.job ?? '')
  return { status: 202 }
}

/** AccessDenied for callers of another account. */
export function assertServersAccount({ caller, refuse }: AdminRequest, { serverOwnerId }: AdminServices): void {
  if (caller.principal.canonicalId === serverOwnerId()) return
  const cause = new Error("Only the server's own account may see or start the jobs of the server.")
  throw refuse(new ApiError('AccessDenied', { cause }))
}

function shownWork(work: WorkStatus): object {
  const { startedAtMs, endedAtMs, againAtMs, ...rest } = work
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
