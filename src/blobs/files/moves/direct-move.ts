/**
 * Moves the file of a new version to its place without the index's write lock, which other processes would have to wait for
 * (docs/protocol.md). Only where the key has one version at a time, whose file is in `staging/` under a name of its own.
 *
 * Two writers of a key may come here in the wrong order. Whoever is newer sees the rows of the older ones, since they were committed
 * before, and first takes their files out of `staging/`: a rename that comes late finds nothing to rename.
 *
 * A small file may replace another by exchange. Then the name in `staging/` is the replaced file's, until the spares take it: who moves that name under the lock must look whose file it is once nobody else can (file-moves.ts).
 */

import type { Durability } from '#blobs/contract/blob-store.ts'
import {
  exchangeFiles,
  isExchangeWorthwhile,
  letGo,
  moveFileBelow,
  protectFile,
  removeFile,
  removeIfThere,
} from '#blobs/files/io/file-operations.ts'
import { type Pending, type RemovedFile, smallBytesOf } from '#blobs/files/pending/pending.ts'
import type { Place } from '#blobs/files/place/file-ref.ts'
import { isInside } from '#blobs/files/place/inside.ts'
import type { Layout } from '#blobs/files/place/layout.ts'
import type { Spares } from '#blobs/files/staging/spares.ts'

/**
 * In a bucket that was never versioned: older rows of the key have no versions left. What it replaces under a name of its own can be
 * removed once the rows' files have left `staging/`.
 */
export function mayMoveDirectly(pending: Pending): boolean {
  return (
    pending.fileId !== undefined &&
    pending.moved.length === 1 &&
    pending.moved[0] === pending.order &&
    pending.removed.every(({ place }) => place.kind === 'opaque') &&
    pending.uploadId === undefined &&
    pending.source === undefined
  )
}

/** A second inode is that of the plain file that it replaces. */
export const isReplacing = ({ inodes = [] }: Pending): boolean => inodes.length > 1

/** Only a small file, whose bytes a log has: a large one was synced before, so that there is nothing to gain. */
export const mayBeExchanged = (pending: Pending): boolean =>
  smallBytesOf(pending) !== undefined &&
  isReplacing(pending) &&
  mayMoveDirectly(pending) &&
  pending.removed.length === 0

interface DirectMovesOptions {
  readonly layout: Layout
  readonly durability: Durability
  /** Takes replaced files. */
  readonly spares: Pick<Spares, 'recycle' | 'recycleFrom'>
}

export class DirectMoves {
  readonly #layout: Layout
  readonly #spares: Pick<Spares, 'recycle' | 'recycleFrom'>
  readonly #exchanges: boolean

  constructor({ layout, durability, spares }: DirectMovesOptions) {
    this.#layout = layout
    this.#spares = spares
    this.#exchanges = durability !== 'none' && isExchangeWorthwhile(layout.root)
  }

  /**
   * After the flush of the row's commit. `older`: the rows of the key that were committed before. False if it could not be done this
   * way: the file was overtaken, or its place cannot be had.
   */
  move(pending: Pending, place: Place, older: readonly Pending[]): boolean {
    const { bucket, key, fileId = '' } = pending
    const layout = this.#layout
    const staged = layout.staging(fileId)
    const target = layout.place(bucket, key, place)
    try {
      if (place.kind === 'plain' && !isInside(layout.bucket(bucket), target)) return false
    } catch {
      return false
    }
    for (const row of older) if (row.fileId !== undefined) removeIfThere(layout.staging(row.fileId))
    try {
      if (this.#exchanges && mayBeExchanged(pending) && exchangeFiles(staged, target)) {
        this.#spares.recycle(staged)
        return true
      }
      if (place.kind === 'opaque' && place.isProtected) protectFile(staged)
      const root = place.kind === 'plain' ? layout.bucket(bucket) : layout.system()
      const move = () => moveFileBelow(root, staged, target)
      if (!(isReplacing(pending) ? letGo(target, move) : move())) return false
      for (const removed of pending.removed) this.#removeOpaque(pending, removed)
      return true
    } catch {
      // Under the lock it is known what to do about it.
      return false
    }
  }

  /** Under a name that no other version has. A small one may be written again, as one that was exchanged. */
  #removeOpaque(pending: Pending, { fileId: id }: RemovedFile): void {
    const { bucket, key } = pending
    const path = this.#layout.place(bucket, key, { kind: 'opaque', id })
    if (this.#exchanges && smallBytesOf(pending) !== undefined) this.#spares.recycleFrom(path)
    else removeFile(path, this.#layout.system())
  }
}
