import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Caller } from '#access/caller/caller.ts'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import { AllowedDecisions } from '#access/decide/allowed-decisions.ts'
import type { Resource } from '#access/decide/resource.ts'
import { queryPairs, splitTarget } from '#lib/text/uri.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import { type Actor, RequestActor } from '#objects/actor.ts'
import { asMarkerRefusal } from '#objects/versions/delete-marker.ts'
import type { RequestBody, S3Request, Services } from '#s3/operation.ts'
import type { OpenObject, ReadAhead } from '#store/contract.ts'
import type { Address } from './address.ts'
import { createRequestBody } from './request-body.ts'
import { requestedVersion } from './requested-version.ts'

interface Received {
  readonly id: string
  readonly operation: string
  readonly refusesMarkers: boolean
  readonly request: IncomingMessage
  /** Includes the headers in the query of a presigned URL. */
  readonly headers: IncomingHttpHeaders
  readonly response: ServerResponse
  readonly address: Address
  readonly bucket: Bucket | undefined
  readonly caller: Caller
  readonly services: Services
  readonly ahead: ReadAhead | undefined
}

/** The request as operations see it. Expensive values are computed when they are first read. */
export class ReceivedRequest implements S3Request {
  readonly id: string
  readonly operation: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly query: ReadonlyMap<string, string>
  readonly bucketName: string
  readonly key: string
  readonly caller: Caller
  readonly allowed = new AllowedDecisions()
  readonly #received: Received
  #body: RequestBody | undefined
  #version: Promise<ObjectVersion> | undefined
  #opened: Promise<OpenObject> | undefined

  constructor(received: Received) {
    const { request, address } = received
    this.id = received.id
    this.operation = received.operation
    this.method = request.method ?? ''
    this.headers = received.headers
    this.query = address.query
    this.bucketName = address.bucketName
    this.key = address.key
    this.caller = received.caller
    this.#received = received
  }

  get bucket(): Bucket {
    const { bucket } = this.#received
    if (bucket === undefined) throw new Error(`${this.operation} has no bucket`)
    return bucket
  }

  values(name: string): string[] {
    const { query } = splitTarget(this.#received.request.url ?? '')
    return queryPairs(query).flatMap(([given, value = '']) => (given === name ? [value] : []))
  }

  get bucketUrl(): string {
    const { request, address } = this.#received
    const { socket, headers } = request
    const origin = `${'encrypted' in socket ? 'https' : 'http'}://${headers.host ?? ''}`
    return address.isVirtualHosted ? origin : `${origin}/${address.bucketName}`
  }

  get body(): RequestBody {
    const { request, headers, response, caller, services } = this.#received
    this.#body ??= createRequestBody(request, headers, response, caller.payload, services.settings.maxUploadBytes)
    return this.#body
  }

  /** Undefined if it was not read. */
  get documentStart(): string | undefined {
    return this.#body?.documentStart
  }

  get facts(): RequestFacts {
    const { method, headers, query, caller, allowed } = this
    return { method, headers, query, caller, allowed, socket: this.#received.request.socket }
  }

  get actor(): Actor {
    const { facts, id: requestId } = this
    return new RequestActor(this.#received.services, { principal: this.caller.principal, facts, requestId })
  }

  authorize(action: string, resource: Resource, keys?: RequestFacts['keys']): void {
    const facts = keys === undefined ? this.facts : { ...this.facts, keys }
    this.#received.services.gatekeeper.authorize(this.caller.principal, action, resource, facts)
  }

  version(): Promise<ObjectVersion> {
    const { services, refusesMarkers, ahead } = this.#received
    this.#version ??= services.store.headObject(this.bucketName, this.key, requestedVersion(this), ahead)
    if (!refusesMarkers) return this.#version
    return this.#version.catch((error: unknown) => {
      throw asMarkerRefusal(this.method, error)
    })
  }

  open(): Promise<OpenObject> {
    const { services, ahead } = this.#received
    this.#opened ??= services.store.openObject(this.bucketName, this.key, requestedVersion(this), ahead)
    return this.#opened
  }
}
