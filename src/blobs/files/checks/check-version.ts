/** Compares the file of a version with its record, down to the last byte. */

import { isDamaged, isStillWrong, refreshRecord } from '#blobs/files/by-hand/adoption.ts'
import { findFileSafely, isSameFile } from '#blobs/files/io/file-operations.ts'
import { isInside } from '#blobs/files/place/inside.ts'
import { crc64nvmeOf, type StoredVersion } from '#metadata/version-codec.ts'
import type { StoreContext } from '#store/context.ts'
import { digestFile, hasSameBytes, type Pace, planToCompare } from './file-digests.ts'

/**
 * `right`: the file has the record's bytes. `missing`: there is no file. `damaged`: other bytes, and no sign of a change by hand.
 * `changed`: a plain file that was changed by hand, and is adopted when it is read. `moved`: it was changed while it was read.
 * `linked`: a folder of its path is a symbolic link, which is not followed.
 */
export type Verdict = 'right' | 'missing' | 'damaged' | 'changed' | 'moved' | 'linked'

/** `mayWrite`: a record of an older release gets its full checksum, and one of a copied file the file's inode and time. */
export async function checkVersion(
  context: StoreContext,
  bucket: string,
  version: StoredVersion,
  { pace, mayWrite }: { readonly pace?: Pace | undefined; readonly mayWrite: boolean },
): Promise<Verdict> {
  const path = context.layout.place(bucket, version.key, version.place)
  if (version.place.kind === 'plain' && !isInside(context.layout.bucket(bucket), path)) return 'linked'
  const read = await digestFile(path, await planToCompare(context.engine, version), pace)
  if (read === undefined) return findFileSafely(path) === undefined ? 'missing' : 'moved'
  if (!hasSameBytes(version, read)) {
    if (!(await isStillWrong(context, bucket, version, path, read))) return 'moved'
    return version.place.kind === 'plain' && !isDamaged(version, read) ? 'changed' : 'damaged'
  }
  const isComplete = crc64nvmeOf(version) !== undefined && isSameFile(read.signature, version.signature)
  if (mayWrite && !isComplete) await refreshRecord(context, bucket, version, path, read)
  return 'right'
}
