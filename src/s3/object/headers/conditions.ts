/** The conditions of copies and writes. */
import type { IncomingHttpHeaders } from 'node:http'
import { evaluateRead, readConditions, unquote } from '#http/object/read-conditions.ts'
import type { Clock } from '#lib/clock.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { WriteConditions } from '#store/contract.ts'

/** Copies have no 304: every failed condition is a 412. */
export function checkCopySource(
  headers: IncomingHttpHeaders,
  prefix: string,
  version: ObjectVersion,
  clock: Clock,
): void {
  const failure = evaluateRead(readConditions(headers, prefix), version, clock)
  if (failure === undefined) return
  throw new ApiError('PreconditionFailed', { fields: { Condition: `${prefix}${failure.condition}` } })
}

export function writeConditions(headers: IncomingHttpHeaders): WriteConditions {
  const ifMatch = headers['if-match']
  const ifNoneMatch = headers['if-none-match']
  // AWS documents only `*` for If-None-Match. An ETag is compared as in RFC 9110, which ceph/s3-tests expects.
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    const additionalMessage = 'Multiple conditional request headers present in the request'
    throw new ApiError('NotImplemented', { fields: { Header: 'If-Match,If-None-Match', additionalMessage } })
  }
  return {
    ...(ifMatch === undefined ? {} : { ifMatch: unquote(ifMatch) }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch: unquote(ifNoneMatch) }),
  }
}
