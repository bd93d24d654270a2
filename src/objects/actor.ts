/** Who changes objects: every edge makes one for each request, and every function here asks it for the rights it needs. */
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Gatekeeper, Rights } from '#access/decide/gatekeeper.ts'
import type { Principal } from '#model/account.ts'
import type { Origin } from '#model/origin.ts'
import type { Encryption } from './encryption/encryption.ts'

export interface Actor extends Origin {
  /** What conditions of policies may ask of the request. */
  readonly facts: RequestFacts
  /** Decides what the principal may do. */
  readonly gatekeeper: Rights
  /** Has the keys, which the actor needs rights to. */
  readonly encryption: Encryption
}

/** What keys are asked for with. */
export type KeyUser = Pick<Actor, 'principal' | 'facts' | 'gatekeeper' | 'encryption'>

/** What actors of a process have in common. */
export interface ActorServices {
  readonly gatekeeper: Gatekeeper
  readonly encryption: Encryption
}

export class RequestActor implements Actor {
  readonly principal: Principal
  readonly facts: RequestFacts
  readonly requestId: string
  readonly gatekeeper: Gatekeeper
  readonly encryption: Encryption

  constructor(
    { gatekeeper, encryption }: ActorServices,
    { principal, facts, requestId }: Pick<Actor, 'principal' | 'facts' | 'requestId'>,
  ) {
    this.principal = principal
    this.facts = facts
    this.requestId = requestId
    this.gatekeeper = gatekeeper
    this.encryption = encryption
  }

  /** Worked out when it is asked for: few requests need it. */
  get address(): string | undefined {
    return this.gatekeeper.addressOf(this.facts)
  }
}
