import { ApiError } from '#model/errors.ts'

/**
 * The error of a read, where a delete marker has neither tags nor an ACL to be asked for or changed: the operation is not allowed on one,
 * whether its id was given or it is what the key holds now.
 */
export function asMarkerRefusal(method: string, error: unknown): unknown {
  const isMarker = error instanceof ApiError && error.headers['x-amz-delete-marker'] === 'true'
  if (!isMarker) return error
  const { headers } = error
  return new ApiError('MethodNotAllowed', { fields: { Method: method, ResourceType: 'DeleteMarker' }, headers })
}
