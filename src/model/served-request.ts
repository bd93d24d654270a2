/** The facts about a request after its answer. Holds references only, so it costs almost nothing. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Principal } from './account.ts'

/** Response header with the id of the decision in the journal. */
export const decisionHeader = 'x-myfsio-decision-id'

export interface ServedRequest {
  /** The request id that was sent to the client. */
  readonly id: string
  /** For example `GetObject` or `iam:CreateUser`; undefined if the request named no known operation. */
  readonly operation: string | undefined
  /** Undefined if no identity was proven, not even anonymous. */
  readonly principal: Principal | undefined
  readonly bucketName: string
  readonly key: string
  /** Canonical id of the bucket's owner; undefined if the bucket was not looked up. */
  readonly bucketOwnerId: string | undefined
  readonly status: number
  readonly errorCode: string | undefined
  /** The id of the decision that explains a refusal. */
  readonly decisionId: string | undefined
  /** Bytes of the answer's body. */
  readonly bytes: number
  readonly durationMs: number
  readonly message: ServedMessage
  /** The beginning of an XML or JSON body, as received. */
  readonly document?: string | undefined
  /** The body of a form, as received. */
  readonly form?: Buffer | undefined
  /** The decisions that allowed the request: made and read by access/, opaque here. */
  readonly allowed?: object | undefined
}

/** Replaces a secret in records. */
export const mask = '********'

/** The maximum of a document that is kept. */
export const servedDocumentBytes = 4096

/** The part of node:http's IncomingMessage that is kept. */
export interface ServedMessage {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly httpVersion: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly socket: { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean }
}
