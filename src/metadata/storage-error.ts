import { isVolumeFull } from '#lib/files/disk-reserve.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { ApiError } from '#model/errors.ts'

/**
 * A full disk, too many open files, or a file that another program holds a lease on (as Samba does, until it hears of us) is the
 * server's trouble and may pass: clients retry a 503. It may be what another error was caused by.
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

/** Of one file among others: that the server may not read it is for the administrator to mend, and no fault of the server's. */
export function asReadError(error: unknown): unknown {
  if (!isForbidden(error)) return asStorageError(error)
  return new ApiError('AccessDenied', {
    message: 'The server is not permitted to read this file on its disk.',
    cause: error,
  })
}

export const isForbidden = (error: unknown): boolean => hasCode(error, 'EACCES', 'EPERM')
