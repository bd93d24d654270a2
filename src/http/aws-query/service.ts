/** A service with AWS's Query protocol, as the endpoint sees it. */
import type { ServiceRequest } from '#http/aws-service/serve.ts'
import type { XmlTree } from '#lib/text/xml.ts'
import type { QueryParams } from './params.ts'

export interface QueryRequest extends ServiceRequest {
  readonly params: QueryParams
}

export interface QueryService {
  /** The name in the scope of signatures: `iam`. */
  readonly name: string
  /** For example `2010-05-08`. */
  readonly version: string
  readonly namespace: string
  /** Undefined if the service has no such operation. */
  readonly find: (operation: string) => QueryOperation | undefined
}

/** Returns the elements of the result; undefined for operations without a result. */
export type QueryOperation = (request: QueryRequest) => Promise<XmlTree | undefined> | XmlTree | undefined
