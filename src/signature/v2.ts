/** Signature Version 2, for old clients. https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html */
import { createHmac } from 'node:crypto'
import { queryDecode } from '#lib/uri.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { V2Credentials } from './credentials.ts'
import type { SignableRequest } from './request.ts'
import { isSame } from './signing-key.ts'
import { hexBytes, wholeSeconds } from './v4.ts'

const subresources = new Set(
  'accelerate acl cors defaultObjectAcl delete encryption inventory lifecycle location logging notification partNumber policy policyStatus replication requestPayment response-cache-control response-content-disposition response-content-encoding response-content-language response-content-type response-expires restore tagging torrent uploadId uploads versionId versioning versions website object-lock retention legal-hold publicAccessBlock ownershipControls attributes renameObject'.split(
    ' ',
  ),
)

export function verifyV2(
  request: SignableRequest,
  credentials: V2Credentials,
  secretAccessKey: string,
  options: { readonly nowMs: number; readonly virtualHostDomains: readonly string[] },
): void {
  const date =
    credentials.kind === 'v2-query' ? checkExpiry(credentials, options.nowMs) : checkDate(request, options.nowMs)
  const { method, headers } = request
  const one = (name: string) => String(headers[name] ?? '')
  const head = [
    method,
    one('content-md5'),
    one('content-type'),
    date,
    amzHeaders(request, credentials.kind === 'v2-query'),
  ].join('\n')
  const resource = canonicalResource(request, options.virtualHostDomains)
  const toSign = head + resource
  const isProvided = (text: string) =>
    isSame(createHmac('sha1', secretAccessKey).update(text).digest('base64'), credentials.signature)
  if (isProvided(toSign)) return
  // A bucket alone in the path is signed with a slash after it by some: botocore does.
  if (/^\/[^/?]+(\?|$)/.test(resource) && isProvided(head + resource.replace(/^\/[^/?]+/, '$&/'))) return
  throw new ApiError('SignatureDoesNotMatch', {
    fields: {
      AWSAccessKeyId: credentials.accessKeyId,
      StringToSign: toSign,
      SignatureProvided: credentials.signature,
      StringToSignBytes: hexBytes(toSign),
    },
  })
}

function checkExpiry(credentials: V2Credentials, nowMs: number): string {
  const expires = credentials.expires ?? ''
  if (!/^\d+$/.test(expires)) throw new ApiError('AccessDenied', { message: 'Invalid Expires' })
  const expiresAtMs = Number(expires) * 1000
  if (expiresAtMs < nowMs) {
    const fields = { Expires: wholeSeconds(expiresAtMs), ServerTime: wholeSeconds(nowMs) }
    throw new ApiError('AccessDenied', { message: 'Request has expired', fields })
  }
  return expires
}

function checkDate(request: SignableRequest, nowMs: number): string {
  const amzDate = request.headers['x-amz-date']
  const date = String(amzDate ?? request.headers.date ?? '')
  const atMs = Date.parse(date)
  if (Number.isNaN(atMs) || atMs < 0) {
    throw new ApiError('AccessDenied', { message: 'AWS authentication requires a valid Date or x-amz-date header' })
  }
  if (Math.abs(nowMs - atMs) > limits.clockSkewMs) {
    throw new ApiError('RequestTimeTooSkewed', {
      fields: {
        RequestTime: date,
        ServerTime: wholeSeconds(nowMs),
        MaxAllowedSkewMilliseconds: limits.clockSkewMs,
      },
    })
  }
  return amzDate === undefined ? date : ''
}

/**
 * Repeated headers are joined by commas without a blank, which node:http puts there: so from the raw ones. boto moves such headers, as
 * the session token, into the query of a URL that it signs.
 */
function amzHeaders({ rawHeaders, target }: SignableRequest, isQuery: boolean): string {
  const values = new Map<string, string[]>()
  const add = (name: string, value: string) => {
    if (name.startsWith('x-amz-')) values.set(name, [...(values.get(name) ?? []), value.trim().replace(/\s+/g, ' ')])
  }
  for (let i = 0; i < rawHeaders.length; i += 2) add(rawHeaders[i]?.toLowerCase() ?? '', rawHeaders[i + 1] ?? '')
  if (isQuery) {
    const query = new URLSearchParams(target.slice(target.indexOf('?') + 1))
    for (const [name, value] of query) add(name.toLowerCase(), value)
  }
  return [...values.keys()]
    .sort()
    .map((name) => `${name}:${values.get(name)?.join(',')}\n`)
    .join('')
}

function canonicalResource({ target, headers }: SignableRequest, domains: readonly string[]): string {
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const query = mark < 0 ? '' : target.slice(mark + 1)
  const host = (headers.host ?? '').split(':', 1)[0]?.toLowerCase() ?? ''
  const domain = [...domains, 'localhost'].find((one) => host.endsWith(`.${one}`))
  const bucket = domain === undefined ? '' : `/${host.slice(0, -domain.length - 1)}`
  const kept = query
    .split('&')
    .map((part) => part.split(/=(.*)/s, 2))
    .filter(([name = '']) => subresources.has(name))
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
    .map(([name = '', value]) => (value === undefined ? name : `${name}=${decoded(value)}`))
  return bucket + path + (kept.length === 0 ? '' : `?${kept.join('&')}`)
}

/** A value that does not decode is compared as it is, and does not match. */
function decoded(value: string): string {
  try {
    return queryDecode(value)
  } catch {
    return value
  }
}
