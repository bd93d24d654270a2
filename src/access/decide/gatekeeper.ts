/** The one authentication, and the door to the one authorization. Default is deny. */

import { type AuthenticatorOptions, createAuthenticator } from '#access/caller/authenticator.ts'
import type { Addressed, Caller, ReceivedSignable } from '#access/caller/caller.ts'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Principal } from '#model/account.ts'
import type { ApiError } from '#model/errors.ts'
import { isKeptToOwnersAccount, isOfOwnersAccount } from '#policy/owners-account.ts'
import type { Authorizer } from './authorizer.ts'
import { ObjectNeeded } from './object-needed.ts'
import type { ArnResource, Asking, Resource } from './resource.ts'

/** What decides about rights, for those who know the caller already. */
export type Rights = Pick<Gatekeeper, 'authorize' | 'may'>

/** The one authentication and the one authorization of every door. Errors are ApiError with AWS's codes. */
export interface Gatekeeper {
  /** Verifies whatever credentials the request carries; anonymous if none. */
  authenticate(request: ReceivedSignable, addressed?: Addressed): Caller
  /**
   * The signature in the fields of a POST upload (names in lower case), over the field `policy`; anonymous if none. `received`: what
   * brought the form.
   */
  authenticateForm(
    fields: ReadonlyMap<string, string>,
    received: Pick<RequestFacts, 'headers' | 'socket'>,
    addressed?: Addressed,
  ): Caller
  /**
   * AccessDenied unless the principal may do `action` (AWS's name, as `s3:GetObject`). Explicit Deny wins; default is deny.
   * ObjectNeeded, an AccessDenied too, if that depends on the object and `resource` lacks it.
   */
  authorize(principal: Principal, action: string, resource: Resource, facts: RequestFacts): void
  /** The same question without consequences: no record is made of the answer. */
  may(principal: Principal, action: string, resource: Resource, facts: RequestFacts): boolean
  /** Where a request comes from, past trusted proxies. */
  addressOf(facts: Pick<RequestFacts, 'socket' | 'headers'>): string | undefined
  /** As `authorize`, for whatever only an ARN names. */
  authorizeArn(asking: Asking, action: string, resource: ArnResource, facts: RequestFacts): void
  /** As `may`, for whatever only an ARN names. */
  mayArn(asking: Asking, action: string, resource: ArnResource, facts: RequestFacts): boolean
  /** An AccessDenied that no policy made, in AWS's words and with the id of the record that is made of it. */
  noteRefusal(error: ApiError, principal: Principal, action: string, resource: Resource, facts: RequestFacts): ApiError
  /** The same of whatever only an ARN names. */
  noteArnRefusal(error: ApiError, asking: Asking, action: string, resource: ArnResource, facts: RequestFacts): ApiError
}

export interface GatekeeperOptions extends AuthenticatorOptions {
  readonly authorizer: Authorizer
}

export function createGatekeeper(options: GatekeeperOptions): Gatekeeper {
  const { authorizer } = options

  const may: Gatekeeper['may'] = (...asked) => {
    try {
      const question = authorizer.question(...asked)
      const { request } = question
      if (isKeptToOwnersAccount(request.action) && !isOfOwnersAccount(request)) return false
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
    noteRefusal: authorizer.noteRefusal,
    noteArnRefusal: authorizer.noteArnRefusal,
    may,
    addressOf: options.clientAddress.address,
  }
}
