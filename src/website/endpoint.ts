/**
 * Websites of buckets: pages for visitors of a host that names a website, see model/bucket/website/website-host.ts.
 * Visitors are anonymous and use GET and HEAD. Signatures and queries of S3 have no meaning here.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html
 */
import type { IncomingMessage, OutgoingHttpHeader, ServerResponse } from 'node:http'
import type { ClientAddress } from '#access/caller/client-address.ts'
import { answeredStatus } from '#http/answered-status.ts'
import { answerHeaders, type CorsHeaders, needsCors, preflightHeaders } from '#http/bucket-cors.ts'
import type { ServerCors } from '#http/cors.ts'
import { findBucket } from '#http/find-bucket.ts'
import { hostId, nextRequestId } from '#http/request-id.ts'
import { releaseBody } from '#http/server/release-body.ts'
import { isStretch, sendStretch } from '#http/server/send-stretch.ts'
import { escapeForLog } from '#lib/log/escape-for-log.ts'
import { pathDecode, splitTarget } from '#lib/text/uri.ts'
import { asStorageError } from '#metadata/storage-error.ts'
import { anonymous } from '#model/account.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError, asApiError } from '#model/errors.ts'
import { decisionHeader, type ServedRequest } from '#model/served-request.ts'
import type { Domain } from './read-page.ts'
import { getSite, pageOf, type Served, servePage } from './serve-page.ts'
import type { Answer, Visit } from './visit.ts'

export interface WebsiteEndpointOptions {
  readonly services: Domain
  readonly clientAddress: ClientAddress
  readonly log: { info(fields: object, message?: string): void; error(fields: object, message?: string): void }
  /** Throws SlowDown (with Retry-After) when the client is over its limit. */
  readonly rateLimit?: ((request: IncomingMessage) => void) | undefined
  /** CORS for buckets without rules. */
  readonly serverCors: ServerCors
  /** Called for every request once it is answered. */
  readonly onServed?: ((served: ServedRequest) => void) | undefined
}

/** State of one request, filled in step by step. */
interface Exchange {
  readonly id: string
  readonly startedAtMs: number
  readonly bucketName: string
  key: string
  bucket: Bucket | undefined
}

/** `bucketName` is '' if the host names none. */
export type WebsiteEndpoint = (request: IncomingMessage, response: ServerResponse, bucketName: string) => void

