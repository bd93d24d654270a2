/**
 * The steps of an S3 request: id → address → match → authenticate → load bucket → authorize → run → send. Errors,
 * access log and clean-up are handled here once, never in an operation.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Caller } from '#access/caller/caller.ts'
import { isUnexplained } from '#access/decide/denial.ts'
import { answeredStatus } from '#http/answered-status.ts'
import { answerHeaders, type CorsHeaders, needsCors, preflightHeaders } from '#http/bucket-cors.ts'
import type { ServerCors } from '#http/cors.ts'
import { findBucket } from '#http/find-bucket.ts'
import { hostId, nextRequestId } from '#http/request-id.ts'
import { releaseBody } from '#http/server/release-body.ts'
import { escapeForLog } from '#lib/log/escape-for-log.ts'
import { asStorageError } from '#metadata/storage-error.ts'
import { anonymous } from '#model/account.ts'
import { type Bucket, isBucketName } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { assertKey } from '#model/object/object.ts'
import { decisionHeader, type ServedRequest } from '#model/served-request.ts'
import type { ReadAhead } from '#store/contract.ts'
import { authorize, recordRefusal } from './authorize.ts'
import { errorResponse } from './error-response.ts'
import { showFailure } from './missing-key.ts'
import type { OperationRow, S3Response, Services } from './operation.ts'
import { operations } from './operations.ts'
import { regionHeader } from './region-header.ts'
import { type Address, createAddressReader, readTagsAddress } from './request/address.ts'
import { assertExpectedOwner } from './request/headers/expected-owner.ts'
import { withQueryHeaders } from './request/headers/query-headers.ts'
import { withJoinedMetadata } from './request/headers/repeated-metadata.ts'
import { assertRequestPayer, chargedHeader } from './request/headers/request-payer.ts'
import { refuseUnservedHeaders } from './request/headers/unserved-headers.ts'
import { ReceivedRequest } from './request/received-request.ts'
import { createMatcher } from './route.ts'
import { send } from './send.ts'

/** The part of pino that is used. */
export interface RequestLog {
  info(fields: object, message?: string): void
  error(fields: object, message?: string): void
}

export interface S3EndpointOptions {
  readonly services: Services
  readonly log: RequestLog
  /** Throws SlowDown (with Retry-After) when the client is over its limit. */
  readonly rateLimit?: (request: IncomingMessage) => void
  /** CORS for requests without a bucket's rules; undefined if there is none. */
  readonly serverCors?: (request: IncomingMessage) => ServerCors | undefined
  /** Called for every request once it is answered. */
  readonly onServed?: ((served: ServedRequest) => void) | undefined
}

/** State of one request, filled in on its way, for the log and for error documents. */
interface Exchange {
  readonly id: string
  readonly startedAtMs: number
  address: Address | undefined
  row: OperationRow | undefined
  caller: Caller | undefined
  bucket: Bucket | undefined
  received: ReceivedRequest | undefined
  /** Undefined until the CORS rules are known. */
  cors: CorsHeaders | undefined
}

