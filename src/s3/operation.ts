/** The shape of every S3 operation: (request, services) → response. Operations never see Express. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Caller } from '#access/caller/caller.ts'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Gatekeeper } from '#access/decide/gatekeeper.ts'
import type { Resource } from '#access/decide/resource.ts'
import type { NewestBuckets } from '#http/find-bucket.ts'
import type { Clock } from '#lib/clock.ts'
import type { Owner, Principal } from '#model/account.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { ServerEncryption } from '#model/bucket/bucket-encryption.ts'
import type { Regions } from '#model/bucket/bucket-region.ts'
import type { BucketDefaults } from '#model/bucket/new-bucket.ts'
import type { ChecksumAlgorithm, ObjectVersion } from '#model/object/object.ts'
import type { Actor } from '#objects/actor.ts'
import type { Encryption } from '#objects/encryption/encryption.ts'
import type { Content, IncomingBody, OpenObject, Store } from '#store/contract.ts'

export interface S3Request {
  /** 16 upper-case hex digits, sent as x-amz-request-id. */
  readonly id: string
  /** Name of the operation, for example `PutObject`. */
  readonly operation: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  /** Decoded; the first value where a name is repeated; `''` for a bare name. */
  readonly query: ReadonlyMap<string, string>
  /** Every value of a parameter of the query, decoded. */
  values(name: string): string[]
  readonly bucketName: string
  /** The bucket of the request, already loaded. CreateBucket and service operations must not use it. */
  readonly bucket: Bucket
  /** Canonical key, decoded once; '' for bucket and service operations. */
  readonly key: string
  /** The bucket's URL as the client addressed it, by path or by host, without a slash at its end: for Location. */
  readonly bucketUrl: string
  readonly caller: Caller
  readonly body: RequestBody
  /** The facts about the request that conditions of policies may use. */
  readonly facts: RequestFacts
  /** The principal, address and request id behind writes of this request. */
  readonly actor: Actor
  /** A secondary permission: AccessDenied unless the caller has it. `keys`: condition keys from the body. */
  authorize(action: string, resource: Resource, keys?: RequestFacts['keys']): void
  /**
   * The addressed version, read once, even if authorization has read it already. Errors are those of
   * `store.headObject`.
   */
  version(): Promise<ObjectVersion>
  /** The same, open: the caller must close it. Errors are those of `store.openObject`. */
  open(): Promise<OpenObject>
}

export interface RequestBody {
  /** Decoded length, if announced. */
  readonly sizeBytes: number | undefined
  /** The raw stream, for the POST form only. */
  readonly raw: Readable
  /**
   * The body for the store. Adds the algorithms that `verify` needs. 411 MissingContentLength if there is neither a
   * length nor chunks.
   */
  incoming(algorithms: readonly ChecksumAlgorithm[]): IncomingBody
  /** Called after the last byte: XAmzContentSHA256Mismatch, BadDigest (Content-MD5). */
  verify(digests: ReadonlyMap<ChecksumAlgorithm, Buffer>): void
  /** Trailing headers, names in lower case; complete after the last byte. */
  trailers(): Readonly<Record<string, string>>
  /**
   * A whole XML or JSON document, bounded, with every digest and checksum verified. Empty if there is none. `object`:
   * x-amz-checksum-* is about an object, not about this body.
   */
  document(checksumOf?: 'body' | 'object'): Promise<Buffer>
  /** The beginning of the document, once it is read. */
  readonly documentStart: string | undefined
}

/** Text, an XML document, or an object's bytes. */
export type ResponseBody = string | XmlDocument | Content

/** AWS's element names, in AWS's order; arrays repeat their element; undefined ones are left out. */
export interface XmlDocument {
  readonly root: string
  readonly content: XmlContent
}
export type XmlContent = { readonly [element: string]: XmlValue }
export type XmlValue = string | number | boolean | undefined | XmlContent | readonly (string | number | XmlContent)[]

export interface S3Response {
  /** 200 by default. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: ResponseBody
}

export interface Services extends NewestBuckets {
  readonly store: Store
  readonly gatekeeper: Gatekeeper
  readonly bucketPolicies: BucketPolicies
  readonly accounts: Accounts
  readonly encryption: Encryption
  readonly clock: Clock
  readonly settings: S3Settings
}

export interface S3Settings extends Regions, BucketDefaults {
  /** DEFAULT_ENCRYPTION, for buckets without an encryption rule. */
  readonly defaultEncryption: ServerEncryption
  /** MAX_UPLOAD_SIZE: the largest body of one request. */
  readonly maxUploadBytes: number
  /** Domains under which `<bucket>.<domain>` addresses a bucket. `localhost` is always one. */
  readonly virtualHostDomains: readonly string[]
}

/** The accounts that access control lists can name, and their owners' names. */
export interface Accounts {
  /** By canonical id: the account's number. */
  findAccount(canonicalId: string): string | undefined
  findOwner(canonicalId: string): Owner | undefined
  findOwnerByEmail(email: string): Owner | undefined
}

/** The documents behind Get/Put/DeleteBucketPolicy. */
export interface BucketPolicies {
  /** The JSON text as stored, or undefined. */
  find(bucket: string): string | undefined
  /** MalformedPolicy with AWS's message; AccessDenied for a public policy while BlockPublicPolicy is on. */
  put(bucket: string, json: string, options?: { readonly blocksPublic?: boolean }): Promise<void>
  remove(bucket: string): Promise<void>
  isPublic(bucket: string): boolean
}

export type Operation = (request: S3Request, services: Services) => S3Response | Promise<S3Response>

export interface OperationRow {
  readonly name: string
  readonly route: string
  /** Undefined if the operation checks each permission itself. */
  readonly action: string | ((asked: AskedAction) => string | undefined) | undefined
  readonly run: Operation
  /** The operation reads the addressed version: its record, or its bytes too. If absent, the version need not exist. */
  readonly reads?: 'record' | 'bytes'
  /** Refused for a delete marker, also if that is the current version. */
  readonly refusesMarkers?: true
  /** The bucket in the address need not exist. */
  readonly withoutBucket?: true
  /** The credentials are in the body, so the operation verifies them and checks the permission. */
  readonly authenticatesItself?: true
  /** Answers 405, as S3 does. */
  readonly isRefused?: true
  /** Answers 501. */
  readonly isUnserved?: true
}

export interface AskedAction {
  readonly query: ReadonlyMap<string, string>
  readonly principal: Principal
}
