/** Turns an error into S3's error document. */
import { formatXml } from '#lib/text/xml.ts'
import { asApiError } from '#model/errors.ts'
import type { S3Response } from './operation.ts'

/** Anything but an ApiError is a bug, and is shown without detail. */
export function errorResponse(error: unknown, resource: string, requestId: string, hostId: string): S3Response {
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
  return {
    status: shown.status,
    headers: { 'content-type': 'application/xml', ...shown.headers },
    body: formatXml({ root: 'Error', content }),
  }
}
