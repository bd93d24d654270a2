import { ApiError } from '#model/errors.ts'
import type { OperationRow } from './operation.ts'

/** An operation that S3 itself does not have for general purpose buckets, or has removed. */
export function refused(name: string, route: string, resourceType: 'SERVICE' | 'BUCKET' | 'OBJECT'): OperationRow {
  return {
    name,
    route,
    action: undefined,
    isRefused: true,
    run({ method }) {
      throw new ApiError('MethodNotAllowed', { fields: { Method: method, ResourceType: resourceType } })
    },
  }
}

/**
 * An operation that S3 has and this server does not. It has its own row, so that a request never matches another row
 * instead.
 */
export function unsupported(name: string, route: string): OperationRow {
  return {
    name,
    route,
    action: undefined,
    isUnserved: true,
    run() {
      throw new ApiError('NotImplemented', {
        message: 'A header or query you provided implies functionality that is not implemented.',
        fields: { Operation: name },
      })
    },
  }
}
