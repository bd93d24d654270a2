/**
 * Signature Version 4. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 * The path is used as received, never normalised: what was signed is what is served.
 */
import { hash } from 'node:crypto'
import type { BucketHostReader } from '#model/bucket/bucket-host.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { canonicalRequest, otherSpellings } from './canonical-request.ts'
import { parseTimestamp, type V4Credentials } from './credentials.ts'
import type { Payload, SignableRequest } from './request.ts'
import { isSame, signingKey } from './signing-key.ts'

export interface V4Options {
  /** The expected scope of the signature. */
  readonly region: string
  isRegion(name: string): boolean
  readonly service: string
  /** Further values of Host that a signature may cover, for a proxy that rewrites it. */
  readonly hosts: readonly string[]
  /**
   * One of `hosts` counts only if it names the same bucket as the received host: otherwise the path would mean
   * something else.
   */
  readonly bucketInHost: BucketHostReader
}

export const unsignedPayload = 'UNSIGNED-PAYLOAD'

/** Returns how the body is bound to the signature, once the signature is verified. Throws ApiError with AWS's codes. */
export function verifyV4(
  request: SignableRequest,
  credentials: V4Credentials,
  secretAccessKey: string,
  options: V4Options,
  nowMs: number,
): Payload {
  const names = Object.keys(request.headers)
  checkScope(credentials, options)
  checkTime(credentials, nowMs)
  checkSignedHeaders(names, credentials)
  const scope = `${credentials.date}/${credentials.region}/${credentials.service}/aws4_request`
  const key = signingKey(secretAccessKey, credentials.date, credentials.region, credentials.service)
  const isProvided = (canonical: string) =>
    isSame(key.sign(stringToSign(credentials, scope, canonical)), credentials.signature) ||
    (/[\x80-\xff]/.test(canonical) &&
      // node:http returns header bytes as Latin-1. Most signers hash the bytes they send; some hash the UTF-8 of the
      // Latin-1 text.
      isSame(key.sign(stringToSign(credentials, scope, Buffer.from(canonical, 'latin1'))), credentials.signature))
  const signed = { request, credentials, hasRepeats: names.length * 2 < request.rawHeaders.length }
  const hashes = payloadHashes(request, credentials)
  const payloadHash = hashes.find(
    (one) =>
      isProvided(canonicalRequest(signed, one)) ||
      otherSpellings(signed, one, hostsOfBucket(request, options)).some(isProvided),
  )
  if (payloadHash === undefined) {
    const canonical = canonicalRequest(signed, hashes[0] ?? '')
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

/** Further hosts under which the request addresses the same bucket. */
function hostsOfBucket({ headers }: SignableRequest, { hosts, bucketInHost }: V4Options): string[] {
  const addressed = bucketInHost(headers.host)
  return hosts.filter((host) => bucketInHost(host) === addressed)
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

export const hexBytes = (text: string) => Buffer.from(text).toString('hex').replace(/../g, '$& ').trim()

function checkScope(credentials: V4Credentials, { region, isRegion, service }: V4Options): void {
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
  if (!isRegion(credentials.region)) {
    throw fail(`the region '${credentials.region}' is wrong; expecting '${region}'`, { Region: region })
  }
  if (credentials.service !== service)
    throw fail(`incorrect service "${credentials.service}". This endpoint belongs to "${service}".`)
  if (credentials.timestamp.startsWith(credentials.date)) return
  if (!isQuery) throw fail('Invalid credential date. Date is not the same as X-Amz-Date.')
  const dates = `"${credentials.date}". This date is not the same as X-Amz-Date: "${credentials.timestamp.slice(0, 8)}".`
  throw new ApiError('AuthorizationQueryParametersError', { message: `Invalid credential date ${dates}` })
}

/** Times in S3's error messages. */
export const wholeSeconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}/, '')

function checkTime(credentials: V4Credentials, nowMs: number): void {
  const signedAtMs = parseTimestamp(credentials.timestamp)
  if (credentials.expiresSeconds === undefined && Math.abs(nowMs - signedAtMs) <= limits.clockSkewMs) return
  const serverTime = wholeSeconds(nowMs)
  if (credentials.expiresSeconds === undefined) {
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
      Expires: wholeSeconds(expiresAtMs),
      ServerTime: serverTime,
    },
  })
}

/** Everything that affects the request must be signed: Host, and every x-amz-* header. */
function checkSignedHeaders(names: readonly string[], credentials: V4Credentials): void {
  const { signedHeaders } = credentials
  const unsigned: string[] = []
  if (!signedHeaders.includes('host')) unsigned.push('host')
  for (const name of names) {
    if (!name.startsWith('x-amz-') || signedHeaders.includes(name)) continue
    // If the signature is in a header, it is the signed hash of the body. In a URL it has no meaning, as in S3.
    if (name === 'x-amz-content-sha256') continue
    unsigned.push(name)
  }
  if (unsigned.length === 0) return
  throw new ApiError('AccessDenied', {
    message: 'There were headers present in the request which were not signed',
    fields: { HeadersNotSigned: unsigned.join(', ') },
  })
}

/**
 * Hashes of the body that the signature may contain. Before curl sent x-amz-content-sha256, it signed the hash of an
 * empty body, or none: the body must then match what was signed.
 */
function payloadHashes(request: SignableRequest, credentials: V4Credentials): string[] {
  if (request.bodySha256 !== undefined) return [request.bodySha256]
  const header = request.headers['x-amz-content-sha256']
  if (credentials.kind === 'v4-query') {
    if (header === undefined || !credentials.signedHeaders.includes('x-amz-content-sha256'))
      return [queryValue(request.target, 'X-Amz-Content-Sha256') ?? unsignedPayload]
  } else if (header === undefined) return [emptyHash, unsignedPayload]
  const value = String(header)
  if (/^[0-9a-fA-F]{64}$/.test(value) || payloadNames.has(value)) return [value]
  throw invalidPayload(value)
}

export const invalidPayload = (value: string) =>
  new ApiError('InvalidArgument', {
    message:
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or a valid sha256 value.',
    fields: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: value },
  })

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

function stringToSign(credentials: V4Credentials, scope: string, canonical: string | Buffer): string {
  return `AWS4-HMAC-SHA256\n${credentials.timestamp}\n${scope}\n${hash('sha256', canonical, 'hex')}`
}
