/** What an edge knows of a request once it is answered: references only, so that making one costs next to nothing. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Principal } from './account.ts'

/** Of an answer: names the decision that the journal explains. */
export const decisionHeader = 'x-myfsio-decision-id'

export interface ServedRequest {
  /** As the client was told it. */
  readonly id: string
  /** As `GetObject`, `iam:CreateUser`; undefined if it asked for none that there is. */
  readonly operation: string | undefined
  /** Undefined if nobody's identity was proven, nor that there is none. */
  readonly principal: Principal | undefined
  readonly bucketName: string
  readonly key: string
  /** Canonical id of the bucket's owner; undefined where it was not looked up. */
  readonly bucketOwnerId: string | undefined
  readonly status: number
  readonly errorCode: string | undefined
  /** Where it is explained why it was refused. */
  readonly decisionId: string | undefined
  /** Of the answer's body. */
  readonly bytes: number
  readonly durationMs: number
  readonly message: ServedMessage
  /** The beginning of an XML or JSON document that came as the body, as it was received. */
  readonly document?: string | undefined
  /** The body of a form, as it was received. */
  readonly form?: Buffer | undefined
  /** What it was allowed: as access/ has noted it, and reads it. */
  readonly allowed?: object | undefined
}

/** No more of a document is kept. */
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
