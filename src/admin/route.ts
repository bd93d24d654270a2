/** The shape of every route of our own: (request, services) → JSON. See routes.ts for the table. */
import type { IncomingMessage } from 'node:http'
import type { Caller } from '#access/caller/caller.ts'
import { callerHeaders } from '#access/caller/caller-headers.ts'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Gatekeeper } from '#access/decide/gatekeeper.ts'
import type { Access } from '#access/open-access.ts'
import type { Identity } from '#identity/identity.ts'
import type { Clock } from '#lib/clock.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { NodeList } from '#model/node-status.ts'
import type { BackgroundWork } from '#model/work-status.ts'
import type { Store } from '#store/contract.ts'

export interface AdminRoute {
  readonly name: string
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** `:name` is one part of the path, `:name*` is the rest of it. `:bucket` must name a bucket. */
  readonly path: string
  /** The IAM action that the caller needs. */
  readonly right: string
  /** The resource of the right. `object`: the action depends on the body, so the function authorizes it. */
  readonly on: 'account' | 'bucket' | 'object'
  /** One sentence for docs/admin-api.md. */
  readonly about: string
  readonly run: (request: AdminRequest, services: AdminServices) => Promise<AdminAnswer>
}

export interface AdminRequest {
  readonly message: IncomingMessage
  readonly caller: Caller
  readonly facts: RequestFacts
  /** Values of the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: Buffer
  /** The bucket that the path names, loaded. Other routes must not use it. */
  readonly bucket: Bucket
  /** The caller's account. AccessDenied for callers without one. */
  readonly account: string
  /** Records an AccessDenied without a policy. */
  readonly refuse: (error: ApiError) => ApiError
}

export interface AdminAnswer {
  readonly status: number
  readonly json?: string
}

export interface AdminServices {
  readonly store: Store
  readonly gatekeeper: Gatekeeper
  readonly bucketPolicies: PolicyDocuments
  readonly access: Access
  readonly clock: Clock
  readonly region: string
  /** The service in the scope of signatures: `s3`. */
  readonly service: string
  /** Base of presigned URLs. If undefined, the host of the request. */
  readonly apiBaseUrl: string | undefined
  /** Finds a user by access key, ARN or name. */
  readonly findIdentity: (name: string) => Identity | undefined
  readonly backgroundWork: BackgroundWork
  readonly nodes: NodeList
  readonly documents: () => readonly DocumentStatus[]
  /** Canonical id of the server's own account. */
  readonly serverOwnerId: () => string
}

/** The documents behind /bucket-policy. */
export interface PolicyDocuments {
  find(bucket: string): string | undefined
  put(bucket: string, json: string, options?: { readonly blocksPublic?: boolean }): Promise<void>
  remove(bucket: string): Promise<void>
}

export interface DocumentStatus {
  readonly path: string
  /** Undefined if the document is in force. Otherwise its last valid state is in force. */
  readonly problem: { readonly message: string; readonly path: string; readonly line: number | undefined } | undefined
}

/**
 * These routes use none of the headers of S3's operations. Policies may check the hash of the body, which is verified
 * here too.
 */
export function factsOf({ method = '', headers, socket }: IncomingMessage, caller: Caller): RequestFacts {
  const hash = headers['x-amz-content-sha256']
  const kept = { ...callerHeaders(headers), ...(hash === undefined ? {} : { 'x-amz-content-sha256': hash }) }
  return { method, headers: kept, socket, caller, query: new Map() }
}

/** Reads a number from the query. InvalidArgument. */
export function readNumber(query: URLSearchParams, name: string, bounds: { fallback: number; max: number }): number {
  const text = query.get(name)
  if (text === null) return bounds.fallback
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= bounds.max) return number
  throw new ApiError('InvalidArgument', { message: `${name} must be a number from 1 to ${bounds.max}` })
}
