/** Compares the whole file of a version with its record. */
import type { Pace, Verdict } from '#blobs/contract/inspection.ts'
import { keptCrc64nvmeOf } from '#blobs/contract/kept-bytes.ts'
import { isDamaged, isStillWrong, refreshRecord } from '#blobs/files/by-hand/foreign-file.ts'
import type { FilesContext } from '#blobs/files/context.ts'
import { findFileSafely } from '#blobs/files/io/file-operations.ts'
import { findReachablePath } from '#blobs/files/open-file.ts'
import { isFileOf, isPlain } from '#blobs/files/place/file-ref.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { digestFile, hasSameBytes, planToCompare } from './file-digests.ts'

/** `mayWrite`: adds the full checksum to a record of an older release, and updates inode and time after a copy. */
export async function compareVersion(
  context: FilesContext,
  bucket: string,
  version: StoredVersion,
  { pace, mayWrite }: { readonly pace?: Pace | undefined; readonly mayWrite: boolean },
): Promise<Verdict> {
  const path = findReachablePath(context, bucket, version)
  if (path === undefined) return 'linked'
  const read = await digestFile(path, await planToCompare(context.engine, version), pace)
  if (read === undefined) return findFileSafely(path) === undefined ? 'missing' : 'moved'
  if (!hasSameBytes(version, read)) {
    if (!(await isStillWrong(context, bucket, version, path, read))) return 'moved'
    return isPlain(version.blob) && !isDamaged(version, read) ? 'changed' : 'damaged'
  }
  const isComplete = keptCrc64nvmeOf(version) !== undefined && isFileOf(read.signature, version.blob)
  if (mayWrite && !isComplete) await refreshRecord(context, bucket, version, path, read)
  return 'right'
}
