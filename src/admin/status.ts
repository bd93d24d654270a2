/** `GET /_/status`: whether the documents that people edit are in force as they are, and what the scrub has found. For the server's own account. */
import type { WorkStatus } from '#model/work-status.ts'
import { assertServersAccount, type Inspection } from './inspections.ts'
import { figuresOf, timeOf } from './jobs.ts'
import type { AdminAnswer } from './routes.ts'

export interface DocumentStatus {
  readonly path: string
  /** Undefined: the document is in force as it is. Otherwise its last good state is. */
  readonly problem: { readonly message: string; readonly path: string; readonly line: number | undefined } | undefined
}

export async function getStatus(inspection: Inspection): Promise<AdminAnswer> {
  // What stands in the documents is of all accounts.
  assertServersAccount(inspection)
  const shown = inspection.documents().map(({ path, problem }) => ({
    path,
    isInForce: problem === undefined,
    ...(problem && { problem: { message: problem.message, line: problem.line, at: problem.path } }),
  }))
  const scrub = (await inspection.backgroundWork.list()).find(({ name }) => name === 'scrub')
  return { status: 200, json: JSON.stringify({ documents: shown, scrub: scrub && shownScrub(scrub) }) }
}

/** Undefined before the first. */
function shownScrub(scrub: WorkStatus): object | undefined {
  const { startedAtMs, endedAtMs, examples } = scrub
  if (startedAtMs === undefined) return undefined
  return { ...timeOf('startedAt', startedAtMs), ...timeOf('endedAt', endedAtMs), ...figuresOf(scrub), examples }
}
