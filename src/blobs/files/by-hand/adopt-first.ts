/**
 * Before a change that moves or removes the file of a current version: what was done to the file by hand, or by a restore, becomes what
 * the index says. Otherwise the move would look for a file that is not there, and leave the one that is.
 */
import { findFileSafely, isSameFile } from '#blobs/files/io/file-operations.ts'
import { isPlainKey } from '#blobs/files/place/layout.ts'
import { asReadError } from '#blobs/files/storage-error.ts'
import { rowKey } from '#metadata/tables.ts'
import { decodeSignature } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import type { FileSignature } from '#model/object.ts'
import type { StoreContext } from '#store/context.ts'
import { findVersion } from '#store/read.ts'

/** InternalError if the file has other bytes than the record says, and is no change by hand. */
export async function adoptFirst(context: StoreContext, bucket: string, key: string): Promise<void> {
  if (!isPlainKey(key)) return
  const there = findReadable(context.layout.plain(bucket, key))
  const row = await context.engine.get(rowKey('o', bucket, key))
  const isKnown =
    row === undefined ? there === undefined : there !== undefined && isSameFile(decodeSignature(row), there)
  if (!isKnown) await findVersion(context, bucket, key, undefined)
}

function findReadable(path: string): FileSignature | undefined {
  try {
    return findFileSafely(path)
  } catch (error) {
    throw asReadError(error)
  }
}

/** The same before a removal, which a damaged file does not stop: returns the signature of the file that has to go. */
export async function adoptBeforeRemoval(
  context: StoreContext,
  bucket: string,
  key: string,
): Promise<FileSignature | undefined> {
  try {
    await adoptFirst(context, bucket, key)
    return undefined
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'InternalError') throw error
    return findFileSafely(context.layout.plain(bucket, key))
  }
}
