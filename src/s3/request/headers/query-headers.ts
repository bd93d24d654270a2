/** Headers in the query of a presigned URL: SDKs move headers there, and S3 treats them as headers. */
import type { IncomingHttpHeaders } from 'node:http'
import { assertHeaderText } from '#s3/object/headers/object-attributes.ts'

/** Parameters of the signature itself. */
const ofTheSignature =
  /^x-amz-(algorithm|credential|date|expires|signature|signedheaders|security-token|content-sha256)$/

/**
 * Checksums of a body that did not exist when the URL was made: SDKs add that of an empty one, and S3 does not verify
 * it. Parameters that name an algorithm, a type or a mode are used.
 */
const ofTheBody = /^x-amz-(checksum-(?!algorithm$|type$|mode$).*|sdk-checksum-algorithm)$/

/** Headers besides `x-amz-*` that S3 takes from a query. Those that frame the body are never taken. */
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
 * The effective headers: those of the query if its signature covers them, which are all of Version 4 and `x-amz-*` of
 * Version 2. A signed parameter overrides a header of the same name, since not every header is signed. A hash of the
 * body that a URL of Version 4 does not sign is ignored.
 */
export function withQueryHeaders(
  headers: IncomingHttpHeaders,
  query: ReadonlyMap<string, string>,
): IncomingHttpHeaders {
  const isV4 = query.has('X-Amz-Signature')
  if (!isV4 && !(query.has('Signature') && query.has('AWSAccessKeyId'))) return headers
  // CompleteMultipartUpload has no checksum of its body: such a header is about the object.
  const isOfObject = query.has('uploadId') && !query.has('partNumber')
  const moved: IncomingHttpHeaders = {}
  for (const [given, value] of query) {
    const name = given.toLowerCase()
    const isOwn = name.startsWith('x-amz-') && !ofTheSignature.test(name) && (isOfObject || !ofTheBody.test(name))
    if (!isOwn && !(isV4 && standard.has(name))) continue
    assertHeaderText(name, value)
    // node:http returns the bytes of a header as Latin-1.
    moved[name] = Buffer.from(value).toString('latin1')
  }
  const { 'x-amz-content-sha256': payload, ...others } = headers
  const isIgnored = isV4 && payload !== undefined && !signedHeaders(query).includes('x-amz-content-sha256')
  return { ...(isIgnored ? others : headers), ...moved }
}

const signedHeaders = (query: ReadonlyMap<string, string>): string[] =>
  (query.get('X-Amz-SignedHeaders') ?? '').toLowerCase().split(';')
