/** Who changes objects: every edge makes one for each request, and every function here asks it for the rights it needs. */
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Gatekeeper, Rights } from '#access/decide/gatekeeper.ts'
import type { Origin } from '#model/origin.ts'

export interface Actor extends Origin {
  /** What conditions of policies may ask of the request. */
  readonly facts: RequestFacts
  /** Decides what the principal may do. */
  readonly gatekeeper: Rights
}

type Asked = Pick<Actor, 'principal' | 'facts' | 'requestId'>

export function actorOf(gatekeeper: Gatekeeper, { principal, facts, requestId }: Asked): Actor {
  return {
    principal,
    facts,
    requestId,
    gatekeeper,
    // Read late: few requests need it.
    get address() {
      return gatekeeper.addressOf(facts)
    },
  }
}
