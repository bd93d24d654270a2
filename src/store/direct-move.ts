/**
 * Moves the file of a new version to its place without the index's write lock, which other processes would have to wait for (DESIGN
 * §5, step 4). Only where the key has one version at a time, whose file is in `staging/` under a name of its own.
 *
 * Two writers of a key may come here in the wrong order. Whoever is newer sees the rows of the older ones, since they were committed
 * before, and first takes their files out of `staging/`: a rename that comes late finds nothing to rename.
 */
import fs from 'node:fs'
import { letGo, moveFileBelow } from '#blobs/files.ts'
import { InsideCheck } from '#blobs/inside.ts'
import type { Layout } from '#blobs/layout.ts'
import type { Place } from '#model/object.ts'
import type { Pending } from './pending.ts'

const inside = new InsideCheck()

/** In a bucket that was never versioned: older rows of the key have no versions left. */
export function mayMoveDirectly(pending: Pending): boolean {
  return (
    pending.fileId !== undefined &&
    pending.moved.length === 1 &&
    pending.moved[0] === pending.order &&
    pending.removed.length === 0 &&
    pending.uploadId === undefined &&
    pending.source === undefined
  )
}

/**
 * After the flush of the row's commit. `older`: the rows of the key that were committed before. False if it could not be done this
 * way: the file was overtaken, or its place cannot be had.
 */
export function moveDirectly(layout: Layout, pending: Pending, place: Place, older: readonly Pending[]): boolean {
  const { bucket, key, fileId = '' } = pending
  const target = layout.place(bucket, key, place)
  if (place.kind === 'plain' && !inside.isInside(layout.bucket(bucket), target)) return false
  for (const row of older) if (row.fileId !== undefined) fs.rmSync(layout.staging(row.fileId), { force: true })
  try {
    const root = place.kind === 'plain' ? layout.bucket(bucket) : layout.system()
    const move = () => moveFileBelow(root, layout.staging(fileId), target)
    // A second inode is that of the file that it replaces, which may be large.
    return (pending.inodes?.length ?? 0) > 1 ? letGo(target, move) : move()
  } catch {
    // Under the lock it is known what to do about it.
    return false
  }
}
