/** Removes files that no version has any more, inside an exclusive section of the index. */
import { findFileSafely, removeFile, tryToRemove } from '#blobs/files/io/file-operations.ts'
import { removeLockRecord } from '#blobs/files/locks/lock-records.ts'
import { decodePending, type Pending, type RemovedFile, replacedInodesOf } from '#blobs/files/pending/pending.ts'
import { type FileSignature, isPlain, placeOf } from '#blobs/files/place/file-ref.ts'
import { isPlainKey, type Layout } from '#blobs/files/place/layout.ts'
import type { Exclusive } from '#metadata/local-engine.ts'
import { rowKey, rowsOf } from '#metadata/tables.ts'
import { decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { isReplacing } from './direct-move.ts'
import { findReachable, findUnlessClosed, isReachable, type Playing } from './find-file.ts'
import { type Located, locate } from './locate.ts'

/** The file cannot be removed before another has arrived in its place. */
export class LeftToLater extends Error {}

/**
 * Removes the files that the row names as removed. Returns a file in `staging/` that no version has once this section
 * is committed and flushed: a newer version, perhaps of this same transaction, has overtaken it. Throws `LeftToLater`
 * if a file has to stay for now.
 */
export function removeFilesOf(
  layout: Layout,
  view: Exclusive,
  pending: Pending,
  playing: Playing,
  older: readonly Pending[],
): string | undefined {
  // A version that never reached its place has not removed the file that it should replace.
  const replaced = replacedInodesOf(older)
  for (const removed of pending.removed) removeVersionFile(layout, view, pending, removed, playing, replaced)
  const located = locate(view, pending.bucket, pending.key, pending.order)
  if (isLeft(layout, view, pending, located)) throw new LeftToLater()
  const isOpaque = located !== undefined && placeOf(located.version.blob).kind === 'opaque'
  // The same for a version whose move failed, or that was replaced before its move.
  const hasLeft = (isOpaque || located === undefined) && isReplacing(pending)
  if (typeof playing === 'object' || hasLeft) removeStale(layout, view, pending, playing)
  if (pending.fileId === undefined || !pending.moved.includes(pending.order)) return undefined
  return located === undefined ? layout.staging(pending.fileId) : undefined
}

/**
 * After a power loss an old name may exist again: a file of this row's versions at a former place would look like a
 * file that was created by hand. Without a power loss, only the file that the new version replaces is removed.
 */
function removeStale(layout: Layout, view: Exclusive, pending: Pending, playing: Playing): void {
  const { key, source, inodes = [] } = pending
  const isRecovery = typeof playing === 'object'
  const stale = [...(isRecovery ? inodes : inodes.slice(1)), ...pending.removed.map(({ inode }) => inode)]
  removeStaleAt(layout, view, pending, key, stale)
  if (!isRecovery || source === undefined) return
  removeStaleAt(layout, view, pending, source.key, inodes.slice(0, 1))
  removeStaleAside(layout, view, pending)
}

/** Removes another name of a renamed file that has arrived: it may have been moved through `opaque/`. */
function removeStaleAside(layout: Layout, view: Exclusive, { bucket, key, order }: Pending): void {
  const blob = locate(view, bucket, key, order)?.version.blob
  if (blob === undefined || !isPlain(blob)) return
  const there = findReachable(layout, bucket, layout.plain(bucket, key))
  if (there?.inode === blob.stamp) tryToRemove(layout.place(bucket, key, { kind: 'opaque', id: blob.id }))
}

function removeStaleAt(
  layout: Layout,
  view: Exclusive,
  pending: Pending,
  key: string,
  inodes: readonly number[],
): void {
  const { bucket } = pending
  if (!isPlainKey(key) || isTaken(view, bucket, key)) return
  const path = layout.plain(bucket, key)
  if (!isReachable(layout, bucket, path)) return
  const there = isReplacing(pending) ? findFileSafely(path) : findUnlessClosed(path)
  if (there === undefined || !inodes.includes(there.inode)) return
  if (!isAwaited(layout, view, bucket, key, there.inode)) removeFile(path, layout.bucket(bucket))
}

/**
 * Whether the key's plain file belongs to a version whose place is elsewhere, and which has not arrived there yet. Its
 * inode may have been reused: a file that was removed before may have had the same.
 */
function isAwaited(layout: Layout, view: Exclusive, bucket: string, key: string, inode: number): boolean {
  return versionsThatLeave(view, bucket, key).some(
    (version) =>
      version.blob.stamp === inode &&
      findReachable(layout, bucket, layout.place(bucket, version.key, placeOf(version.blob)))?.inode !== inode,
  )
}

/** Whether the key's record names its plain file. */
function isTaken(view: Exclusive, bucket: string, key: string): boolean {
  const current = currentOf(view, bucket, key)
  return current !== undefined && isPlain(current.blob)
}

/**
 * Whether the file to remove is at the place of a newer version that has not arrived yet: a removal could hit the newer
 * file. If the newer version is deleted before it arrives, only this row knows the file.
 */
function isLeft(
  layout: Layout,
  view: Exclusive,
  { bucket, key, inodes = [], removed }: Pending,
  located: Located | undefined,
): boolean {
  const gone = removed.filter(({ place }) => place.kind === 'plain').map(({ inode }) => inode)
  // A version that has arrived has replaced the old file.
  if (located === undefined) gone.push(...inodes.slice(1))
  if (gone.length === 0) return false
  const current = currentOf(view, bucket, key)
  if (current === undefined || !isPlain(current.blob)) return false
  // That version arrived long ago: the file was created by hand.
  if (view.get(rowKey('q', bucket, key, current.order)) === undefined) return false
  const there = findReachable(layout, bucket, layout.plain(bucket, key))
  return there !== undefined && there.inode !== current.blob.stamp && gone.includes(there.inode)
}

/**
 * Removes the file of a deleted version, at any place to which another process may have moved it. A file that is still
 * in `staging/` is removed by its own row.
 */
function removeVersionFile(
  layout: Layout,
  view: Exclusive,
  pending: Pending,
  removed: RemovedFile,
  playing: Playing,
  replaced: readonly number[],
): void {
  const { bucket, key } = pending
  const { fileId: id } = removed
  if (isPlainKey(key) && removePlain(layout, view, pending, removed, playing, replaced)) return
  if (id === '') return
  for (const kind of ['version', 'opaque'] as const) {
    const path = layout.place(bucket, key, { kind, id })
    if (findFileSafely(path) !== undefined) removeFile(path, layout.system())
    if (kind === 'opaque') removeLockRecord(layout, bucket, id)
  }
}

/**
 * Removes the plain file of the key if it is the one to remove, or one that was replaced, and returns whether it was.
 * Any other file may belong to a version that has just stopped being current, and waits to be moved.
 */
function removePlain(
  layout: Layout,
  view: Exclusive,
  { bucket, key }: Pending,
  removed: RemovedFile,
  playing: Playing,
  replaced: readonly number[],
): boolean {
  const path = layout.plain(bucket, key)
  if (!isReachable(layout, bucket, path)) return false
  const there = removed.place.kind === 'plain' ? findFileSafely(path) : findUnlessClosed(path)
  if (there === undefined || isTaken(view, bucket, key)) return false
  const isIt = isRemoved(there, removed, playing)
  if (!isIt && !replaced.includes(there.inode)) return false
  if ((!isIt || playing !== 'first') && isAwaited(layout, view, bucket, key, there.inode)) return false
  removeFile(path, layout.bucket(bucket))
  return isIt
}

/**
 * The time is compared too: when a row is played again, another file may have the inode. After a power loss the file
 * may have an earlier time.
 */
const isRemoved = (there: FileSignature, { inode, mtimeMs = there.mtimeMs }: RemovedFile, playing: Playing): boolean =>
  there.inode === inode && (there.mtimeMs === mtimeMs || typeof playing === 'object')

function currentOf(view: Exclusive, bucket: string, key: string): StoredVersion | undefined {
  const row = view.get(rowKey('o', bucket, key))
  return row === undefined ? undefined : decodeVersion(key, row)
}

/** More versions of a key than can change while a row is kept. */
const olderVersionsMax = 1000

/** Versions whose files may still be at the key's plain path: renamed ones, and those that are no longer current. */
function versionsThatLeave(view: Exclusive, bucket: string, key: string): StoredVersion[] {
  const renamed = view.scan(rowsOf('q', bucket, key)).flatMap(({ value }) => {
    const { renamedTo, order } = decodePending(value)
    return (renamedTo === undefined ? undefined : locate(view, bucket, renamedTo, order)?.version) ?? []
  })
  const older = view.scan(rowsOf('v', bucket, key), { limit: olderVersionsMax })
  return [...renamed, ...older.map(({ value }) => decodeVersion(key, value))]
}
