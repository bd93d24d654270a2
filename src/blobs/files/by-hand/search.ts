/**
 * Searches for the file of a record that is not at the recorded place: a writer is about to move it, or it was changed
 * by hand. This takes several attempts, and the record is read again before each.
 */
import type { Adoption } from '#blobs/contract/foreign.ts'
import type { FilesContext } from '#blobs/files/context.ts'
import { findFileSafely } from '#blobs/files/io/file-operations.ts'
import { findUnlessClosed } from '#blobs/files/moves/find-file.ts'
import { findReachablePath } from '#blobs/files/open-file.ts'
import { decodePending, type Pending } from '#blobs/files/pending/pending.ts'
import { isSameRef } from '#blobs/files/place/file-ref.ts'
import { isPlainKey } from '#blobs/files/place/layout.ts'
import type { Awaitable } from '#metadata/engine.ts'
import { isForbidden } from '#metadata/storage-error.ts'
import { rowsOf } from '#metadata/tables.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { examineAbsence, examineFile, isOurs } from './foreign-file.ts'

export interface FileSearch {
  readonly suspect: StoredVersion
  /** Rows of the key that have been played since the mismatch was found. */
  readonly played: Pending[] | undefined
}

export async function searchFile(
  context: FilesContext,
  bucket: string,
  version: StoredVersion,
  before: FileSearch | undefined,
): Promise<FileSearch | 'unreachable'> {
  const isSame = before?.suspect.order === version.order && isSameRef(before.suspect.blob, version.blob)
  if (!isSame) {
    // Usually a newer version has been committed meanwhile, which the next turn of the event loop reads.
    await nextTurn()
    return { suspect: version, played: undefined }
  }
  const { key } = version
  const { played } = before
  if (played === undefined) return { suspect: version, played: await context.settler.settleKey(bucket, key) }
  // Behind a symbolic link. The record stays, since the user may replace the link by the folder again.
  const path = findReachablePath(context, bucket, version)
  if (path === undefined) return 'unreachable'
  const suspect = { bucket, key, known: version, played }
  const isThere = findFileSafely(path) !== undefined
  const adoption = isThere ? await examineFile(context, suspect) : await examineAbsence(context, suspect)
  if (adoption !== 'adopted') await pause()
  return { suspect: version, played: undefined }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

/** Time for moves under way to finish: their rows are forgotten after a second. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 100))

/**
 * Examines the plain file of a key that has no current version, or whose current version is kept aside. Returns whether
 * the index has changed.
 */
export function discoverFile(
  context: FilesContext,
  bucket: string,
  key: string,
  aside: StoredVersion | undefined,
): Awaitable<boolean> {
  const isNothing = !isPlainKey(key) || findUnlessClosed(context.layout.plain(bucket, key)) === undefined
  return isNothing ? false : examine(context, bucket, key, aside)
}

async function examine(
  context: FilesContext,
  bucket: string,
  key: string,
  aside: StoredVersion | undefined,
): Promise<boolean> {
  try {
    const adoption = await examineUnknown(context, bucket, key, aside)
    return adoption === 'adopted' || adoption === 'changed'
  } catch (error) {
    // A file that the server may not read is not an object.
    if (!isForbidden(error)) throw error
    const message = 'the server is not permitted to read a file; it is not listed, and not served'
    context.troubles.tellOfFile('warn', error, { bucket, key }, message)
    return false
  }
}

async function examineUnknown(
  context: FilesContext,
  bucket: string,
  key: string,
  aside: StoredVersion | undefined,
): Promise<Adoption> {
  const there = findFileSafely(context.layout.plain(bucket, key))
  if (there === undefined) return 'none'
  // Usually the file of a deleted object that is about to be removed.
  const rows = await context.engine.scan(rowsOf('q', bucket, key))
  const pendings = rows.map(({ value }) => decodePending(value))
  if (isOurs(there.inode, pendings, undefined)) return 'ours'
  const played = await context.settler.settleKey(bucket, key)
  return examineFile(context, { bucket, key, known: undefined, aside, played })
}
