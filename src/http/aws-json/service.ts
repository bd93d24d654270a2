/** A service with AWS's JSON protocol, version 1.1, as the endpoint sees it. */
import type { ServiceRequest } from '#http/aws-service/serve.ts'
import type { ErrorCode } from '#model/errors.ts'
import type { JsonInput } from './input.ts'

export interface JsonRequest extends ServiceRequest {
  readonly input: JsonInput
}

export interface JsonService {
  /** The name in the scope of signatures: `kms`. */
  readonly name: string
  /** The first part of X-Amz-Target: `TrentService`. */
  readonly target: string
  /** The code for a bug. */
  readonly internalError: ErrorCode
  /** Undefined if the service has no such operation. */
  readonly find: (operation: string) => JsonOperation | undefined
}

/** A value of JSON: dates as seconds since 1970, bytes as base64. Members that are undefined are left out. */
export type JsonValue =
  | string
  | number
  | boolean
  | undefined
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue }

/** Undefined if the answer has no body. */
export type JsonOperation = (request: JsonRequest) => Promise<JsonValue> | JsonValue
