import type { Principal } from '#model/account.ts'
import type { Payload, SignableRequest } from '#signature/request.ts'
import type { Connection } from './connection.ts'

/** How the credentials were presented. */
export type AuthenticationType = 'anonymous' | 'header' | 'query' | 'form' | 'plain-keys'

/** A request as it was received, for authentication. Its socket has the client's address. */
export interface ReceivedSignable extends SignableRequest {
  readonly socket: Connection
}

/** Who calls and how that was proven. */
export interface Caller {
  readonly principal: Principal
  readonly via: AuthenticationType
  /** How the body must be verified. `unsigned` when nothing was signed. */
  readonly payload: Payload
  /** The region that the request was signed for; '' for clients that were configured with none. */
  readonly region?: string
  /** Undefined if nothing was signed. `timestamp`: for example `20261124T020000Z`, where the signature has one. */
  readonly signature?: { readonly version: 'AWS4-HMAC-SHA256' | 'AWS'; readonly timestamp: string | undefined }
}

/** Services other than S3, with a signing name of their own. */
export type OtherService = 'iam' | 'sts' | 'kms'

/** What the signature of a request must be for. */
export interface Addressed {
  /** S3 if absent. */
  readonly service?: OtherService
  /** The region of the bucket. Requests to it may be signed for that region, whatever REGIONS says. */
  readonly region?: string | undefined
}
