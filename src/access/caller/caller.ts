import type { Principal } from '#model/account.ts'
import type { Payload, SignableRequest } from '#signature/request.ts'
import type { Connection } from './connection.ts'

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

/** Services whose requests are signed for themselves, beside S3. */
export type OtherService = 'iam' | 'sts'

/** What a request is for, as far as its signature has to say so. */
export interface Addressed {
  /** Absent: S3. */
  readonly service?: OtherService
  /** Of the bucket: requests to it may be signed for its own region, whatever others there are. */
  readonly region?: string | undefined
}
