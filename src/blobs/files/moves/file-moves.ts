/**
 * Moves files to the places that the records name (docs/protocol.md). Every method runs inside an exclusive section of
 * the index, so that writers of one key in any process take turns. Playing a row again changes nothing. The direct move
 * (direct-move.ts) runs outside of the section, and may happen between any two steps: a file may leave `staging/` just
 * after it was seen there.
 */
import fs from 'node:fs'
import { dirname } from 'node:path'
import {
  findFileSafely,
  moveFile,
  protectFile,
  pruneFolders,
  removeIfThere,
  tryToRemove,
  writeSmallFile,
} from '#blobs/files/io/file-operations.ts'
import { writeLockRecord } from '#blobs/files/locks/lock-records.ts'
import type { Pending } from '#blobs/files/pending/pending.ts'
import { type FileSignature, isFileOf, isPlain, placeOf, withKind, withSignature } from '#blobs/files/place/file-ref.ts'
import { isInside } from '#blobs/files/place/inside.ts'
import type { Layout } from '#blobs/files/place/layout.ts'
import type { TroubleLog } from '#blobs/trouble-log.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import { hasCode } from '#lib/system/error-code.ts'
import type { Exclusive } from '#metadata/local-engine.ts'
import { encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { mayBeExchanged, mayMoveDirectly } from './direct-move.ts'
import { removeFilesOf } from './file-removals.ts'
import { findReachable, findUnlessClosed, findVersionFile, isReachable, looks, type Playing } from './find-file.ts'
import { type Located, locate } from './locate.ts'

/** Errors that mean: no file can have this path while other files have theirs. */
const isNoPath = ['EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY', 'ENAMETOOLONG', 'EINVAL', 'EILSEQ', 'ELOOP', 'EXDEV']
/** Errors that mean: the server may not, or cannot, write to this folder. */
const isNotWritable = ['EACCES', 'EPERM', 'EROFS', 'EIO']

interface FileMovesOptions {
  readonly layout: Layout
  readonly log: LevelLog
  readonly troubles: TroubleLog
}

export class FileMoves {
  readonly #options: FileMovesOptions

  constructor(options: FileMovesOptions) {
    this.#options = options
  }

  /**
   * Moves the files of the row's versions. False if a file is in the way that is not the one to replace: an older row
   * of this key may have to move it first.
   */
  place(view: Exclusive, pending: Pending, playing: Playing): boolean {
    for (const order of pending.moved) {
      const located = locate(view, pending.bucket, pending.key, order)
      if (located === undefined) continue
      const isNew = order === pending.order
      if (playing === 'first' && this.#isOccupied(pending, located)) return false
      const isMoved = this.#place(view, pending, located, playing)
      if (isNew && typeof playing === 'object' && pending.bytes !== undefined) {
        this.#verify(view, pending, pending.bytes, (inode) => isMoved || playing.inodes.has(inode))
      }
      if (located.version.blob.isArriving !== undefined) clearArriving(view, pending, order)
      if (located.version.blob.aside !== undefined) this.#keepLock(view, pending, order)
    }
    return true
  }

  /** Writes the lock record of the newest row. */
  #keepLock(view: Exclusive, { bucket, key, order: newOrder }: Pending, order: string): void {
    const located = locate(view, bucket, key, order)
    if (located === undefined) return
    // A new version without a lock has no older lock record to remove.
    const isNew = located.version.order === newOrder && located.version.lock === undefined
    if (!isNew) writeLockRecord(this.#options.layout, bucket, located.version)
  }

  /** See `removeFilesOf`. */
  clean(view: Exclusive, pending: Pending, playing: Playing, older: readonly Pending[] = []): string | undefined {
    return removeFilesOf(this.#options.layout, view, pending, playing, older)
  }

  /**
   * Takes the files of older rows, which no version needs any more, out of `staging/`: a direct move that is under way
   * then finds no file, and cannot replace a newer file with an old one.
   */
  withdrawOlder(view: Exclusive, older: readonly Pending[]): void {
    for (const pending of older) {
      const { bucket, key, order, fileId } = pending
      // The commit that replaced another kind of row may not be flushed yet: that file is removed later, when its row
      // is cleaned up.
      if (!mayMoveDirectly(pending) || locate(view, bucket, key, order) !== undefined) continue
      if (fileId !== undefined) removeIfThere(this.#options.layout.staging(fileId))
    }
  }

  #isOccupied({ bucket, key, inodes = [], removed }: Pending, { version }: Located): boolean {
    if (!isPlain(version.blob)) return false
    const { layout } = this.#options
    const plain = layout.plain(bucket, key)
    const there = isReachable(layout, bucket, plain) ? findUnlessClosed(plain) : undefined
    if (there === undefined || there.inode === version.blob.stamp) return false
    return !inodes.includes(there.inode) && !removed.some(({ inode }) => inode === there.inode)
  }

  /** Whether a file has been moved. False if it was in its place already, or was not found. */
  #place(view: Exclusive, pending: Pending, located: Located, playing: Playing): boolean {
    const { layout, log } = this.#options
    const { version } = located
    const isNew = version.blob.id === pending.fileId
    const staged = layout.staging(version.blob.id)
    const target = layout.place(pending.bucket, pending.key, placeOf(version.blob))
    if (isNew) {
      const bytes = typeof playing === 'object' ? pending.bytes : undefined
      // The file of a renamed version may have been exchanged when it was written.
      const mayBeAnother = pending.source !== undefined || mayBeExchanged(pending)
      const source = mayBeAnother ? this.#take(version, bytes) : staged
      if (source !== undefined && this.#move(view, pending, located, source, target)) return true
    }
    for (let look = 0; look < looks; look++) {
      const found = findVersionFile(layout, pending, version, playing)
      if (found === target) {
        if (version.blob.aside !== undefined) protectFile(target)
        return false
      }
      const source = found === staged ? this.#take(version) : found
      if (source !== undefined && this.#move(view, pending, located, source, target)) return true
    }
    if (!isPlain(version.blob) && (pending.bytes === undefined || !isNew)) {
      log.error(
        { bucket: pending.bucket, key: pending.key, versionId: version.versionId },
        'the bytes of a version are lost',
      )
    }
    return false
  }

  /**
   * Renames the version's staged file to a name that direct moves do not use (direct-move.ts), so that it can be
   * checked whether it is the right file. After a restart its bytes are compared as well, since a copy of the data has
   * other inodes.
   */
  #take(version: StoredVersion, bytes?: Uint8Array): string | undefined {
    const { layout } = this.#options
    const taken = layout.taken(version.blob.id)
    if (!moveIfThere(layout.staging(version.blob.id), taken)) return undefined
    const there = findFileSafely(taken)
    if (there?.inode === version.blob.stamp) return taken
    if (there !== undefined && bytes !== undefined && holds(taken, there, bytes)) return taken
    tryToRemove(taken)
    return undefined
  }

  /** False if the source is missing. If the plain path cannot be used, the file goes to `opaque/`. */
  #move(view: Exclusive, pending: Pending, located: Located, source: string, target: string): boolean {
    const { blob } = located.version
    const folder = this.#options.layout.bucket(pending.bucket)
    if (blob.aside !== undefined) return moveProtected(source, target, folder)
    if (!isPlain(blob)) return moveIfThere(source, target)
    try {
      if (!isInside(folder, target)) throw Object.assign(new Error('outside'), { code: 'ELOOP' })
      moveFile(source, target)
      if (pending.source?.place.kind === 'plain') pruneFolders(source, folder)
      return true
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false
      if (!hasCode(error, ...isNotWritable, ...isNoPath)) throw error
      return this.#moveAside(view, pending, located, source, error)
    }
  }

  #moveAside(view: Exclusive, pending: Pending, located: Located, source: string, error: unknown): boolean {
    const { layout, log, troubles } = this.#options
    const { bucket, key } = pending
    const blob = withKind(located.version.blob, 'opaque')
    const aside = layout.place(bucket, key, placeOf(blob))
    if (!moveIfThere(source, aside)) return false
    if (pending.source?.place.kind === 'plain') {
      pruneFolders(source, layout.bucket(bucket))
      // The renamed file itself, or a folder that contains only this file, may be in the way.
      if (hasCode(error, ...isNoPath) && this.#moveBack(bucket, aside, layout.plain(bucket, key))) return true
    }
    if (hasCode(error, ...isNotWritable)) {
      const message = 'a folder cannot be written to; the bytes of new objects there are kept in opaque/'
      troubles.tellOfFolder('warn', error, { bucket, key }, message)
    } else log.info({ bucket, key }, 'the key cannot be a plain file here; kept in opaque/')
    view.put(located.row, encodeVersion({ ...located.version, blob }))
    return true
  }

  #moveBack(bucket: string, aside: string, target: string): boolean {
    try {
      if (!isInside(this.#options.layout.bucket(bucket), target)) return false
      moveFile(aside, target)
      return true
    } catch {
      return false
    }
  }

  /** Writes the file again from the bytes in the log, if the file is older than these, or incomplete. */
  #verify(view: Exclusive, pending: Pending, bytes: Uint8Array, isOurs: (inode: number) => boolean): void {
    const { layout } = this.#options
    const { bucket, key, order } = pending
    const located = locate(view, bucket, key, order)
    if (located === undefined) return
    const { row, version } = located
    const target = layout.place(bucket, key, placeOf(version.blob))
    const there = findReachable(layout, bucket, target)
    if (there !== undefined) {
      if (holds(target, there, bytes)) {
        if (!isFileOf(there, version.blob))
          view.put(row, encodeVersion({ ...version, blob: withSignature(version.blob, there) }))
        return
      }
      const isKnown = there.inode === version.blob.stamp || isOurs(there.inode)
      // The file was edited by hand after the write.
      if (!isKnown && there.mtimeMs >= version.modifiedAtMs + 1) return
    }
    // Not its usual name in `staging/`: a running process may be about to remove a replaced file of that name.
    const source = layout.taken(version.blob.id)
    fs.mkdirSync(dirname(source), { recursive: true })
    fs.rmSync(source, { force: true })
    // Synced: after a second power loss it could be incomplete and newer than its version, like a file that was edited
    // by hand.
    const signature = writeSmallFile(source, bytes, { isSynced: true })
    const restored = { ...version, blob: withSignature(version.blob, signature) }
    view.put(row, encodeVersion(restored))
    this.#move(view, pending, { row, version: restored }, source, target)
  }
}

/** The search for the version's file has ended: it was found, or is missing. Removes the mark from the record. */
function clearArriving(view: Exclusive, { bucket, key }: Pending, order: string): void {
  const located = locate(view, bucket, key, order)
  if (located === undefined) return
  const { isArriving: _, ...blob } = located.version.blob
  view.put(located.row, encodeVersion({ ...located.version, blob }))
}

/** Moves a plain file aside, and removes the folders that are empty afterwards. */
function moveProtected(source: string, target: string, bucketFolder: string): boolean {
  protectFile(source)
  const isMoved = moveIfThere(source, target)
  if (isMoved) pruneFolders(source, bucketFolder)
  return isMoved
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

const holds = (path: string, { sizeBytes }: FileSignature, bytes: Uint8Array): boolean =>
  sizeBytes === bytes.byteLength && Buffer.compare(fs.readFileSync(path), bytes) === 0
