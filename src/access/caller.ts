import type { Principal } from '#model/account.ts'
import type { ContextLookup, NamedPolicy, RequesterPolicies } from '#policy/evaluate.ts'
import type { Requester } from '#policy/requester.ts'
import type { Payload, SignableRequest } from '#signature/request.ts'

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
  readonly bucket?: { readonly name: string; readonly ownerId: string }
  readonly key?: string
}

/** Something of IAM or STS that is asked for. */
export interface ArnResource {
  /** Or `*`. */
  readonly arn: string
  /** Whose it is. */
  readonly account: string
  readonly context?: ContextLookup
  /** The trust policy of a role that is to be assumed. */
  readonly trust?: NamedPolicy
  /** Everybody may, unless a policy denies it. */
  readonly needsNoAllow?: true
}

/** An identity, or somebody whom only an issuer of tokens knows. */
export interface Asking {
  readonly requester: Requester
  readonly policies: RequesterPolicies
}

/** Services whose requests are signed for themselves, beside S3. */
export type OtherService = 'iam' | 'sts'

/** The one authentication and the one authorization of every door. Errors are ApiError with AWS's codes. */
export interface Gatekeeper {
  /** Verifies whatever credentials the request carries; anonymous if none. */
  authenticate(request: SignableRequest, service?: OtherService): Caller
  /** The signature in the fields of a POST upload (names in lower case), over the field `policy`; anonymous if none. */
  authenticateForm(fields: ReadonlyMap<string, string>): Caller
  /** AccessDenied unless the principal may do `action` (AWS's name, as `s3:GetObject`). Explicit Deny wins; default is deny. */
  authorize(principal: Principal, action: string, resource: Resource): void
  may(principal: Principal, action: string, resource: Resource): boolean
  /** The same for whatever only an ARN names. */
  authorizeArn(asking: Asking, action: string, resource: ArnResource): void
}
