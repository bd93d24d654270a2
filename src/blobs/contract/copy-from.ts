import { asStorageError } from '#metadata/storage-error.ts'
import { ApiError } from '#model/errors.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import type { ByteRange, IncomingBody, Staged } from './incoming.ts'
import type { OpenBlob } from './open-blob.ts'

/** Stages a range of an open blob like a body, and compares the result with the stored digests. Closes the blob. */
export async function copyFrom<S extends Staged>(
  from: OpenBlob,
  range: ByteRange,
  algorithms: readonly ChecksumAlgorithm[],
  stage: (body: IncomingBody) => Promise<S>,
  discard: (staged: S) => void | Promise<void>,
): Promise<S> {
  const sizeBytes = range.end - range.start
  try {
    const staged = await stage({ source: from.uncheckedStream(range), sizeBytes, maxBytes: sizeBytes, algorithms })
    try {
      from.assertCopied(range, staged.digests)
    } catch (error) {
      await discard(staged)
      throw error
    }
    return staged
  } catch (error) {
    throw asCopyError(error)
  } finally {
    from.close()
  }
}

/** A copy has no client that could break off the body, so it is our own file that could not be read. */
function asCopyError(error: unknown): unknown {
  if (!(error instanceof ApiError) || error.code !== 'IncompleteBody') return error
  return asStorageError(error.cause ?? new Error('a file ended before its record says'))
}
