/**
 * Signature Version 4. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 * The path is used as it was received, never normalised; what was signed is what is served.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import { awsEncode } from '#lib/uri.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { parseTimestamp, type V4Credentials } from './credentials.ts'
import type { Payload, SignableRequest } from './request.ts'

export interface V4Options {
  readonly region: string
  /** Further regions that are as good. */
  readonly regions?: readonly string[]
  readonly service: string
  /** Further values of Host under which a signature is accepted, as behind a proxy that rewrites it. */
  readonly hosts: readonly string[]
  readonly nowMs: number
}

export const unsignedPayload = 'UNSIGNED-PAYLOAD'

/** How the body is bound to the signature, once the signature has been verified. Throws ApiError with AWS's codes. */
export function verifyV4(
  request: SignableRequest,
  credentials: V4Credentials,
  secretAccessKey: string,
  options: V4Options,
): Payload {
  checkScope(credentials, options)
  checkTime(credentials, options.nowMs)
  checkSignedHeaders(request, credentials)
  const scope = `${credentials.date}/${credentials.region}/${credentials.service}/aws4_request`
  const key = signingKey(secretAccessKey, credentials.date, credentials.region, credentials.service)
  const received = request.headers.host ?? ''
  const isProvided = (canonical: string) =>
    isSame(sign(key, stringToSign(credentials, scope, canonical)), credentials.signature)
  const payloadHash = payloadHashes(request, credentials).find(
    (one) =>
      isProvided(canonicalRequest(request, credentials, one, received)) ||
      alternatives(request, credentials, one, options).some(isProvided),
  )
  if (payloadHash === undefined) {
    const canonical = canonicalRequest(request, credentials, payloadHashes(request, credentials)[0] ?? '', received)
    throw mismatch(credentials, stringToSign(credentials, scope, canonical), canonical)
  }
  const chain = { signingKey: key, timestamp: credentials.timestamp, scope, seedSignature: credentials.signature }
  switch (payloadHash) {
    case unsignedPayload:
      return { kind: 'unsigned' }
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'unsigned-chunks' }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'signed-chunks', trailer: false, chain }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'signed-chunks', trailer: true, chain }
    default:
      return { kind: 'sha256', hex: payloadHash.toLowerCase() }
  }
}

function mismatch(credentials: V4Credentials, toSign: string, canonical: string): ApiError {
  return new ApiError('SignatureDoesNotMatch', {
    fields: {
      AWSAccessKeyId: credentials.accessKeyId,
      StringToSign: toSign,
      SignatureProvided: credentials.signature,
      StringToSignBytes: hexBytes(toSign),
      CanonicalRequest: canonical,
      CanonicalRequestBytes: hexBytes(canonical),
    },
  })
}

const hexBytes = (text: string) => Buffer.from(text).toString('hex').replace(/../g, '$& ').trim()

function checkScope(credentials: V4Credentials, { region, regions, service }: V4Options): void {
  const isQuery = credentials.kind === 'v4-query'
  const fail = (reason: string, fields: Record<string, string> = {}) =>
    isQuery
      ? new ApiError('AuthorizationQueryParametersError', {
          message: `Error parsing the X-Amz-Credential parameter; ${reason}`,
          fields,
        })
      : new ApiError('AuthorizationHeaderMalformed', {
          message: `The authorization header is malformed; ${reason}`,
          fields,
        })
  if (credentials.region !== region && regions?.includes(credentials.region) !== true) {
    throw fail(`the region '${credentials.region}' is wrong; expecting '${region}'`, { Region: region })
  }
  if (credentials.service !== service)
    throw fail(`incorrect service "${credentials.service}". This endpoint belongs to "${service}".`)
  if (credentials.date !== credentials.timestamp.slice(0, 8)) {
    throw fail(
      `Invalid credential date "${credentials.date}". This date is not the same as X-Amz-Date: "${credentials.timestamp.slice(0, 8)}".`,
    )
  }
}

function checkTime(credentials: V4Credentials, nowMs: number): void {
  const signedAtMs = parseTimestamp(credentials.timestamp)
  const serverTime = new Date(nowMs).toISOString()
  if (credentials.expiresSeconds === undefined) {
    if (Math.abs(nowMs - signedAtMs) <= limits.clockSkewMs) return
    throw new ApiError('RequestTimeTooSkewed', {
      fields: {
        RequestTime: credentials.timestamp,
        ServerTime: serverTime,
        MaxAllowedSkewMilliseconds: limits.clockSkewMs,
      },
    })
  }
  if (signedAtMs - nowMs > limits.clockSkewMs) {
    throw new ApiError('AccessDenied', { message: 'Request is not valid yet', fields: { ServerTime: serverTime } })
  }
  const expiresAtMs = signedAtMs + credentials.expiresSeconds * 1000
  if (nowMs < expiresAtMs) return
  throw new ApiError('AccessDenied', {
    message: 'Request has expired',
    fields: {
      'X-Amz-Expires': credentials.expiresSeconds,
      Expires: new Date(expiresAtMs).toISOString(),
      ServerTime: serverTime,
    },
  })
}

/** Whatever acts on the request must be signed: Host, and every x-amz-* header that came with it. */
function checkSignedHeaders(request: SignableRequest, credentials: V4Credentials): void {
  const { signedHeaders } = credentials
  const unsigned: string[] = []
  if (!signedHeaders.includes('host')) unsigned.push('host')
  for (const name in request.headers) {
    if (!name.startsWith('x-amz-') || signedHeaders.includes(name)) continue
    if (name === 'x-amz-content-sha256' && credentials.kind === 'v4-header') continue
    unsigned.push(name)
  }
  if (unsigned.length === 0) return
  throw new ApiError('AccessDenied', {
    message: 'There were headers present in the request which were not signed',
    fields: { HeadersNotSigned: unsigned.join(', ') },
  })
}

