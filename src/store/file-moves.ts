/**
 * Moves files to where the records say (DESIGN §5, steps 4 and 6). Every method runs inside an exclusive section of the index, so that
 * writers of one key in any process take turns; playing a row again changes nothing.
 */
import fs from 'node:fs'
import {
  findFileSafely,
  hasCode,
  isSameFile,
  moveFile,
  pruneFolders,
  removeFile,
  writeSmallFile,
} from '#blobs/files.ts'
import { InsideCheck } from '#blobs/inside.ts'
import { isPlainKey, type Layout } from '#blobs/layout.ts'
import type { Exclusive } from '#metadata/engine.ts'
import { rowKey } from '#metadata/tables.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { StoreLog } from './context.ts'
import { type Located, locate } from './locate.ts'
import type { Pending, RemovedFile } from './pending.ts'

/** For the first time; again, maybe, on behalf of a reader; or after an unclean end, when a file is trusted only as far as it is known. */
export type Playing = 'first' | 'again' | 'recovery'

export class FileMoves {
  readonly #options: { readonly layout: Layout; readonly log: StoreLog }
  readonly #inside = new InsideCheck()

  constructor(options: { readonly layout: Layout; readonly log: StoreLog }) {
    this.#options = options
  }

  /**
   * Moves the files of the row's versions. False if a file is in the way that an older row of this key must move first: nothing of
   * it may be replaced before.
   */
  place(view: Exclusive, pending: Pending, playing: Playing): boolean {
    for (const order of pending.moved) {
      const located = locate(view, pending.bucket, pending.key, order)
      if (located === undefined) continue
      const isNew = order === pending.order
      if (isNew && playing === 'first' && pending.keepsOlder === true && this.#isOccupied(pending, located))
        return false
      const isMoved = this.#place(view, pending, located)
      if (isNew && playing === 'recovery' && pending.bytes !== undefined) {
        this.#verify(view, pending, pending.bytes, isMoved)
      }
    }
    return true
  }

  /**
   * Removes what the row says has to go. Returns a file in `staging/` that is nobody's once this section is committed and flushed: a
   * newer version, which may be as fresh as this very transaction, has overtaken it.
   */
  clean(view: Exclusive, pending: Pending, playing: Playing): string | undefined {
    const { layout } = this.#options
    for (const removed of pending.removed) this.#remove(view, pending, removed)
    if (pending.uploadId !== undefined) fs.rmSync(layout.upload(pending.uploadId), { recursive: true, force: true })
    if (playing === 'recovery') this.#removeStale(view, pending)
    if (pending.fileId === undefined || !pending.moved.includes(pending.order)) return undefined
    const isOvertaken = locate(view, pending.bucket, pending.key, pending.order) === undefined
    return isOvertaken ? layout.staging(pending.fileId) : undefined
  }

  #isOccupied({ bucket, key }: Pending, { version }: Located): boolean {
    if (version.place.kind !== 'plain') return false
    const there = findFileSafely(this.#options.layout.plain(bucket, key))
    return there !== undefined && there.inode !== version.signature.inode
  }

  /** Whether a file has been moved; not if it was there already, or is nowhere. */
  #place(view: Exclusive, pending: Pending, located: Located): boolean {
    const { layout, log } = this.#options
    const { version } = located
    const isNew = version.fileId === pending.fileId
    const target = layout.place(pending.bucket, pending.key, version.place)
    if (isNew && this.#move(view, pending, located, layout.staging(version.fileId), target)) return true
    const { inode } = version.signature
    if (findFileSafely(target)?.inode === inode) return false
    for (const source of this.#candidates(pending, version)) {
      if (source !== target && findFileSafely(source)?.inode === inode) {
        return this.#move(view, pending, located, source, target)
      }
    }
    if (version.place.kind !== 'plain' && (pending.bytes === undefined || !isNew)) {
      log.error(
        { bucket: pending.bucket, key: pending.key, versionId: version.versionId },
        'the bytes of a version are lost',
      )
    }
    return false
  }

  #candidates(pending: Pending, version: StoredVersion): string[] {
    const { layout } = this.#options
    const { bucket, key } = pending
    const id = version.fileId
    const places = [
      layout.staging(id),
      layout.place(bucket, key, { kind: 'version', id }),
      layout.place(bucket, key, { kind: 'opaque', id }),
      layout.assembled(id),
    ]
    if (pending.source !== undefined) places.push(layout.place(bucket, pending.source.key, pending.source.place))
    // Only a version that was, or is to be, plain has a key that is a path.
    return version.place.kind === 'opaque' ? places : [...places, layout.plain(bucket, key)]
  }

