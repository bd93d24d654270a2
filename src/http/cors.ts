/**
 * CORS for the API as a whole. Credentials are never allowed: requests are signed, and cookies play no part.
 * https://fetch.spec.whatwg.org/#http-cors-protocol
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

export interface CorsSettings {
  /** `*` for all. */
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  /** `*` allows whatever the page asks for: for browsers the star does not include Authorization. */
  readonly allowHeaders: readonly string[]
}

type Next = () => void

const exposed = [
  'ETag',
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Length',
  'Content-Range',
  'Date',
  'Location',
  'Retry-After',
  ...['bucket-region', 'checksum-crc32', 'checksum-crc32c', 'checksum-crc64nvme', 'checksum-sha1', 'checksum-sha256'],
  ...['checksum-type', 'copy-source-version-id', 'delete-marker', 'id-2', 'missing-meta', 'mp-parts-count'],
  ...['object-size', 'request-id', 'storage-class', 'version-id'],
].map((name) => (/^[a-z]/.test(name) ? `x-amz-${name}` : name))
/**
 * The star exposes user metadata too, whose names are not known in advance. The names are for browsers that do not
 * understand the star.
 */
const exposedHeaders = ['*', ...exposed].join(', ')
const preflightSeconds = 3600

export function createCors(
  settings: CorsSettings,
): (request: IncomingMessage, response: ServerResponse, next: Next) => void {
  const anyOrigin = settings.origins.includes('*')
  const origins = new Set(settings.origins)
  const anyHeader = settings.allowHeaders.includes('*')

  function allowHeaders(request: IncomingMessage): string {
    const asked = request.headers['access-control-request-headers']
    return anyHeader ? (asked ?? '*') : settings.allowHeaders.join(', ')
  }

  function answerPreflight(request: IncomingMessage, response: ServerResponse, isAllowed: boolean): void {
    if (isAllowed) {
      response.setHeader('access-control-allow-methods', settings.methods.join(', '))
      response.setHeader('access-control-allow-headers', allowHeaders(request))
      response.setHeader('access-control-max-age', preflightSeconds)
    }
    response.setHeader('content-length', 0)
    response.writeHead(isAllowed ? 200 : 403).end()
  }

  return (request, response, next) => {
    const { origin } = request.headers
    if (origin === undefined) {
      next()
      return
    }
    const isAllowed = anyOrigin || origins.has(origin)
    if (!anyOrigin) response.setHeader('vary', 'Origin')
    if (isAllowed) {
      response.setHeader('access-control-allow-origin', anyOrigin ? '*' : origin)
      response.setHeader('access-control-expose-headers', exposedHeaders)
    }
    const isPreflight = request.method === 'OPTIONS' && 'access-control-request-method' in request.headers
    if (isPreflight) answerPreflight(request, response, isAllowed)
    else next()
  }
}
