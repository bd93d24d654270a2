/** Headers in the query of a presigned URL: SDKs move headers there, and S3 takes them for headers. */
import type { IncomingHttpHeaders } from 'node:http'
import { assertHeaderText } from '#s3/object/object-attributes.ts'

/** What says who signed and how. */
const ofTheSignature =
  /^x-amz-(algorithm|credential|date|expires|signature|signedheaders|security-token|content-sha256)$/

/**
 * The checksum of a body that was not there yet when the URL was made: SDKs add that of an empty one, and S3 does not hold the body to
 * it. What names an algorithm, a type or a mode counts.
 */
const ofTheBody = /^x-amz-(checksum-(?!algorithm$|type$|mode$).*|sdk-checksum-algorithm)$/

/** Headers of requests to S3 besides its own, `x-amz-*`. Those that frame the body are never taken from a query. */
const standard = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-type',
  'expires',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
])

/**
 * The headers that count: those of the query where its signature covers them: all of Version 4, and `x-amz-*` of Version 2. What was signed in
 * the query outweighs a header that came beside it, since not every header is signed. A hash of the body that a URL of Version 4 does not
 * sign is no header of the request.
 */
export function withQueryHeaders(
  headers: IncomingHttpHeaders,
  query: ReadonlyMap<string, string>,
): IncomingHttpHeaders {
  const isV4 = query.has('X-Amz-Signature')
  if (!isV4 && !(query.has('Signature') && query.has('AWSAccessKeyId'))) return headers
  // A completion has no checksum of its body: such a header speaks of the object, which is known.
  const isOfObject = query.has('uploadId') && !query.has('partNumber')
  const moved: IncomingHttpHeaders = {}
  for (const [given, value] of query) {
    const name = given.toLowerCase()
    const isOwn = name.startsWith('x-amz-') && !ofTheSignature.test(name) && (isOfObject || !ofTheBody.test(name))
    if (!isOwn && !(isV4 && standard.has(name))) continue
    assertHeaderText(name, value)
    // As node:http gives the bytes of a header.
    moved[name] = Buffer.from(value).toString('latin1')
  }
  const { 'x-amz-content-sha256': payload, ...others } = headers
  const isIgnored = isV4 && payload !== undefined && !signedHeaders(query).includes('x-amz-content-sha256')
  return { ...(isIgnored ? others : headers), ...moved }
}

const signedHeaders = (query: ReadonlyMap<string, string>): string[] =>
  (query.get('X-Amz-SignedHeaders') ?? '').toLowerCase().split(';')