  /** False if there is no source. A plain place that cannot be had becomes an opaque one. */
  #move(view: Exclusive, pending: Pending, located: Located, source: string, target: string): boolean {
    const { layout, log } = this.#options
    const { version } = located
    if (version.place.kind === 'plain') {
      try {
        if (!this.#inside.isInside(layout.bucket(pending.bucket), target))
          throw Object.assign(new Error('outside'), { code: 'ELOOP' })
        moveFile(source, target)
        if (pending.source?.place.kind === 'plain') pruneFolders(source, layout.bucket(pending.bucket))
        return true
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return false
        if (
          !hasCode(
            error,
            'EISDIR',
            'ENOTDIR',
            'EEXIST',
            'ENOTEMPTY',
            'ENAMETOOLONG',
            'EINVAL',
            'EILSEQ',
            'EPERM',
            'ELOOP',
          )
        ) {
          throw error
        }
        log.info({ bucket: pending.bucket, key: pending.key }, 'the key cannot be a plain file here; kept in opaque/')
      }
      const place = { kind: 'opaque', id: version.fileId } as const
      if (!moveIfThere(source, layout.place(pending.bucket, pending.key, place))) return false
      view.put(located.row, encodeVersion({ ...version, place }))
      return true
    }
    return moveIfThere(source, target)
  }

  /** The file in the place, if it is older than the log's bytes, or torn, is written again from them. */
  #verify(view: Exclusive, pending: Pending, bytes: Uint8Array, isOurs: boolean): void {
    const { layout } = this.#options
    const { bucket, key, order } = pending
    const located = locate(view, bucket, key, order)
    if (located === undefined) return
    const { row, version } = located
    const target = layout.place(bucket, key, version.place)
    const there = findFileSafely(target)
    if (there !== undefined) {
      if (there.sizeBytes === bytes.byteLength && Buffer.compare(fs.readFileSync(target), bytes) === 0) {
        if (!isSameFile(there, version.signature)) view.put(row, encodeVersion({ ...version, signature: there }))
        return
      }
      const inodes = [version.signature.inode, ...(pending.inodes ?? [])]
      const isEditedByHand = !isOurs && !inodes.includes(there.inode) && there.mtimeMs >= version.modifiedAtMs + 1
      if (isEditedByHand) return
    }
    const staging = layout.staging(version.fileId)
    fs.rmSync(staging, { force: true })
    // Synced, or a second power loss could leave it torn and newer than its version: it would pass for one edited by hand.
    const signature = writeSmallFile(staging, bytes, { isSynced: true })
    const restored = { ...version, signature }
    view.put(row, encodeVersion(restored))
    this.#move(view, pending, { row, version: restored }, staging, target)
  }

  /**
   * After a power loss a name may have come back: files of this row's versions, at a place that a record no longer gives them, would
   * pass for files made by hand.
   */
  #removeStale(view: Exclusive, pending: Pending): void {
    const { bucket, key, source } = pending
    const inodes = [...(pending.inodes ?? []), ...pending.removed.map(({ inode }) => inode)]
    for (const plainKey of source === undefined ? [key] : [key, source.key]) {
      if (!isPlainKey(plainKey) || this.#isTaken(view, bucket, plainKey)) continue
      const path = this.#options.layout.plain(bucket, plainKey)
      const there = findFileSafely(path)
      if (there !== undefined && inodes.includes(there.inode)) removeFile(path, this.#options.layout.bucket(bucket))
    }
  }

  /** Whether a plain file is where the key's record says its bytes are. */
  #isTaken(view: Exclusive, bucket: string, key: string): boolean {
    const row = view.get(rowKey('o', bucket, key))
    return row !== undefined && decodeVersion(key, row).place.kind === 'plain'
  }

  /** A removed version that has not been moved yet is in `staging/`; its own row takes care of it there. */
  #remove(view: Exclusive, pending: Pending, removed: RemovedFile): void {
    const { layout } = this.#options
    const { bucket, key } = pending
    const path = layout.place(bucket, key, removed.place)
    if (removed.place.kind === 'plain') {
      if (this.#isTaken(view, bucket, key) || findFileSafely(path)?.inode !== removed.inode) return
      removeFile(path, layout.bucket(bucket))
      return
    }
    removeFile(path, layout.system())
  }
}

function moveIfThere(source: string, target: string): boolean {
  try {
    moveFile(source, target)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}
