import { hasCode } from '#blobs/files.ts'
import { ApiError } from '#model/errors.ts'

/**
 * A full disk, too many open files, or a file that another program holds a lease on (as Samba does, until it hears of us) is the
 * server's trouble and may pass: clients retry a 503.
 */
export function asStorageError(error: unknown): unknown {
  if (hasCode(error, 'ENOSPC', 'EDQUOT')) {
    return new ApiError('ServiceUnavailable', {
      message: 'There is no space left on the storage volume.',
      cause: error,
    })
  }
  if (hasCode(error, 'EMFILE', 'ENFILE', 'EAGAIN')) return new ApiError('SlowDown', { cause: error })
  return error
}
