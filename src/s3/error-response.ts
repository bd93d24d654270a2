/** Turns an error into S3's error document. */
import { formatXml } from '#lib/text/xml.ts'
import { asApiError } from '#model/errors.ts'
import type { S3Response } from './operation.ts'

/** `isOfControl`: S3 Control wraps its errors. Any error but ApiError is a bug, and is shown without detail. */
export function errorResponse(
  error: unknown,
  resource: string,
  requestId: string,
  hostId: string,
  isOfControl = false,
): S3Response {
  const shown = asApiError(error)
  if (shown.status === 304) return { status: 304, headers: shown.headers }
  const content = {
    Code: shown.code,
    Message: shown.message,
    ...shown.fields,
    Resource: resource,
    RequestId: requestId,
    HostId: hostId,
  }
  const document = isOfControl ? { root: 'ErrorResponse', content: { Error: content } } : { root: 'Error', content }
  return {
    status: shown.status,
    headers: { 'content-type': 'application/xml', ...shown.headers },
    body: formatXml(document),
  }
}
