/**
 * CORS by the server's settings, where no bucket has rules of its own. Credentials are never allowed: requests are
 * signed and use no cookies. https://fetch.spec.whatwg.org/#http-cors-protocol
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { isLocalName } from './local-names.ts'

export interface CorsSettings {
  /** `*` for all, `local` for pages of this machine: localhost, 127.0.0.1 and [::1], at any port. */
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  /** `*` allows all headers that the page asks for: for browsers the star does not include Authorization. */
  readonly allowHeaders: readonly string[]
}

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

type Headers = Readonly<Record<string, string>>

export interface ServerCors {
  /** Whether pages of this origin may call the server. */
  allows(origin: string): boolean
  /** Headers of every answer to a page of this origin. */
  headers(origin: string): Headers
  /** Headers of the answer to a preflight of an origin that is allowed. */
  preflightHeaders(headers: IncomingHttpHeaders & { readonly origin: string }): Headers
}

export function createCors({ origins, methods, allowHeaders }: CorsSettings): ServerCors {
  const anyOrigin = origins.includes('*')
  const anyLocal = origins.includes('local')
  const listed = new Set(origins)
  const anyHeader = allowHeaders.includes('*')

  const allows = (origin: string) => anyOrigin || listed.has(origin) || (anyLocal && isLocalOrigin(origin))

  function headers(origin: string): Headers {
    return {
      ...(!anyOrigin && { vary: 'Origin' }),
      ...(allows(origin) && {
        'access-control-allow-origin': anyOrigin ? '*' : origin,
        'access-control-expose-headers': exposedHeaders,
      }),
    }
  }

  return {
    allows,
    headers,
    preflightHeaders: ({ origin, 'access-control-request-headers': asked }) => ({
      ...headers(origin),
      'access-control-allow-methods': methods.join(', '),
      'access-control-allow-headers': anyHeader ? (asked ?? '*') : allowHeaders.join(', '),
      'access-control-max-age': String(preflightSeconds),
    }),
  }
}

/** For routes without CORS code of their own: answers preflights, and sets the headers of all other answers. */
export function applyCors(
  cors: ServerCors,
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  next: () => void,
): void {
  const { origin } = headers
  if (origin === undefined) {
    next()
    return
  }
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) {
    for (const [name, value] of Object.entries(cors.headers(origin))) response.setHeader(name, value)
    next()
    return
  }
  const isAllowed = cors.allows(origin)
  const answer = isAllowed ? cors.preflightHeaders({ ...headers, origin }) : cors.headers(origin)
  response.writeHead(isAllowed ? 200 : 403, { ...answer, 'content-length': 0 }).end()
}

export const isLocalOrigin = (origin: string): boolean =>
  /^https?:\/\//i.test(origin) && URL.canParse(origin) && isLocalName(new URL(origin).hostname)
