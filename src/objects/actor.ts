/** The requester of a change. Every edge creates one for each request, and every function here checks its rights. */
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Gatekeeper, Rights } from '#access/decide/gatekeeper.ts'
import type { Principal } from '#model/account.ts'
import type { Origin } from '#model/origin.ts'
import type { Encryption } from './encryption/encryption.ts'

export interface Actor extends Origin {
  /** The facts about the request that conditions of policies may use. */
  readonly facts: RequestFacts
  /** Decides about the principal's permissions. */
  readonly gatekeeper: Rights
  /** The keys, which the actor needs permissions for. */
  readonly encryption: Encryption
}

/** The part of an actor that uses keys. */
export type KeyUser = Pick<Actor, 'principal' | 'facts' | 'gatekeeper' | 'encryption'>

/** The services that all actors of a process share. */
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

  /** Computed when it is read: few requests need it. */
  get address(): string | undefined {
    return this.gatekeeper.addressOf(this.facts)
  }
}
