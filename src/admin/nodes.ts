/** The nodes that serve the store. Only for the server's own account, since they serve all accounts. */
import { assertServersAccount, timeOf } from './jobs.ts'
import type { AdminAnswer, AdminRequest, AdminServices } from './route.ts'

export async function listNodes(request: AdminRequest, services: AdminServices): Promise<AdminAnswer> {
  assertServersAccount(request, services)
  const nodes = (await services.nodes.list()).map(({ startedAtMs, silentMs, ...rest }) => ({
    ...rest,
    ...timeOf('startedAt', startedAtMs),
    ...(silentMs === undefined ? {} : { secondsSinceHeartbeat: Math.round(silentMs / 1000) }),
  }))
  return { status: 200, json: JSON.stringify({ nodes }) }
}
