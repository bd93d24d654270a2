/** Whether the documents that people edit are in force, and what the scrub found. For the server's own account: both concern all accounts. */
import { ApiError } from '#model/errors.ts'
import type { Scrub } from '#store/contract.ts'
import type { AdminAnswer, AdminRequest, AdminServices } from './route.ts'

export async function getStatus(request: AdminRequest, services: AdminServices): Promise<AdminAnswer> {
  const { documents, store, serverOwnerId } = services
  if (request.caller.principal.canonicalId !== serverOwnerId()) {
    const cause = new Error("Only the server's own account may see its status.")
    throw request.refuse(new ApiError('AccessDenied', { cause }))
  }
  const shown = documents().map(({ path, problem }) => ({
    path,
    isInForce: problem === undefined,
    ...(problem && { problem: { message: problem.message, line: problem.line, at: problem.path } }),
  }))
  const { scrub } = await store.backgroundWork()
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
