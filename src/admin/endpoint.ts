/**
 * The steps of a request to a route of routes.ts: match → authenticate → read the body → load the bucket → authorize →
 * run → send. A bucket of S3 can have the name `presign` or `bucket-policy`: then S3's meaning of the path wins. `/_/`
 * can never be a bucket.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Caller } from '#access/caller/caller.ts'
import { readBody } from '#http/read-body.ts'
import { Identity } from '#identity/identity.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import { pathDecode } from '#lib/text/uri.ts'
import { formatXml } from '#lib/text/xml.ts'
import { type Bucket, isBucketName } from '#model/bucket/bucket.ts'
import { ApiError, asApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { type AdminAnswer, type AdminRequest, type AdminRoute, type AdminServices, factsOf } from './route.ts'
import { routes } from './routes.ts'

/** `next` passes the request on to S3. */
export type AdminHandler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

interface Matched {
  readonly route: AdminRoute
  /** Values of the path, still encoded. */
  readonly params: Readonly<Record<string, string>>
}

const patterns = routes.map((route) => ({ route, pattern: patternOf(route.path) }))

export function createAdminEndpoint(services: AdminServices): AdminHandler {
  return (request, response, next) => {
    const matched = match(request)
    if (matched === undefined) return next()
    answer(services, matched, request, response, next).catch((error: unknown) => sendError(request, response, error))
  }
}

async function answer(
  services: AdminServices,
  { route, params }: Matched,
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
): Promise<void> {
  const [, first = ''] = route.path.split('/')
  if (isBucketName(first) && (await services.store.findBucket(first)) !== undefined) return next()
  const { method = '', url: target = '', headers, rawHeaders, socket } = request
  const caller = await services.gatekeeper.authenticate({ method, target, headers, rawHeaders, socket })
  send(response, await route.run(await open(services, { route, params }, request, caller), services))
}

async function open(
  services: AdminServices,
  { route, params: encoded }: Matched,
  message: IncomingMessage,
  caller: Caller,
): Promise<AdminRequest> {
  const params = decode(encoded)
  const name = params.bucket
  if (name !== undefined && !isBucketName(name)) throw new ApiError('InvalidBucketName')
  const body = await readVerified(message, caller)
  const found = name === undefined ? undefined : await services.store.getBucket(name)
  const { principal } = caller
  const facts = factsOf(message, caller)
  const resource = found === undefined || route.on === 'account' ? {} : { bucket: found }
  if (route.on !== 'object') services.gatekeeper.authorize(principal, route.right, resource, facts)
  const refuse = (error: ApiError) => services.gatekeeper.recordRefusal(error, principal, route.right, resource, facts)
  return {
    message,
    caller,
    facts,
    params,
    query: new URLSearchParams(message.url?.split(/\?(.*)/s)[1]),
    body,
    refuse,
    get bucket(): Bucket {
      if (found === undefined) throw new Error(`${route.path} names no bucket`)
      return found
    },
    get account(): string {
      if (principal instanceof Identity) return principal.account
      throw refuse(new ApiError('AccessDenied', { cause: new Error('The request is not signed.') }))
    },
  }
}

/** `/presign/:bucket/:key*` → a pattern with named groups. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/:(\w+)\*/g, '(?<$1>.+)').replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`)
}

function match({ method, url = '' }: IncomingMessage): Matched | undefined {
  const [path = ''] = url.split('?', 1)
  for (const { route, pattern } of patterns) {
    const found = route.method === method ? pattern.exec(path) : null
    if (found !== null) return { route, params: found.groups ?? {} }
  }
  return undefined
}

function decode(params: Matched['params']): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, pathDecode(value)]))
  } catch (error) {
    throw error instanceof URIError ? new ApiError('InvalidURI') : error
  }
}

/** Reads the body and compares it with the hash that was signed. Bodies in signed chunks are for objects only. */
async function readVerified(request: IncomingMessage, { payload }: Caller): Promise<Buffer> {
  if (payload.kind === 'signed-chunks' || payload.kind === 'unsigned-chunks') throw new ApiError('InvalidRequest')
  const body = await readBody(request, limits.documentBytes)
  const isAsSigned =
    payload.kind === 'unsigned' || digestOnce(['SHA256'], body).get('SHA256')?.toString('hex') === payload.hex
  if (!isAsSigned) throw new ApiError('XAmzContentSHA256Mismatch')
  return body
}

function send(response: ServerResponse, { status, json }: AdminAnswer): void {
  const head =
    json === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }
  response.writeHead(status, { 'cache-control': 'no-store', ...head }).end(json)
}

function sendError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { code, message, status, fields, headers } = asApiError(error)
  const requestId = randomBytes(8).toString('hex').toUpperCase()
  const [resource = ''] = (request.url ?? '').split('?', 1)
  const content = { Code: code, Message: message, ...fields, Resource: resource, RequestId: requestId }
  response
    .writeHead(status, {
      ...headers,
      'content-type': 'application/xml',
      'x-amz-request-id': requestId,
      connection: 'close',
    })
    .end(formatXml({ root: 'Error', content }))
}