export function createS3Endpoint(
  options: S3EndpointOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { services, log, rateLimit, onServed, serverCors } = options
  const readAddress = createAddressReader(services.settings.virtualHostDomains)
  const match = createMatcher(operations)

  async function answer(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<S3Response> {
    const method = request.method ?? ''
    const target = request.url ?? '/'
    const { rawHeaders } = request
    const address = readTagsAddress(target, request.headers) ?? readAddress(target, request.headers.host)
    exchange.address = address
    if (method === 'OPTIONS') {
      return { headers: await preflightHeaders(request.headers, address, services.store, serverCors?.(request)) }
    }
    rateLimit?.(request)
    const headers = withQueryHeaders(withJoinedMetadata(request), address.query)
    const row = match({ method, address, headers })
    exchange.row = row
    const isInBucket = address.bucketName !== '' && row.withoutBucket !== true
    const ahead = isInBucket ? readAhead(address, services) : undefined
    // Before authentication, since a request to a bucket may be signed for the bucket's own region.
    const found = isInBucket ? await findBucket(address.bucketName, services) : await catchUp(services)
    if (needsCors(request, found)) exchange.cors = await corsOf(request, address.bucketName, found)
    const proven = row.authenticatesItself
      ? anonymousCaller
      : services.gatekeeper.authenticate(
          { method, target, headers: request.headers, rawHeaders, socket: request.socket },
          { region: found?.region },
        )
    const caller = proven instanceof Promise ? await proven : proven
    exchange.caller = caller
    if (address.key !== '') assertKey(address.key)
    const bucket = isInBucket ? (found ?? (await missingBucket(address.bucketName, services))) : undefined
    exchange.bucket = bucket
    const { id } = exchange
    const operation = row.name
    const received = new ReceivedRequest({
      id,
      operation,
      refusesMarkers: row.refusesMarkers === true,
      request,
      headers,
      response,
      address,
      bucket,
      caller,
      services,
      ahead,
    })
    exchange.received = received
    if (bucket !== undefined) assertExpectedOwner(headers, 'x-amz-expected-bucket-owner', bucket, services)
    assertRequestPayer(headers)
    // Awaited only if it is a promise: most decisions need no further data.
    const pending = authorize(row, received, bucket, services)
    if (pending !== undefined) await pending
    refuseUnservedHeaders(operation, received.headers)
    const answered = row.run(received, services)
    return bucket?.requesterPays ? withCharge(await answered, received, bucket) : answered
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange: Exchange = {
      id: nextRequestId(),
      startedAtMs: performance.now(),
      address: undefined,
      row: undefined,
      caller: undefined,
      bucket: undefined,
      received: undefined,
      cors: undefined,
    }
    const method = request.method ?? ''
    const common = { server: 'MyFSIO', 'x-amz-request-id': exchange.id, 'x-amz-id-2': hostId }
    let bytes = 0
    let failure: unknown
    try {
      const answered = await answer(request, response, exchange)
      bytes = await send(response, method, answered, exchange.cors ? { ...common, ...exchange.cors } : common)
    } catch (thrown) {
      const error = asStorageError(thrown)
      failure = error
      const { row, received, bucket } = exchange
      let shown = row && received && bucket ? await showFailure(error, row, received, bucket, services) : error
      if (row && received && isUnexplained(shown)) {
        shown = recordRefusal(shown, row, received, bucket, services)
        failure = shown
      }
      if (response.headersSent || response.destroyed) response.destroy()
      else {
        const resource = resourceOf(request, exchange.address)
        const refusal = await withRegion(
          errorResponse(shown, resource, exchange.id, hostId, exchange.address?.isOfTags),
          exchange,
          services,
        )
        bytes = await send(response, method, refusal, { ...common, ...(await corsOfRefusal(request, exchange)) })
      }
    }
    releaseBody(request)
    record(exchange, request, response, bytes, failure)
  }

  function corsOf(request: IncomingMessage, bucketName: string, bucket: Bucket | undefined): Promise<CorsHeaders> {
    return answerHeaders(request, { bucketName, bucket }, services.store, serverCors?.(request))
  }

  /** A request may be refused before its bucket is known. */
  async function corsOfRefusal(request: IncomingMessage, { cors, address }: Exchange): Promise<CorsHeaders> {
    if (cors !== undefined || !needsCors(request, undefined)) return cors ?? {}
    return corsOf(request, address?.bucketName ?? '', undefined).catch(() => ({}))
  }

  function record(
    exchange: Exchange,
    request: IncomingMessage,
    response: ServerResponse,
    bytes: number,
    failure: unknown,
  ): void {
    const { id, address, row, caller, bucket } = exchange
    const durationMs = performance.now() - exchange.startedAtMs
    const refusal = failure instanceof ApiError ? failure : undefined
    const status = answeredStatus(response, failure)
    const operation = row?.name ?? (request.method === 'OPTIONS' ? 'Preflight' : undefined)
    if (failure !== undefined && !(failure instanceof ApiError) && !response.destroyed) {
      log.error({ requestId: id, operation, err: failure }, 'request failed')
    }
    log.info({
      requestId: id,
      operation,
      principal: caller?.principal.accessKeyId,
      status,
      bytes,
      durationMs: Math.round(durationMs * 100) / 100,
      bucket: address === undefined ? undefined : escapeForLog(address.bucketName),
      key: address === undefined ? undefined : escapeForLog(address.key),
      error: refusal?.code,
    })
    onServed?.({
      id,
      operation,
      principal: caller?.principal,
      bucketName: address?.bucketName ?? '',
      key: address?.key ?? '',
      bucketOwnerId: bucket?.ownerId,
      status,
      errorCode: refusal?.code ?? (failure === undefined || response.destroyed ? undefined : 'InternalError'),
      decisionId: refusal?.headers?.[decisionHeader],
      bytes,
      durationMs,
      message: request,
      document: exchange.received?.documentStart,
      allowed: exchange.received?.allowed,
    })
  }

  return (request, response) => {
    handle(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'answer failed')
      response.destroy()
    })
  }
}

function withCharge(answered: S3Response, { caller, headers }: ReceivedRequest, bucket: Bucket): S3Response {
  return { ...answered, headers: { ...chargedHeader(bucket, caller.principal, headers), ...answered.headers } }
}

/** The caller of operations that authenticate by themselves. */
const anonymousCaller: Caller = { principal: anonymous, via: 'anonymous', payload: { kind: 'unsigned' } }

async function catchUp(services: Services): Promise<undefined> {
  await services.catchUp?.()
}

/** Requests for parts of an upload do not need the object's record. */
function readAhead({ bucketName, key, query }: Address, { store }: Services): ReadAhead | undefined {
  const isRead = key !== '' && !query.has('uploadId')
  const isTooLong = bucketName.length > limits.bucketNameLength || key.length > limits.keyBytes
  return isRead && !isTooLong ? store.readAhead(bucketName, key) : undefined
}

/**
 * As on S3, everyone learns that a bucket does not exist, since all accounts share the names. Existing buckets have valid
 * names, so only missing ones are checked for InvalidBucketName.
 */
async function missingBucket(name: string, services: Services): Promise<Bucket> {
  if (!isBucketName(name)) throw new ApiError('InvalidBucketName', { fields: { BucketName: name } })
  return services.store.getBucket(name)
}

/**
 * An error names the region of the bucket, also if the request was refused early: clients with no region or a wrong one
 * learn it that way.
 */
async function withRegion(
  refusal: S3Response,
  { address, bucket }: Exchange,
  { store }: Services,
): Promise<S3Response> {
  const { status = 200 } = refusal
  const name = address?.bucketName ?? ''
  if (status < 400 || status >= 500 || name === '' || name.length > limits.bucketNameLength) return refusal
  const addressed = bucket ?? (await store.findBucket(name).catch(() => undefined))
  if (addressed === undefined) return refusal
  return { ...refusal, headers: { ...refusal.headers, ...regionHeader(addressed) } }
}

function resourceOf(request: IncomingMessage, address: Address | undefined): string {
  if (address === undefined) return (request.url ?? '/').split('?', 1)[0] ?? '/'
  if (address.key !== '') return `/${address.bucketName}/${address.key}`
  return `/${address.bucketName}`
}
