import type { IncomingHttpHeaders } from 'node:http'
import type { Principal } from '#model/account.ts'
import type { ApiError } from '#model/errors.ts'
import type { NamedTags, Tags } from '#model/tags.ts'
import type { Governed, GovernedBucket } from '#policy/evaluate/acl-evaluation.ts'
import type { NamedPolicy, RequesterPolicies } from '#policy/evaluate/evaluate.ts'
import type { Requester } from '#policy/requester.ts'
import type { Payload, SignableRequest } from '#signature/request.ts'
import type { AllowedDecisions } from './allowed-decisions.ts'

/** The door a request came through. */
export type AuthenticationType = 'anonymous' | 'header' | 'query' | 'form' | 'plain-keys'

/** A request as it came in, for authentication: its socket tells from where. */
export interface ReceivedSignable extends SignableRequest {
  readonly socket: Connection
}

/** Who is calling and how they proved it. */
export interface Caller {
  readonly principal: Principal
  readonly via: AuthenticationType
  /** How the body must be verified. `unsigned` when nothing was signed. */
  readonly payload: Payload
  /** Undefined if nothing was signed. `timestamp` as `20261124T020000Z`, where the signature says when it was made. */
  readonly signature?: { readonly version: 'AWS4-HMAC-SHA256' | 'AWS'; readonly timestamp: string | undefined }
}

/** What is asked for. `bucket` alone for bucket actions; neither for service actions. */
export interface Resource {
  /** `ownerId` is '' for a bucket that is not there yet. */
  readonly bucket?: (GovernedBucket & { readonly name: string; readonly region?: string }) | undefined
  readonly key?: string | undefined
  /**
   * The version at `key`, where the decision depends on it (`dependsOnObject`, ObjectNeeded); null if there is none. Without it the
   * bucket's owner is taken for its owner.
   */
  readonly object?: (Governed & { readonly tags?: Tags }) | null | undefined
}

/** Something of IAM or STS that is asked for. */
export interface ArnResource {
  /** Or `*`. */
  readonly arn: string
  /** Whose it is. */
  readonly account: string
  /** The trust policy of a role that is to be assumed. */
  readonly trust?: NamedPolicy
  /** Everybody may, unless a policy denies it. */
  readonly needsNoAllow?: true
}

/** An identity, or somebody whom only an issuer of tokens knows. */
export interface Asking {
  readonly requester: Requester
  readonly policies: RequesterPolicies
  readonly accessKeyId?: string
}

/** Services whose requests are signed for themselves, beside S3. */
export type OtherService = 'iam' | 'sts'

/** What a request is for, as far as its signature has to say so. */
export interface Addressed {
  /** Absent: S3. */
  readonly service?: OtherService
  /** Of the bucket: requests to it may be signed for its own region, whatever others there are. */
  readonly region?: string | undefined
}

/** What conditions may ask of a request. Making one costs nothing: all is read when a condition asks for it. */
export interface RequestFacts {
  readonly method: string
  /** Of a form: its fields by the names of the headers they stand for. */
  readonly headers: IncomingHttpHeaders
  readonly query: ReadonlyMap<string, string>
  /** Where the request came in; as node:net and node:tls have it. */
  readonly socket: Connection
  readonly caller: Pick<Caller, 'via' | 'signature'>
  /** Tags that the request puts on an object, where they are not those of its header `x-amz-tagging`. */
  readonly objectTags?: NamedTags
  /** What only a body tells, by condition key in lower case: `s3:locationconstraint`, `aws:tagkeys`... */
  readonly keys?: Readonly<Record<string, string | readonly string[]>>
  /** Takes what is allowed, for the record of the request. */
  readonly allowed?: AllowedDecisions | undefined
}

export interface Connection {
  readonly remoteAddress?: string | undefined
  readonly encrypted?: boolean
  getProtocol?(): string | null
}

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
