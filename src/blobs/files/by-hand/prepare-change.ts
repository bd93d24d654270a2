/**
 * Before a change that moves or removes the file of a current version: what was done to the file by hand, or by a restore, becomes what
 * the index says. Otherwise the move would look for a file that is not there, and leave the one that is.
 */
import type { FilesContext } from '#blobs/files/context.ts'
import { findFileSafely } from '#blobs/files/io/file-operations.ts'
import { type FileSignature, isPlain, withSignature } from '#blobs/files/place/file-ref.ts'
import { isPlainKey } from '#blobs/files/place/layout.ts'
import type { BlobRef } from '#metadata/blob-ref.ts'
import type { Bytes } from '#metadata/engine.ts'
import { asReadError } from '#metadata/storage-error.ts'
import { rowKey } from '#metadata/tables.ts'
import { decodeVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import { isRecordOf } from './known-file.ts'

/** InternalError if the file has other bytes than the record says, and is no change by hand. */
export async function prepareChange(context: FilesContext, bucket: string, key: string): Promise<void> {
  if (!isPlainKey(key)) return
  const there = findReadable(context.layout.plain(bucket, key))
  const row = await context.engine.get(rowKey('o', bucket, key))
  if (!isKnown(key, row, there)) await context.owner.look(bucket, key)
}

function isKnown(key: string, row: Bytes | undefined, there: FileSignature | undefined): boolean {
  if (there !== undefined) return row !== undefined && isRecordOf(row, there)
  return row === undefined || decodeVersion(key, row).blob.aside !== undefined
}

function findReadable(path: string): FileSignature | undefined {
  try {
    return findFileSafely(path)
  } catch (error) {
    throw asReadError(error)
  }
}

/** A damaged file does not stop its removal: it is the one that has to go. */
export async function prepareRemoval(
  context: FilesContext,
  bucket: string,
  key: string,
): Promise<((ref: BlobRef) => BlobRef) | undefined> {
  try {
    await prepareChange(context, bucket, key)
    return undefined
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'InternalError') throw error
    const damaged = findFileSafely(context.layout.plain(bucket, key))
    if (damaged === undefined) return undefined
    return (ref) => (isPlain(ref) ? withSignature(ref, damaged) : ref)
  }
}
