/** Headers in the query of a presigned URL: SDKs move every `x-amz-*` there that they can, and S3 takes them for headers. */
import type { IncomingHttpHeaders } from 'node:http'
import { assertHeaderText } from './object/object-attributes.ts'

/** What says who signed and how, and the checksum of a body that was not there yet when the URL was made: S3 does not hold it to that. */
const meantForTheQuery =
  /^x-amz-(algorithm|credential|date|expires|signature|signedheaders|security-token|content-sha256|checksum-.*|sdk-checksum-algorithm)$/

/** The headers, with those of the query where it is signed: only then does anybody vouch for them. What came as a header wins. */
export function withQueryHeaders(
  headers: IncomingHttpHeaders,
  query: ReadonlyMap<string, string>,
): IncomingHttpHeaders {
  if (!query.has('X-Amz-Signature') && !(query.has('Signature') && query.has('AWSAccessKeyId'))) return headers
  const moved: IncomingHttpHeaders = {}
  for (const [given, value] of query) {
    const name = given.toLowerCase()
    if (!name.startsWith('x-amz-') || (meantForTheQuery.test(name) && name !== 'x-amz-checksum-mode')) continue
    assertHeaderText(name, value)
    // As node:http gives the bytes of a header.
    moved[name] = Buffer.from(value).toString('latin1')
  }
  return { ...moved, ...headers }
}
