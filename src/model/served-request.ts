/** What an edge knows of a request once it is answered. Holds references only, so that it costs almost nothing. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Principal } from './account.ts'

/** Response header with the id of the decision in the journal. */
export const decisionHeader = 'x-myfsio-decision-id'

export interface ServedRequest {
  /** The request id that the client was told. */
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
  /** What the request was allowed: made and read by access/, opaque here. */
  readonly allowed?: object | undefined
}

/** Stands for a secret in what is recorded. */
export const mask = '********'

/** At most this much of a document is kept. */
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
