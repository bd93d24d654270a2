import { ApiError } from '#model/errors.ts'

/**
 * Translates the error of a read before an operation that delete markers do not allow, since they have neither tags nor
 * an ACL. The result is the same whether the marker was named by its id or is current.
 */
export function asMarkerRefusal(method: string, error: unknown): unknown {
  const isMarker = error instanceof ApiError && error.headers['x-amz-delete-marker'] === 'true'
  if (!isMarker) return error
  const { headers } = error
  return new ApiError('MethodNotAllowed', { fields: { Method: method, ResourceType: 'DeleteMarker' }, headers })
}
