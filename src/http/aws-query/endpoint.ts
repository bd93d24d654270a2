/**
 * The life of one request in AWS's Query protocol: read the form → service by version → operation by Action → answer in
 * XML. Services authenticate and authorize. Errors and the access log are handled here once.
 */
import { hash, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from '#http/read-body.ts'
import { formatXml, type XmlTree } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { decisionHeader, type ServedRequest } from '#model/served-request.ts'
import { asQueryError } from './errors.ts'
import { QueryParams } from './params.ts'
import type { QueryRequest, QueryService } from './service.ts'

export interface QueryEndpointOptions {
  readonly services: readonly QueryService[]
  readonly log: {
    info(fields: object, message?: string): void
    error(fields: object, message?: string): void
  }
  /** Throws SlowDown when the client is over its limit. */
  readonly rateLimit?: ((request: IncomingMessage) => void) | undefined
  /** Called for every request once it is answered. */
  readonly onServed?: ((served: ServedRequest) => void) | undefined
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

interface Exchange {
  readonly id: string
  readonly startedAtMs: number
  service: QueryService | undefined
  operation: string
  request: QueryRequest | undefined
  form: Buffer | undefined
}

export function createQueryEndpoint({ services, log, rateLimit, onServed }: QueryEndpointOptions): Handler {
  const [fallback] = services
  if (fallback === undefined) throw new Error('No service')

  async function answer(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<string> {
    rateLimit?.(request)
    const body = await readForm(request, response)
    exchange.form = body
    const params = readParams(request, body)
    const service = serviceOf(services, params, request)
    exchange.service = service
    exchange.operation = params.get('Action')?.slice(0, 128) ?? ''
    const run = service.find(exchange.operation)
    if (run === undefined) {
      throw new ApiError(exchange.operation === '' ? 'MissingAction' : 'InvalidAction', {
        message: `Could not find operation ${exchange.operation} for version ${service.version}`,
      })
    }
    exchange.request = queryRequest(exchange.id, request, params, body)
    return formatAnswer(service, exchange, await run(exchange.request))
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange: Exchange = {
      id: randomUUID(),
      startedAtMs: performance.now(),
      service: undefined,
      operation: '',
      request: undefined,
      form: undefined,
    }
    try {
      const body = await answer(request, response, exchange)
      record(exchange, request, 200, send(request, response, 200, exchange.id, body), undefined)
    } catch (error) {
      const shown = asQueryError(error)
      const { namespace } = exchange.service ?? fallback ?? { namespace: '' }
      const body = formatError(shown, exchange.id, namespace)
      const bytes = send(request, response, shown.status, exchange.id, body, shown.headers)
      record(exchange, request, shown.status, bytes, error)
    }
  }

  function record(
    { id, startedAtMs, service, operation, request, form }: Exchange,
    message: IncomingMessage,
    status: number,
    bytes: number,
    failure: unknown,
  ): void {
    const durationMs = performance.now() - startedAtMs
    const name = service === undefined ? undefined : `${service.name}:${operation}`
    if (failure !== undefined && !(failure instanceof ApiError)) {
      log.error({ requestId: id, operation: name, err: failure }, 'request failed')
    }
    log.info({
      requestId: id,
      operation: name,
      principal: request?.principal?.accessKeyId,
      status,
      durationMs: Math.round(durationMs * 100) / 100,
      error: failure instanceof ApiError ? failure.code : undefined,
    })
    onServed?.({
      id,
      operation: name,
      principal: request?.principal,
      bucketName: '',
      key: '',
      bucketOwnerId: undefined,
      status,
      errorCode: failure === undefined ? undefined : asQueryError(failure).code,
      decisionId: failure instanceof ApiError ? failure.headers?.[decisionHeader] : undefined,
      bytes,
      durationMs,
      message,
      form,
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
  return readBody(request, limits.queryFormBytes)
}

function readParams({ url = '' }: IncomingMessage, body: Buffer): ReadonlyMap<string, string> {
  const at = url.indexOf('?')
  const params = new Map<string, string>()
  for (const text of [at === -1 ? '' : url.slice(at + 1), body.toString()]) {
    for (const [name, value] of new URLSearchParams(text)) params.set(name, value)
  }
  return params
}

function serviceOf(
  services: readonly QueryService[],
  params: ReadonlyMap<string, string>,
  { headers }: IncomingMessage,
): QueryService {
  const version = params.get('Version')
  const byVersion = services.find((service) => service.version === version)
  if (byVersion !== undefined) return byVersion
  const byScope = services.find(({ name }) => headers.authorization?.includes(`/${name}/aws4_request`) === true)
  if (byScope !== undefined && version === undefined) return byScope
  throw new ApiError('InvalidAction', {
    message: `Could not find operation ${params.get('Action') ?? ''} for version ${version ?? 'NO_VERSION_SPECIFIED'}`,
  })
}

function queryRequest(
  id: string,
  request: IncomingMessage,
  params: ReadonlyMap<string, string>,
  body: Buffer,
): QueryRequest {
  const { method = '', url: target = '', headers, rawHeaders, socket } = request
  const read = new QueryParams(params)
  return {
    id,
    params: read,
    signable: { method, target, headers, rawHeaders, bodySha256: hash('sha256', body, 'hex') },
    socket,
    tags: Object.fromEntries(read.structures('Tags').map((tag) => [tag.find('Key') ?? '', tag.find('Value') ?? ''])),
  }
}

function formatAnswer({ namespace }: QueryService, { id, operation }: Exchange, result: XmlTree | undefined): string {
  const content = {
    ...(result === undefined ? {} : { [`${operation}Result`]: result }),
    ResponseMetadata: { RequestId: id },
  }
  return formatXml({ root: `${operation}Response`, content }, { namespace })
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html */
function formatError(error: ApiError, id: string, namespace: string): string {
  const type = error.status < 500 ? 'Sender' : 'Receiver'
  const content = {
    Error: { Type: type, Code: error.code, Message: error.message, ...error.fields },
    RequestId: id,
  }
  return formatXml({ root: 'ErrorResponse', content }, { namespace })
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  id: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): number {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return 0
  }
  // A client that sends too much is not read to its end.
  if (!request.complete) response.once('finish', () => request.destroy())
  const sizeBytes = Buffer.byteLength(body)
  response
    .writeHead(status, {
      ...headers,
      ...(request.complete ? {} : { connection: 'close' }),
      server: 'MyFSIO',
      'content-type': 'text/xml',
      'content-length': sizeBytes,
      'cache-control': 'no-store',
      'x-amzn-requestid': id,
    })
    .end(body)
  return sizeBytes
}
