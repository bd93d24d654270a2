/**
 * The steps of a request to a service of AWS other than S3: an answer or an error, in the format of the protocol, and
 * one entry in the log and the record of requests. The protocols are aws-query/ and aws-json/.
 */
import { hash, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { readBody } from '#http/read-body.ts'
import type { Principal } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { decisionHeader, type ServedRequest } from '#model/served-request.ts'
import type { SignableRequest } from '#signature/request.ts'

/** A request as the operations of every protocol see it. */
export interface ServiceRequest {
  /** A UUID, sent as x-amzn-requestid. */
  readonly id: string
  /** For authentication, with the hash of the body, which the signature must cover. */
  readonly signable: SignableRequest
  readonly socket: Socket
  /** Tags that the request sets, unchecked, for conditions. */
  readonly tags: Readonly<Record<string, string>>
  /** For the log, once it is known. */
  principal?: Principal
  /** AllowedDecisions of the request, for its record. http/ must not import access/, so its type is `object` here. */
  allowed?: object
}

export interface ServiceOptions {
  readonly log: {
    info(fields: object, message?: string): void
    error(fields: object, message?: string): void
  }
  /** Throws SlowDown when the client is over its limit. */
  readonly rateLimit?: ((request: IncomingMessage) => void) | undefined
  /** Called for every request once it is answered. */
  readonly onServed?: ((served: ServedRequest) => void) | undefined
}

/** What is known so far about a request. */
export interface Exchange {
  readonly id: string
  readonly startedAtMs: number
  /** For example `iam:CreateUser`. */
  operation: string | undefined
  request: ServiceRequest | undefined
  body: Buffer | undefined
}

export interface Protocol<E extends Exchange> {
  readonly contentType: string
  /** A new exchange, with the data of the protocol. */
  begin(exchange: Exchange): E
  /** The body of the answer. */
  answer(message: IncomingMessage, body: Buffer, exchange: E): Promise<string>
  /** The error in the form of the protocol. Any error but ApiError is a bug, and is shown without detail. */
  shown(error: unknown): ApiError
  formatError(error: ApiError, exchange: E): string
  /** The body as it may be recorded. */
  recorded(body: Buffer): Pick<ServedRequest, 'form' | 'document'>
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export function createServiceHandler<E extends Exchange>(protocol: Protocol<E>, options: ServiceOptions): Handler {
  const { log, rateLimit, onServed } = options

  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAtMs = performance.now()
    const unknown = { operation: undefined, request: undefined, body: undefined }
    const exchange = protocol.begin({ id: randomUUID(), startedAtMs, ...unknown })
    const reply = (status: number, body: string, headers = {}) =>
      send(message, response, { status, body, headers: { ...headers, 'content-type': protocol.contentType }, exchange })
    try {
      rateLimit?.(message)
      exchange.body = await readForm(message, response)
      const body = await protocol.answer(message, exchange.body, exchange)
      record(exchange, message, 200, reply(200, body), undefined)
    } catch (error) {
      const shown = protocol.shown(error)
      const bytes = reply(shown.status, protocol.formatError(shown, exchange), shown.headers)
      record(exchange, message, shown.status, bytes, error)
    }
  }

  function record(
    { id, startedAtMs, operation, request, body }: Exchange,
    message: IncomingMessage,
    status: number,
    bytes: number,
    failure: unknown,
  ): void {
    const durationMs = performance.now() - startedAtMs
    if (failure !== undefined && !(failure instanceof ApiError)) {
      log.error({ requestId: id, operation, err: failure }, 'request failed')
    }
    log.info({
      requestId: id,
      operation,
      principal: request?.principal?.accessKeyId,
      status,
      durationMs: Math.round(durationMs * 100) / 100,
      error: failure instanceof ApiError ? failure.code : undefined,
    })
    onServed?.({
      id,
      operation,
      principal: request?.principal,
      bucketName: '',
      key: '',
      bucketOwnerId: undefined,
      status,
      errorCode: failure === undefined ? undefined : protocol.shown(failure).code,
      decisionId: failure instanceof ApiError ? failure.headers?.[decisionHeader] : undefined,
      bytes,
      durationMs,
      message,
      ...(body === undefined ? {} : protocol.recorded(body)),
      allowed: request?.allowed,
    })
  }

  return (request, response) => {
    handle(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'answer failed')
      response.destroy()
    })
  }
}

/** The body; empty for GET. */
function readForm(request: IncomingMessage, response: ServerResponse): Promise<Buffer> {
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue()
  return readBody(request, limits.serviceBodyBytes)
}

/** The part of a request that every protocol passes to its operations. */
export function serviceRequest(
  { id, body = Buffer.alloc(0) }: Exchange,
  { method = '', url: target = '', headers, rawHeaders, socket }: IncomingMessage,
  tags: Readonly<Record<string, string>>,
): ServiceRequest {
  return {
    id,
    signable: { method, target, headers, rawHeaders, bodySha256: hash('sha256', body, 'hex') },
    socket,
    tags,
  }
}

interface Reply {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  readonly exchange: Exchange
}

function send(request: IncomingMessage, response: ServerResponse, { status, body, headers, exchange }: Reply): number {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return 0
  }
  // A client that sends too much is disconnected; the rest of its body is not read.
  if (!request.complete) response.once('finish', () => request.destroy())
  const sizeBytes = Buffer.byteLength(body)
  response
    .writeHead(status, {
      ...headers,
      ...(request.complete ? {} : { connection: 'close' }),
      server: 'MyFSIO',
      'content-length': sizeBytes,
      'cache-control': 'no-store',
      'x-amzn-requestid': exchange.id,
    })
    .end(body)
  return sizeBytes
}
