/**
 * Moves the file of a new version to its place without the index's write lock, for which other processes would have to
 * wait (docs/protocol.md). Only if the key has one version at a time, whose file is in `staging/` under its own name.
 *
 * Two writers of a key may arrive here in the wrong order. The newer one sees the rows of the older one, which were
 * committed before, and first takes the older file out of `staging/`: a late rename then finds no file.
 *
 * A small file may replace another by exchange. Then the name in `staging/` belongs to the replaced file until the
 * spares take it. Code that moves that name under the lock must first make sure that no other writer can change it, and
 * then check which file it is (file-moves.ts).
 */

import type { Durability } from '#blobs/contract/blob-store.ts'
import {
  exchangeFiles,
  freeInThread,
  isExchangeWorthwhile,
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
 * True in a bucket that was never versioned: older rows of the key have no versions left. A replaced file that has its
 * own name can be removed once the files of the older rows have left `staging/`.
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

/** The second inode is that of the plain file to replace. */
export const isReplacing = ({ inodes = [] }: Pending): boolean => inodes.length > 1

/**
 * True for a small file, whose bytes are in the log. A large file was synced before, so an exchange would save nothing.
 */
export const mayBeExchanged = (pending: Pending): boolean =>
  smallBytesOf(pending) !== undefined &&
  isReplacing(pending) &&
  mayMoveDirectly(pending) &&
  pending.removed.length === 0

interface DirectMovesOptions {
  readonly layout: Layout
  readonly durability: Durability
  /** Receives replaced files. */
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
   * Call after the flush of the row's commit. `older`: the rows of the key that were committed before. False if the
   * direct way is not possible: a newer version has overtaken the file, or something is in its place.
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
      if (!(isReplacing(pending) ? freeInThread(target, move) : move())) return false
      for (const removed of pending.removed) this.#removeOpaque(pending, removed)
      return true
    } catch {
      // The move under the lock handles this case.
      return false
    }
  }

  /** Removes a file whose name belongs to this version alone. A small file becomes a spare, like an exchanged one. */
  #removeOpaque(pending: Pending, { fileId: id }: RemovedFile): void {
    const { bucket, key } = pending
    const path = this.#layout.place(bucket, key, { kind: 'opaque', id })
    if (this.#exchanges && smallBytesOf(pending) !== undefined) this.#spares.recycleFrom(path)
    else removeFile(path, this.#layout.system())
  }
}
