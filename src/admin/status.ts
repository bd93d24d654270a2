/** `GET /_/status`: whether the documents that people edit are in force as they are, and what the scrub has found. For the administrators of the server's own account. */
import type { Scrub } from '#store/contract.ts'
import type { Inspection } from './inspections.ts'
import type { AdminAnswer } from './routes.ts'

export interface DocumentStatus {
  readonly path: string
  /** Undefined: the document is in force as it is. Otherwise its last good state is. */
  readonly problem: { readonly message: string; readonly path: string; readonly line: number | undefined } | undefined
}

export async function getStatus({
  asked,
  serverOwnerId,
  documents,
  services,
  refuse,
}: Inspection): Promise<AdminAnswer> {
  // What stands in the documents is of all accounts.
  if (asked.caller.principal.canonicalId !== serverOwnerId())
    throw refuse('This is for the account of the server itself.')
  const shown = documents().map(({ path, problem }) => ({
    path,
    isInForce: problem === undefined,
    ...(problem && { problem: { message: problem.message, line: problem.line, at: problem.path } }),
  }))
  const { scrub } = await services.store.backgroundWork()
  return { status: 200, json: JSON.stringify({ documents: shown, scrub: scrub && shownScrub(scrub) }) }
}

function shownScrub({ startedAtMs, endedAtMs, versions, bytes, found, leftovers, examples }: Scrub) {
  return {
    startedAt: new Date(startedAtMs).toISOString(),
    ...(endedAtMs === undefined ? {} : { endedAt: new Date(endedAtMs).toISOString() }),
    versions,
    bytes,
    found,
    leftovers,
    examples,
  }
}
