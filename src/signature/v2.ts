/** Signature Version 2, for old clients. https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html */
import { createHmac } from 'node:crypto'
import { queryPairs } from '#lib/text/uri.ts'
import type { BucketHostReader } from '#model/bucket/bucket-host.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { V2Credentials } from './credentials.ts'
import type { SignableRequest } from './request.ts'
import { isSame } from './signing-key.ts'
import { hexBytes, wholeSeconds } from './v4.ts'

/** The parameters that Version 2 signs: S3's list, and newer ones that clients of Version 2 may sign. */
const signed = new Set(
  `accelerate acl analytics cors defaultObjectAcl delete encryption intelligent-tiering inventory lifecycle location logging metrics
  notification object-lock partNumber policy policyStatus replication requestPayment response-cache-control
  response-content-disposition response-content-encoding response-content-language response-content-type response-expires restore
  retention legal-hold select select-type storageClass tagging torrent uploadId uploads versionId versioning versions website
  publicAccessBlock ownershipControls attributes renameObject`.split(/\s+/),
)

/**
 * Parameters that Version 2 cannot sign and that would change the operation: refused. Standard headers in a query of
 * Version 2 have no effect (s3/request/headers/query-headers.ts).
 */
const refused = new Set(
  `abac annotation annotationName id metadataAnnotationTable metadataConfiguration metadataInventoryTable metadataJournalTable
  metadataTable session`.split(/\s+/),
)

export const unsupportedV2 = () =>
  new ApiError('InvalidRequest', {
    message: 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  })

export function verifyV2(
  request: SignableRequest,
  credentials: V2Credentials,
  secretAccessKey: string,
  options: { readonly nowMs: number; readonly bucketInHost: BucketHostReader },
): void {
  const query = readQuery(request.target)
  refuseUnsigned(query)
  const date =
    credentials.kind === 'v2-query' ? checkExpiry(credentials, options.nowMs) : checkDate(request, options.nowMs)
  const { method, headers } = request
  const one = (name: string) => String(headers[name] ?? '')
  const head = [
    method,
    one('content-md5'),
    one('content-type'),
    date,
    amzHeaders(request, credentials.kind === 'v2-query' ? query : []),
  ].join('\n')
  const resource = canonicalResource(request, query, options.bucketInHost)
  const toSign = head + resource
  const isProvided = (text: string) =>
    isSame(createHmac('sha1', secretAccessKey).update(text).digest('base64'), credentials.signature)
  if (isProvided(toSign)) return
  // For a bucket alone in the path, some clients sign a slash after it: botocore does.
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

type Query = ReturnType<typeof queryPairs>

function readQuery(target: string): Query {
  const mark = target.indexOf('?')
  try {
    return mark < 0 ? [] : queryPairs(target.slice(mark + 1))
  } catch (error) {
    // No client signs a query that does not decode.
    if (error instanceof URIError) throw new ApiError('SignatureDoesNotMatch')
    throw error
  }
}

function refuseUnsigned(query: Query): void {
  const unsigned = query.flatMap(([name]) => (refused.has(name) ? [name] : []))
  if (unsigned.length === 0) return
  throw new ApiError('SignatureDoesNotMatch', { fields: { ParametersNotSigned: unsigned.join(', ') } })
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
 * Repeated headers are joined by commas without a space. node:http adds a space, so the raw headers are used. boto
 * moves such headers, for example the session token, into the query of a URL that it signs.
 */
function amzHeaders({ rawHeaders }: SignableRequest, query: Query): string {
  const values = new Map<string, string[]>()
  const add = (name: string, value: string) => {
    if (name.startsWith('x-amz-')) values.set(name, [...(values.get(name) ?? []), value.trim().replace(/\s+/g, ' ')])
  }
  for (let i = 0; i < rawHeaders.length; i += 2) add(rawHeaders[i]?.toLowerCase() ?? '', rawHeaders[i + 1] ?? '')
  for (const [name, value = ''] of query) add(name.toLowerCase(), value)
  return [...values.keys()]
    .sort()
    .map((name) => `${name}:${values.get(name)?.join(',')}\n`)
    .join('')
}

function canonicalResource({ target, headers }: SignableRequest, query: Query, bucketInHost: BucketHostReader): string {
  const path = target.split('?', 1)[0] ?? ''
  const bucket = bucketInHost(headers.host)
  const kept = query
    .filter(([name]) => signed.has(name))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => (value === undefined ? name : `${name}=${value}`))
  return (bucket === '' ? '' : `/${bucket}`) + path + (kept.length === 0 ? '' : `?${kept.join('&')}`)
}
