import { isVolumeFull } from '#lib/files/disk-reserve.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { ApiError } from '#model/errors.ts'

/**
 * A full disk, too many open files, or a file on which another program holds a lease (such as Samba, until it is
 * notified) is a temporary problem of the server: clients retry a 503. It may be the cause of another error.
 */
export function asStorageError(error: unknown): unknown {
  if (error instanceof ApiError) return error
  const cause = error instanceof Error && error.cause !== undefined && !('code' in error) ? error.cause : error
  if (isVolumeFull(error)) return volumeFull(error)
  if (hasCode(cause, 'EROFS')) return unavailable('The storage volume is read-only.', error)
  if (hasCode(cause, 'EMFILE', 'ENFILE', 'EAGAIN')) return new ApiError('SlowDown', { cause: error })
  return error
}

export const volumeFull = (cause?: unknown) => unavailable('There is no space left on the storage volume.', cause)

const unavailable = (message: string, cause: unknown) => new ApiError('ServiceUnavailable', { message, cause })

/**
 * For one file among others: if the server may not read it, the administrator has to change that, and it is not an
 * error of the server.
 */
export function asReadError(error: unknown): unknown {
  if (!isForbidden(error)) return asStorageError(error)
  return new ApiError('AccessDenied', {
    message: 'The server is not permitted to read this file on its disk.',
    cause: error,
  })
}

export const isForbidden = (error: unknown): boolean => hasCode(error, 'EACCES', 'EPERM')
