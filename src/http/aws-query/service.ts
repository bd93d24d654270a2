/** What a service with AWS's Query protocol is to the endpoint that speaks it. */
import type { Socket } from 'node:net'
import type { XmlTree } from '#lib/text/xml.ts'
import type { Principal } from '#model/account.ts'
import type { SignableRequest } from '#signature/request.ts'
import type { QueryParams } from './params.ts'

export interface QueryRequest {
  /** A UUID, sent as x-amzn-requestid. */
  readonly id: string
  readonly params: QueryParams
  /** For authentication: with the hash of the body, which the signature must cover. */
  readonly signable: SignableRequest
  readonly socket: Socket
  /** Of `Tags`, unchecked, for conditions. */
  readonly tags: Readonly<Record<string, string>>
  /** For the log, once known. */
  principal?: Principal
  /** For the record of the request: AllowedDecisions of access/, which nobody between needs to know. */
  allowed?: object
}

export interface QueryService {
  /** As in the scope of a signature: `iam`. */
  readonly name: string
  /** As `2010-05-08`. */
  readonly version: string
  readonly namespace: string
  /** Undefined: no operation of this service. */
  readonly find: (operation: string) => QueryOperation | undefined
}

/** Gives the elements of the result; undefined for operations whose answer has none. */
export type QueryOperation = (request: QueryRequest) => Promise<XmlTree | undefined> | XmlTree | undefined
