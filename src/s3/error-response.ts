/** Turns whatever was thrown into the error document of S3. */
import type { IncomingMessage } from 'node:http'
import type { Caller } from '#access/caller.ts'
import { formatXml } from '#lib/xml.ts'
import type { Bucket } from '#model/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { Address } from './address.ts'
import type { S3Response, Services } from './operation.ts'

/** Anything but an ApiError is a bug, and is shown without detail. */
export function errorResponse(error: unknown, resource: string, requestId: string, hostId: string): S3Response {
  const shown = error instanceof ApiError ? error : new ApiError('InternalError')
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

/**
 * Whoever may not list a bucket must not learn which keys it has.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, Permissions
 */
export function hideMissingKey(
  error: unknown,
  { method, headers, socket }: IncomingMessage,
  known: {
    readonly bucket: Bucket | undefined
    readonly caller: Caller | undefined
    readonly address: Address | undefined
  },
  services: Services,
): unknown {
  const { bucket, caller, address } = known
  if (!(error instanceof ApiError) || error.code !== 'NoSuchKey' || (method !== 'GET' && method !== 'HEAD'))
    return error
  if (bucket === undefined || caller === undefined) return error
  // Who could list this very key may know that it is not there.
  const keys = { 's3:prefix': address?.key ?? '' }
  const facts = { method, headers, socket, caller, query: new Map<string, string>(), keys }
  const mayKnow = services.gatekeeper.may(caller.principal, 's3:ListBucket', { bucket }, facts)
  return mayKnow ? error : new ApiError('AccessDenied')
}
