/** A service with AWS's Query protocol, as the endpoint sees it. */
import type { Socket } from 'node:net'
import type { XmlTree } from '#lib/text/xml.ts'
import type { Principal } from '#model/account.ts'
import type { SignableRequest } from '#signature/request.ts'
import type { QueryParams } from './params.ts'

export interface QueryRequest {
  /** A UUID, sent as x-amzn-requestid. */
  readonly id: string
  readonly params: QueryParams
  /** For authentication, with the hash of the body, which the signature must cover. */
  readonly signable: SignableRequest
  readonly socket: Socket
  /** The parameter `Tags`, unchecked, for conditions. */
  readonly tags: Readonly<Record<string, string>>
  /** For the log, once known. */
  principal?: Principal
  /** AllowedDecisions of the request, for its record. http/ does not know access/, so its type is opaque here. */
  allowed?: object
}

export interface QueryService {
  /** The name in the scope of signatures: `iam`. */
  readonly name: string
  /** For example `2010-05-08`. */
  readonly version: string
  readonly namespace: string
  /** Undefined: the service has no such operation. */
  readonly find: (operation: string) => QueryOperation | undefined
}

/** Returns the elements of the result; undefined for operations whose answer has none. */
export type QueryOperation = (request: QueryRequest) => Promise<XmlTree | undefined> | XmlTree | undefined
