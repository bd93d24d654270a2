/**
 * Whether the documents that people edit are in force, and the result of the scrub. Only for the server's own account,
 * since both concern all accounts.
 */
import type { WorkStatus } from '#model/work-status.ts'
import { assertServersAccount, figuresOf, timeOf } from './jobs.ts'
import type { AdminAnswer, AdminRequest, AdminServices } from './route.ts'

export async function getStatus(request: AdminRequest, services: AdminServices): Promise<AdminAnswer> {
  assertServersAccount(request, services)
  const shown = services.documents().map(({ path, problem }) => ({
    path,
    isInForce: problem === undefined,
    ...(problem && { problem: { message: problem.message, line: problem.line, at: problem.path } }),
  }))
  const scrub = (await services.backgroundWork.list()).find(({ name }) => name === 'scrub')
  return { status: 200, json: JSON.stringify({ documents: shown, scrub: scrub && shownScrub(scrub) }) }
}

/** Undefined before the first scrub. */
function shownScrub(scrub: WorkStatus): object | undefined {
  const { startedAtMs, endedAtMs, examples } = scrub
  if (startedAtMs === undefined) return undefined
  return { ...timeOf('startedAt', startedAtMs), ...timeOf('endedAt', endedAtMs), ...figuresOf(scrub), examples }
}
