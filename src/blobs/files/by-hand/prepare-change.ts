/**
 * Call before a change that moves or removes the file of a current version. Brings the index up to date with what was
 * done to the file by hand, or by a restore. Otherwise the move would look for the recorded file, and leave the one
 * that is there.
 */
import type { FilesContext } from '#blobs/files/context.ts'
import { findFileSafely } from '#blobs/files/io/file-operations.ts'
import { type FileSignature, isPlain, withSignature } from '#blobs/files/place/file-ref.ts'
import { isPlainKey } from '#blobs/files/place/layout.ts'
import type { BlobRef } from '#metadata/blob-ref.ts'
import type { Bytes } from '#metadata/engine.ts'
import { asReadError } from '#metadata/storage-error.ts'
import { rowKey } from '#metadata/tables.ts'
import { decodeKind } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import { isRecordOf } from './known-file.ts'

/** InternalError if the file is damaged: its bytes differ from the record, but not its time and size. */
export async function prepareChange(context: FilesContext, bucket: string, key: string): Promise<void> {
  if (!isPlainKey(key)) return
  const there = findReadable(context.layout.plain(bucket, key))
  const row = await context.engine.get(rowKey('o', bucket, key))
  if (!isKnown(row, there)) await context.owner.look(bucket, key)
}

/** True without a plain file if the version's bytes are kept elsewhere. */
function isKnown(row: Bytes | undefined, there: FileSignature | undefined): boolean {
  if (there !== undefined) return row !== undefined && isRecordOf(row, there)
  return row === undefined || !isPlain({ kind: decodeKind(row) })
}

function findReadable(path: string): FileSignature | undefined {
  try {
    return findFileSafely(path)
  } catch (error) {
    throw asReadError(error)
  }
}

/** Like prepareChange, but a damaged file is no error, since it is to be removed. */
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
