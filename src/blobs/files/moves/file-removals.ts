/** Removes files that no version has any more, inside an exclusive section of the index. */
import { findFileSafely, removeFile } from '#blobs/files/io/file-operations.ts'
import { type FileSignature, isPlain, placeOf } from '#blobs/files/place/file-ref.ts'
import { isPlainKey, type Layout } from '#blobs/files/place/layout.ts'
import type { Exclusive } from '#metadata/local-engine.ts'
import { rowKey } from '#metadata/tables.ts'
import { decodeVersion } from '#metadata/version-codec.ts'
import { isReplacing } from './direct-move.ts'
import { findUnlessClosed, isReachable, type Playing } from './find-file.ts'
import { locate } from './locate.ts'
import { type Pending, type RemovedFile, replacedInodesOf } from './pending.ts'

/**
 * Removes what the row says has to go. Returns a file in `staging/` that is nobody's once this section is committed and flushed: a
 * newer version, which may be as fresh as this very transaction, has overtaken it.
 */
export function removeFilesOf(
  layout: Layout,
  view: Exclusive,
  pending: Pending,
  playing: Playing,
  older: readonly Pending[],
): string | undefined {
  // A version that never came to its place has left there what it was to replace.
  const replaced = replacedInodesOf(older)
  for (const removed of pending.removed) removeVersionFile(layout, view, pending, removed, playing, replaced)
  const located = locate(view, pending.bucket, pending.key, pending.order)
  const isOpaque = located !== undefined && placeOf(located.version.blob).kind === 'opaque'
  // One that could not take the place of the file it replaces has left it there.
  if (typeof playing === 'object' || (isOpaque && isReplacing(pending))) removeStale(layout, view, pending)
  if (pending.fileId === undefined || !pending.moved.includes(pending.order)) return undefined
  return located === undefined ? layout.staging(pending.fileId) : undefined
}

/**
 * After a power loss a name may have come back: files of this row's versions, at a place that a record no longer gives them, would
 * pass for files made by hand.
 */
function removeStale(layout: Layout, view: Exclusive, pending: Pending): void {
  const { bucket, key, source } = pending
  const inodes = [...(pending.inodes ?? []), ...pending.removed.map(({ inode }) => inode)]
  for (const plainKey of source === undefined ? [key] : [key, source.key]) {
    if (!isPlainKey(plainKey) || isTaken(view, bucket, plainKey)) continue
    const path = layout.plain(bucket, plainKey)
    if (!isReachable(layout, bucket, path)) continue
    const there = isReplacing(pending) ? findFileSafely(path) : findUnlessClosed(path)
    if (there !== undefined && inodes.includes(there.inode)) removeFile(path, layout.bucket(bucket))
  }
}

/** Whether a plain file is where the key's record says its bytes are. */
function isTaken(view: Exclusive, bucket: string, key: string): boolean {
  const row = view.get(rowKey('o', bucket, key))
  return row !== undefined && isPlain(decodeVersion(key, row).blob)
}

/**
 * Removes the file of a version that is no more, wherever another process's moves have left it. One that has not left `staging/` yet
 * is removed by its own row.
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
  }
}

/**
 * Whether the plain file of the key was the one to be removed. One that had been replaced goes as well. Any other may be of a version
 * that has just ceased to be current, and waits to be moved.
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
  removeFile(path, layout.bucket(bucket))
  return isIt
}

/** A row may be played again when the inode is that of another file. A power loss may have taken the file's time back. */
const isRemoved = (there: FileSignature, { inode, mtimeMs = there.mtimeMs }: RemovedFile, playing: Playing): boolean =>
  there.inode === inode && (there.mtimeMs === mtimeMs || typeof playing === 'object')