/**
 * What the signature may say of the body. curl, before it sent x-amz-content-sha256, signs the hash of an empty body, or none: the
 * body is then held to what was signed.
 */
function payloadHashes(request: SignableRequest, credentials: V4Credentials): string[] {
  if (request.bodySha256 !== undefined) return [request.bodySha256]
  const header = request.headers['x-amz-content-sha256']
  if (credentials.kind === 'v4-query') {
    if (header === undefined) return [queryValue(request.target, 'X-Amz-Content-Sha256') ?? unsignedPayload]
  } else if (header === undefined) return [emptyHash, unsignedPayload]
  const value = String(header)
  if (/^[0-9a-fA-F]{64}$/.test(value) || payloadNames.has(value)) return [value]
  throw new ApiError('InvalidArgument', {
    message:
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or a valid sha256 value.',
    fields: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: value },
  })
}

const emptyHash = hash('sha256', '', 'hex')

const payloadNames = new Set([
  unsignedPayload,
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
])

function queryValue(target: string, name: string): string | undefined {
  return new URLSearchParams(target.slice(target.indexOf('?') + 1)).get(name) ?? undefined
}

function canonicalRequest(
  request: SignableRequest,
  credentials: V4Credentials,
  payloadHash: string,
  host: string,
): string {
  const { target } = request
  const at = target.indexOf('?')
  const path = at === -1 ? target : target.slice(0, at)
  const query = at === -1 ? '' : canonicalQuery(target.slice(at + 1))
  return assemble(request, credentials, payloadHash, host, encodeOnce(path), query)
}

function assemble(
  request: SignableRequest,
  credentials: V4Credentials,
  payloadHash: string,
  host: string,
  path: string,
  query: string,
): string {
  let headers = ''
  for (const name of credentials.signedHeaders) {
    headers += `${name}:${name === 'host' ? host : headerValue(request, name)}\n`
  }
  return `${request.method}\n${path}\n${query}\n${headers}\n${credentials.signedHeaders.join(';')}\n${payloadHash}`
}

/** Other spellings that signers use for the same request: the path as received, and the hosts a proxy may have rewritten. */
function alternatives(
  request: SignableRequest,
  credentials: V4Credentials,
  payloadHash: string,
  { hosts }: V4Options,
): string[] {
  const { target } = request
  const at = target.indexOf('?')
  const raw = at === -1 ? target : target.slice(0, at)
  const query = at === -1 ? '' : canonicalQuery(target.slice(at + 1))
  const received = request.headers.host ?? ''
  const paths = [...new Set([encodeOnce(raw), raw])]
  return [received, ...hosts].flatMap((host) =>
    paths.map((path) => assemble(request, credentials, payloadHash, host, path, query)),
  )
}

/** Repeated headers are joined by commas; runs of blanks count as one. */
function headerValue(request: SignableRequest, name: string): string {
  const value = request.headers[name]
  if (value === undefined) return ''
  const repeats = countRepeats(request.rawHeaders, name)
  const text =
    repeats === 1 && typeof value === 'string'
      ? value
      : request.rawHeaders
          .filter((_, i) => i % 2 === 1 && request.rawHeaders[i - 1]?.toLowerCase() === name)
          .map((one) => one.trim())
          .join(',')
  return text.includes('  ') ? text.trim().replace(/ +/g, ' ') : text.trim()
}

function countRepeats(rawHeaders: readonly string[], name: string): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i]
    if (raw !== undefined && raw.length === name.length && raw.toLowerCase() === name) count++
  }
  return count
}

/** The path with every byte outside the unreserved set and `/` percent-encoded exactly once. */
export function encodeOnce(path: string): string {
  if (!/[^A-Za-z0-9\-._~/]/.test(path)) return path
  let decoded: string
  try {
    decoded = decodeURIComponent(path)
  } catch {
    return path
  }
  return awsEncode(decoded, { keepSlash: true })
}

/** Sorted by name and value, each encoded once; a presigned URL's own signature is left out. */
export function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs: [string, string][] = []
  for (const part of query.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = recode(equals === -1 ? part : part.slice(0, equals))
    if (name !== 'X-Amz-Signature') pairs.push([name, equals === -1 ? '' : recode(part.slice(equals + 1))])
  }
  if (pairs.length > 1) pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function recode(part: string): string {
  if (!/[^A-Za-z0-9\-._~]/.test(part)) return part
  try {
    return awsEncode(decodeURIComponent(part.replaceAll('+', '%20')))
  } catch {
    return part
  }
}

function stringToSign(credentials: V4Credentials, scope: string, canonical: string): string {
  return `AWS4-HMAC-SHA256\n${credentials.timestamp}\n${scope}\n${hash('sha256', canonical, 'hex')}`
}

export function sign(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}

const keyCache = new Map<string, Buffer>()

/** The key of a day, region and service. Cached: four HMACs a request are most of a small request's cost. */
export function signingKey(secret: string, date: string, region: string, service: string): Buffer {
  const id = `${secret}\n${date}/${region}/${service}`
  const cached = keyCache.get(id)
  if (cached !== undefined) return cached
  let key = createHmac('sha256', `AWS4${secret}`).update(date).digest()
  for (const part of [region, service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest()
  if (keyCache.size >= 1000) keyCache.clear()
  keyCache.set(id, key)
  return key
}

export function isSame(computed: string, provided: string): boolean {
  const a = Buffer.from(computed)
  const b = Buffer.from(provided)
  return a.length === b.length && timingSafeEqual(a, b)
}
