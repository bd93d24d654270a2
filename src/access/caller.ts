import type { Principal } from '#model/account.ts'
import type { Governed, GovernedBucket } from '#policy/acl-evaluation.ts'
import type { Payload } from '#signature/request.ts'

/** The door a request came through. */
export type AuthenticationType = 'anonymous' | 'header' | 'query' | 'form' | 'plain-keys'

/** Who is calling and how they proved it. */
export interface Caller {
  readonly principal: Principal
  readonly via: AuthenticationType
  /** How the body must be verified. `unsigned` when nothing was signed. */
  readonly payload: Payload
}

/** What is asked for. `bucket` alone for bucket actions; neither for service actions. */
export interface Resource {
  readonly bucket?: (GovernedBucket & { readonly name: string }) | undefined
  readonly key?: string | undefined
  /** The version at `key`, where the decision depends on it (`dependsOnObject`). Without it the bucket's owner is taken for its owner. */
  readonly object?: Governed | undefined
}

/** The one authentication and the one authorization of every door. Errors are ApiError with AWS's codes. */
export interface Gatekeeper {
  /** Verifies whatever credentials the request carries; anonymous if none. */
  authenticate(request: import('#signature/request.ts').SignableRequest): Caller
  /** The signature in the fields of a POST upload (names in lower case), over the field `policy`; anonymous if none. */
  authenticateForm(fields: ReadonlyMap<string, string>): Caller
  /** AccessDenied unless the principal may do `action` (AWS's name, as `s3:GetObject`). Explicit Deny wins; default is deny. */
  authorize(principal: Principal, action: string, resource: Resource): void
  may(principal: Principal, action: string, resource: Resource): boolean
}
