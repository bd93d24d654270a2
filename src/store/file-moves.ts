/**
 * Moves files to where the records say (DESIGN §5, steps 4 and 6). Every method runs inside an exclusive section of the index, so that
 * writers of one key in any process take turns; playing a row again changes nothing. The one move made outside (direct-move.ts) may
 * come between any two steps: a file may have left `staging/` a moment after it was seen there.
 */
import fs from 'node:fs'
import { dirname } from 'node:path'
import {
  findFileSafely,
  hasCode,
  isSameFile,
  moveFile,
  pruneFolders,
  removeIfThere,
  tryToRemove,
  writeSmallFile,
} from '#blobs/files.ts'
import { isInside } from '#blobs/inside.ts'
import type { Layout } from '#blobs/layout.ts'
import type { Exclusive } from '#metadata/engine.ts'
import { encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { FileSignature } from '#model/object.ts'
import type { StoreLog } from './context.ts'
import { mayBeExchanged, mayMoveDirectly } from './direct-move.ts'
import { type Located, locate } from './locate.ts'
import type { Pending } from './pending.ts'
import { findReachable, findUnlessClosed, isReachable } from './reachable.ts'
import type { TroubleLog } from './trouble-log.ts'

/** After an unclean end a file is trusted only as far as it is known. */
export interface Recovery {
  /** Inodes of files that rows of the log tell of: none of these was made by hand. */
  readonly inodes: ReadonlySet<number>
}

/** `again`: maybe, on behalf of a reader. */
export type Playing = 'first' | 'again' | Recovery

type Moved = Pick<Pending, 'bucket' | 'key'> & { readonly source?: Pending['source'] | undefined }

/** A file that is being moved meanwhile is found at the second look, or the third. */
const looks = 3

/** What says that no file can have this path, as long as others have theirs. */
const isNoPath = ['EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY', 'ENAMETOOLONG', 'EINVAL', 'EILSEQ', 'ELOOP', 'EXDEV']
/** What says that the server may not, or cannot, write to this folder. */
const isNotWritable = ['EACCES', 'EPERM', 'EROFS', 'EIO']

interface FileMovesOptions {
  readonly layout: Layout
  readonly log: StoreLog
  readonly troubles: TroubleLog
}

export class FileMoves {
  readonly #options: FileMovesOptions

  constructor(options: FileMovesOptions) {
    this.#options = options
  }

  /**
   * Moves the files of the row's versions. False if a file is in the way that is not the one to be replaced: an older row of this key
   * may have to move it first.
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
      if (located.version.isArriving !== undefined) noteArrived(view, pending, order)
    }
    return true
  }

  /**
   * Takes the files of older rows out of `staging/`, where no version needs them any more: a move that is under way outside finds
   * nothing to move afterwards, and cannot put an old file in a newer one's place.
   */
  disarm(view: Exclusive, older: readonly Pending[]): void {
    for (const pending of older) {
      const { bucket, key, order, fileId } = pending
      // Whoever made another row of no use may not be flushed yet: its file goes when it is cleaned up after.
      if (!mayMoveDirectly(pending) || locate(view, bucket, key, order) !== undefined) continue
      if (fileId !== undefined) removeIfThere(this.#options.layout.staging(fileId))
    }
  }

  #isOccupied({ bucket, key, inodes = [], removed }: Pending, { version }: Located): boolean {
    if (version.place.kind !== 'plain') return false
    const { layout } = this.#options
    const plain = layout.plain(bucket, key)
    const there = isReachable(layout, bucket, plain) ? findUnlessClosed(plain) : undefined
    if (there === undefined || there.inode === version.signature.inode) return false
    return !inodes.includes(there.inode) && !removed.some(({ inode }) => inode === there.inode)
  }

  /** Whether a file has been moved; not if it was there already, or is nowhere. */
  #place(view: Exclusive, pending: Pending, located: Located, playing: Playing): boolean {
    const { layout, log } = this.#options
    const { version } = located
    const isNew = version.fileId === pending.fileId
    const staged = layout.staging(version.fileId)
    const target = layout.place(pending.bucket, pending.key, version.place)
    if (isNew) {
      const bytes = typeof playing === 'object' ? pending.bytes : undefined
      // A renamed version's file may have been exchanged when it was written.
      const mayBeAnother = pending.source !== undefined || mayBeExchanged(pending)
      const source = mayBeAnother ? this.#take(version, bytes) : staged
      if (source !== undefined && this.#move(view, pending, located, source, target)) return true
    }
    for (let look = 0; look < looks; look++) {
      const found = this.#find(pending, version, playing)
      if (found === target) return false
      const source = found === staged ? this.#take(version) : found
      if (source !== undefined && this.#move(view, pending, located, source, target)) return true
    }
    if (version.place.kind !== 'plain' && (pending.bytes === undefined || !isNew)) {
      log.error(
        { bucket: pending.bucket, key: pending.key, versionId: version.versionId },
        'the bytes of a version are lost',
      )
    }
    return false
  }

  /**
   * Gives the version's staged file another name, under which no other is put in its stead (direct-move.ts): from then on it is known
   * whether it is that file. After a restart its bytes tell as well, since a copy of the data has other inodes.
   */
  #take(version: StoredVersion, bytes?: Uint8Array): string | undefined {
    const { layout } = this.#options
    const taken = layout.taken(version.fileId)
    if (!moveIfThere(layout.staging(version.fileId), taken)) return undefined
    const there = findFileSafely(taken)
    if (there?.inode === version.signature.inode) return taken
    if (there !== undefined && bytes !== undefined && holds(taken, there, bytes)) return taken
    tryToRemove(taken)
    return undefined
  }

  /** Whether the version's file is in none of the places where it may be. `rows`: of its key, oldest first. */
  isNowhere(bucket: string, version: StoredVersion, rows: readonly Pending[]): boolean {
    for (let look = 0; look < looks; look++) {
      const isFound = [{ source: undefined }, ...rows].some(
        ({ source }) => this.#find({ bucket, key: version.key, source }, version, 'again') !== undefined,
      )
      if (isFound) return false
    }
    return true
  }

  /** Where the version's file is. First looked for where the record says it is. */
  #find(row: Moved, version: StoredVersion, playing: Playing): string | undefined {
    const { layout } = this.#options
    const { bucket, key, source } = row
    const { fileId: id, place, signature } = version
    const isIt = (there: FileSignature) => there.inode === signature.inode || isCopy(there, signature, playing)
    // No other version's file has such a name.
    const ownNames = [
      layout.place(bucket, key, { kind: 'version', id }),
      layout.place(bucket, key, { kind: 'opaque', id }),
      layout.assembled(id),
    ]
    // Here another file may be: one that was replaced, or a newer version's.
    const sharedNames = [layout.staging(id), layout.taken(id)]
    // Once a renamed file has arrived, its old path is another's; a power loss may have brought it back.
    const mayBeAtSource = version.isArriving !== undefined || typeof playing === 'object'
    if (source !== undefined && mayBeAtSource) sharedNames.push(layout.place(bucket, source.key, source.place))
    // Only a version that was, or is to be, plain has a key that is a path.
    if (place.kind !== 'opaque') sharedNames.push(layout.plain(bucket, key))
    const target = layout.place(bucket, key, place)
    return [target, ...ownNames, ...sharedNames].find((path) => {
      const there = findReachable(layout, bucket, path)
      return there !== undefined && (ownNames.includes(path) || isIt(there))
    })
  }

  /** False if there is no source. A plain place that cannot be had becomes an opaque one. */
  #move(view: Exclusive, pending: Pending, located: Located, source: string, target: string): boolean {
    if (located.version.place.kind !== 'plain') return moveIfThere(source, target)
    const folder = this.#options.layout.bucket(pending.bucket)
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
    const { version } = located
    const place = { kind: 'opaque', id: version.fileId } as const
    const aside = layout.place(bucket, key, place)
    if (!moveIfThere(source, aside)) return false
    if (pending.source?.place.kind === 'plain') {
      pruneFolders(source, layout.bucket(bucket))
      // The renamed file itself, or a folder of nothing else, may have been in the way.
      if (hasCode(error, ...isNoPath) && this.#moveBack(bucket, aside, layout.plain(bucket, key))) return true
    }
    if (hasCode(error, ...isNotWritable)) {
      const message = 'a folder cannot be written to; the bytes of new objects there are kept in opaque/'
      troubles.tellOfFolder('warn', error, { bucket, key }, message)
    } else log.info({ bucket, key }, 'the key cannot be a plain file here; kept in opaque/')
    view.put(located.row, encodeVersion({ ...version, place }))
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

  /** The file in the place, if it is older than the log's bytes, or torn, is written again from them. */
  #verify(view: Exclusive, pending: Pending, bytes: Uint8Array, isOurs: (inode: number) => boolean): void {
    const { layout } = this.#options
    const { bucket, key, order } = pending
    const located = locate(view, bucket, key, order)
    if (located === undefined) return
    const { row, version } = located
    const target = layout.place(bucket, key, version.place)
    const there = findReachable(layout, bucket, target)
    if (there !== undefined) {
      if (holds(target, there, bytes)) {
        if (!isSameFile(there, version.signature)) view.put(row, encodeVersion({ ...version, signature: there }))
        return
      }
      const isKnown = there.inode === version.signature.inode || isOurs(there.inode)
      // Edited by hand since.
      if (!isKnown && there.mtimeMs >= version.modifiedAtMs + 1) return
    }
    // Not its name in `staging/`, from which a living process may be about to remove what was replaced.
    const source = layout.taken(version.fileId)
    fs.mkdirSync(dirname(source), { recursive: true })
    fs.rmSync(source, { force: true })
    // Synced, or a second power loss could leave it torn and newer than its version: it would pass for one edited by hand.
    const signature = writeSmallFile(source, bytes, { isSynced: true })
    const restored = { ...version, signature }
    view.put(row, encodeVersion(restored))
    this.#move(view, pending, { row, version: restored }, source, target)
  }
}

/** Where its file is, or that it is nowhere, is known by now. */
function noteArrived(view: Exclusive, { bucket, key }: Pending, order: string): void {
  const located = locate(view, bucket, key, order)
  if (located === undefined) return
  const { isArriving: _, ...arrived } = located.version
  view.put(located.row, encodeVersion(arrived))
}

/** After a restore from a copy, whose files have other inodes but kept their size and time. */
function isCopy(there: FileSignature, known: FileSignature, playing: Playing): boolean {
  if (typeof playing !== 'object' || playing.inodes.has(there.inode)) return false
  return there.sizeBytes === known.sizeBytes && there.mtimeMs === known.mtimeMs
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
