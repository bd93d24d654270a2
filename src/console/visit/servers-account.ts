/** Pages about the whole server are for its own account only, not for owners of buckets in other accounts. */
import type { ConsoleServices, Visit } from '#console/page.ts'
import { ApiError } from '#model/errors.ts'

export const mayForServer = (visit: Visit, { access, identities }: ConsoleServices, action: string): boolean =>
  identities.findAccount(visit.principal.canonicalId) === access.ownAccount() && visit.may(action)

/** Throws AccessDenied and records it. */
export function authorizeForServer(visit: Visit, services: ConsoleServices, action: string): void {
  if (mayForServer(visit, services, action)) return
  const error = new ApiError('AccessDenied', { cause: new Error("Only the server's own account may do this.") })
  throw services.gatekeeper.recordRefusal(error, visit.principal, action, {}, visit.facts)
}
