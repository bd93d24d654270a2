/** Authentication and authorization behind one interface. Default is deny. */

import { type AuthenticatorOptions, createAuthenticator } from '#access/caller/authenticator.ts'
import type { Addressed, Caller, ReceivedSignable } from '#access/caller/caller.ts'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { KeyPolicyBook } from '#identity/key-policies/key-policies.ts'
import type { Awaitable } from '#metadata/engine.ts'
import type { Principal } from '#model/account.ts'
import { isKeptToOwnersAccount, isOfOwnersAccount } from '#policy/owners-account.ts'
import type { Authorizer, RefusalRecorder } from './authorizer.ts'
import { type KeyQuestion, keyDecision } from './key-access.ts'
import { ObjectNeeded } from './objects/object-needed.ts'
import { lacksPayer } from './requester-pays.ts'
import { type ArnResource, type Asking, askingOf, type Resource } from './resource.ts'

/** Authorization, for callers that are authenticated already. */
export type Rights = Pick<Gatekeeper, 'authorize' | 'may' | 'authorizeKey'>

/** Authentication and authorization for every interface of the server. Errors are ApiError with AWS's codes. */
export interface Gatekeeper extends RefusalRecorder {
  /** Verifies the credentials of the request; anonymous if it has none. */
  authenticate(request: ReceivedSignable, addressed?: Addressed): Awaitable<Caller>
  /**
   * Verifies the signature of the field `policy` of a POST upload (names in lower case); anonymous if there is none.
   * `received`: the request that carried the form.
   */
  authenticateForm(
    fields: ReadonlyMap<string, string>,
    received: Pick<RequestFacts, 'headers' | 'socket'>,
    addressed?: Addressed,
  ): Caller
  /**
   * AccessDenied unless the principal may do `action` (for example `s3:GetObject`). Explicit Deny wins; default is
   * deny. Throws ObjectNeeded, a kind of AccessDenied, if the decision depends on the object and `resource` lacks it.
   */
  authorize(principal: Principal, action: string, resource: Resource, facts: RequestFacts): void
  /** The same decision, without a record. */
  may(principal: Principal, action: string, resource: Resource, facts: RequestFacts): boolean
  /** The address of the client, behind trusted proxies. */
  addressOf(facts: Pick<RequestFacts, 'socket' | 'headers'>): string | undefined
  /** Whether the connection is protected: the request came over TLS, also to a trusted proxy, or from this machine. */
  isPrivate(facts: Pick<RequestFacts, 'socket' | 'headers'>): boolean
  /** Like `authorize`, for resources that are known only by ARN. */
  authorizeArn(asking: Asking, action: string, resource: ArnResource, facts: RequestFacts): void
  /** Like `may`, for resources that are known only by ARN. */
  mayArn(asking: Asking, action: string, resource: ArnResource, facts: RequestFacts): boolean
  /**
   * AccessDenied unless the principal may do `action` with a key of the KMS. The key's policy and the principal's
   * policies decide together.
   */
  authorizeKey(principal: Principal, asked: KeyQuestion, facts: RequestFacts): void
  /** The same decision, without a record. */
  mayKey(principal: Principal, asked: KeyQuestion, facts: RequestFacts): boolean
}

export interface GatekeeperOptions extends AuthenticatorOptions {
  readonly authorizer: Authorizer
  readonly keyPolicies: KeyPolicyBook
}

export function createGatekeeper(options: GatekeeperOptions): Gatekeeper {
  const { authorizer, keyPolicies } = options

  const keyArguments = (principal: Principal, asked: KeyQuestion, received: RequestFacts) => {
    const asking = askingOf(principal)
    const { resource, facts } = keyDecision(keyPolicies, asking, asked, received)
    return [asking, asked.action, resource, facts] as const
  }

  const may: Gatekeeper['may'] = (...asked) => {
    try {
      const question = authorizer.question(...asked)
      const { request } = question
      if (isKeptToOwnersAccount(request.action) && !isOfOwnersAccount(request)) return false
      if (lacksPayer(...asked)) return false
      return authorizer.decide(question).outcome === 'Allow'
    } catch (error) {
      if (error instanceof ObjectNeeded) return false
      throw error
    }
  }

  return {
    ...createAuthenticator(options),
    authorize: authorizer.authorize,
    authorizeArn: authorizer.authorizeArn,
    mayArn: authorizer.mayArn,
    authorizeKey: (...asked) => authorizer.authorizeArn(...keyArguments(...asked)),
    mayKey: (...asked) => authorizer.mayArn(...keyArguments(...asked)),
    recordRefusal: authorizer.recordRefusal,
    recordArnRefusal: authorizer.recordArnRefusal,
    may,
    addressOf: options.clientAddress.address,
    isPrivate: options.clientAddress.isPrivate,
  }
}