export function createWebsiteEndpoint(options: WebsiteEndpointOptions): WebsiteEndpoint {
  const { services, clientAddress, log, rateLimit, serverCors, onServed } = options
  const { store } = services

  async function serve(request: IncomingMessage, exchange: Exchange): Promise<Served> {
    const { method = '' } = request
    const { bucketName } = exchange
    const visit = visitOf(request, clientAddress)
    exchange.key = visit.key
    if (method === 'OPTIONS') {
      const headers = await preflightHeaders(request.headers, { bucketName, key: visit.key }, store, serverCors)
      return { answer: { status: 200, headers } }
    }
    if (method !== 'GET' && method !== 'HEAD') {
      const fields = { Method: method, ResourceType: 'OBJECT' }
      throw new ApiError('MethodNotAllowed', { fields, headers: { allow: 'GET, HEAD, OPTIONS' } })
    }
    rateLimit?.(request)
    if (bucketName === '') throw new ApiError('WebsiteRedirect')
    const bucket = await findBucket(bucketName, services)
    if (bucket === undefined) throw new ApiError('NoSuchBucket', { fields: { BucketName: bucketName } })
    exchange.bucket = bucket
    return servePage(services, await getSite(services, bucket), visit, { requestId: exchange.id, hostId })
  }

  async function handle(request: IncomingMessage, response: ServerResponse, bucketName: string): Promise<void> {
    const exchange: Exchange = {
      id: nextRequestId(),
      startedAtMs: performance.now(),
      bucketName,
      key: '',
      bucket: undefined,
    }
    const ids = { requestId: exchange.id, hostId }
    const served = await serve(request, exchange).catch((thrown: unknown): Served => {
      const failure = asStorageError(thrown)
      return { answer: pageOf(asApiError(failure), ids), failure }
    })
    const common = { server: 'MyFSIO', 'x-amz-request-id': exchange.id, 'x-amz-id-2': hostId }
    const cors = await corsOf(request, exchange).catch(() => ({}))
    const { answer } = served
    let { failure } = served
    let bytes = 0
    try {
      bytes = await send(response, request.method ?? '', answer, { ...common, ...cors })
    } catch (error) {
      failure = error
      response.destroy()
    }
    releaseBody(request)
    record(exchange, request, response, { bytes, failure })
  }

  async function corsOf(request: IncomingMessage, { bucketName, bucket }: Exchange): Promise<CorsHeaders> {
    return needsCors(request, bucket) ? answerHeaders(request, { bucketName, bucket }, store, serverCors) : {}
  }

  function record(
    { id, startedAtMs, bucketName, key, bucket }: Exchange,
    request: IncomingMessage,
    response: ServerResponse,
    { bytes, failure }: { readonly bytes: number; readonly failure: unknown },
  ): void {
    const durationMs = performance.now() - startedAtMs
    const refusal = failure instanceof ApiError ? failure : undefined
    const status = answeredStatus(response, failure)
    const operation = request.method === 'OPTIONS' ? 'Preflight' : `WEBSITE.${request.method}.OBJECT`
    if (failure !== undefined && refusal === undefined && !response.destroyed) {
      log.error({ requestId: id, operation, err: failure }, 'request failed')
    }
    log.info({
      requestId: id,
      operation,
      status,
      bytes,
      durationMs: Math.round(durationMs * 100) / 100,
      bucket: escapeForLog(bucketName),
      key: escapeForLog(key),
      error: refusal?.code,
    })
    onServed?.({
      id,
      operation,
      principal: anonymous,
      bucketName,
      key,
      bucketOwnerId: bucket?.ownerId,
      status,
      errorCode: refusal?.code ?? (failure === undefined || response.destroyed ? undefined : 'InternalError'),
      decisionId: refusal?.headers[decisionHeader],
      bytes,
      durationMs,
      message: request,
    })
  }

  return (request, response, bucketName) => {
    handle(request, response, bucketName).catch((error: unknown) => {
      log.error({ err: error }, 'answer failed')
      response.destroy()
    })
  }
}

/** InvalidURI for a path that does not decode. */
function visitOf(request: IncomingMessage, clientAddress: ClientAddress): Visit {
  const { method = '', headers, socket } = request
  const facts = { method, headers, socket, query: new Map(), caller: { via: 'anonymous' } } as const
  const { path, query } = targetOf(request.url ?? '/')
  const scheme = clientAddress.isSecure(facts) ? 'https' : 'http'
  const visit = { headers, facts, scheme, host: clientAddress.host(facts) ?? '', path, query } as const
  try {
    return { ...visit, key: pathDecode(path.slice(1)) }
  } catch {
    throw new ApiError('InvalidURI', { fields: { URI: path } })
  }
}

/** A proxy may send the absolute form of RFC 9112 §3.2.2. */
function targetOf(url: string): { path: string; query: string } {
  const { path, query } = splitTarget(url.replace(/^https?:\/\/[^/?]*/i, ''))
  return { path: path.startsWith('/') ? path : `/${path}`, query: query === '' ? '' : `?${query}` }
}

/** Resolves to the number of body bytes written. */
async function send(
  response: ServerResponse,
  method: string,
  { status, headers: own, body }: Answer,
  common: Readonly<Record<string, string>>,
): Promise<number> {
  const headers: OutgoingHttpHeader[] = Object.entries({ ...common, ...own }).flat()
  if (isStretch(body)) return sendStretch(response, method, { status, headers }, body)
  const bytes = typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.alloc(0))
  if (status !== 304 && own['content-length'] === undefined) headers.push('content-length', bytes.length)
  response.writeHead(status, headers)
  const isSent = method !== 'HEAD' && status !== 304
  response.end(isSent ? bytes : undefined)
  return isSent ? bytes.length : 0
}
