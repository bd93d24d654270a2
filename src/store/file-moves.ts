/**
 * Moves files to where the records say (DESIGN §5, steps 4 and 6). Every method runs inside an exclusive section of the index, so that
 * writers of one key in any process take turns; playing a row again changes nothing. The one move made outside (direct-move.ts) may
 * come between any two steps: a file may have left `staging/` a moment after it was seen there.
 */
import fs from 'node:fs'
import { dirname, sep } from 'node:path'
import {
  findFileSafely,
  hasCode,
  isSameFile,
  moveFile,
  pruneFolders,
  removeFile,
  removeIfThere,
  tryToRemove,
  writeSmallFile,
} from '#blobs/files.ts'
import { isInside } from '#blobs/inside.ts'
import { isPlainKey, type Layout } from '#blobs/layout.ts'
import type { Exclusive } from '#metadata/engine.ts'
import { rowKey, rowsOf } from '#metadata/tables.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { FileSignature } from '#model/object.ts'
import type { StoreLog } from './context.ts'
import { isReplacing, mayBeExchanged, mayMoveDirectly } from './direct-move.ts'
import { type Located, locate } from './locate.ts'
import { decodePending, type Pending, type RemovedFile, replacedInodesOf } from './pending.ts'
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

/** More of a key do not change within the time that a row is kept. */
const olderVersionsMax = 1000

/** What says that no file can have this path, as long as others have theirs. */
const isNoPath = ['EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY', 'ENAMETOOLONG', 'EINVAL', 'EILSEQ', 'ELOOP', 'EXDEV']
/** What says that the server may not, or cannot, write to this folder. */
const isNotWritable = ['EACCES', 'EPERM', 'EROFS', 'EIO']

interface FileMovesOptions {
  readonly layout: Layout
  readonly log: StoreLog
  readonly troubles: TroubleLog
}

/** A file cannot be removed before another has arrived in its place. */
export class LeftToLater extends Error {}

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
   * Removes what the row says has to go. Returns a file in `staging/` that is nobody's once this section is committed and flushed: a
   * newer version, which may be as fresh as this very transaction, has overtaken it. Throws `LeftToLater` if a file has to stay.
   */
  clean(view: Exclusive, pending: Pending, playing: Playing, older: readonly Pending[] = []): string | undefined {
    const { layout } = this.#options
    // A version that never came to its place has left there what it was to replace.
    const replaced = replacedInodesOf(older)
    for (const removed of pending.removed) this.#remove(view, pending, removed, playing, replaced)
    const located = locate(view, pending.bucket, pending.key, pending.order)
    if (this.#isLeft(view, pending, located)) throw new LeftToLater()
    const isOpaque = located?.version.place.kind === 'opaque'
    // One that could not take the place of the file it replaces, or was replaced before it could, has left it there.
    const hasLeft = (isOpaque || located === undefined) && isReplacing(pending)
    if (typeof playing === 'object' || hasLeft) this.#removeStale(view, pending, playing)
    if (pending.fileId === undefined || !pending.moved.includes(pending.order)) return undefined
    return located === undefined ? layout.staging(pending.fileId) : undefined
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
    if (source !== undefined) sharedNames.push(layout.place(bucket, source.key, source.place))
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

  /**
   * After a power loss a name may have come back: files of this row's versions, at a place that a record no longer gives them, would
   * pass for files made by hand. At any other time what the new version replaces is known to be of no use, and nothing else.
   */
  #removeStale(view: Exclusive, pending: Pending, playing: Playing): void {
    const { key, source, inodes = [] } = pending
    const isRecovery = typeof playing === 'object'
    const stale = [...(isRecovery ? inodes : inodes.slice(1)), ...pending.removed.map(({ inode }) => inode)]
    this.#removeStaleAt(view, pending, key, stale)
    if (!isRecovery || source === undefined) return
    this.#removeStaleAt(view, pending, source.key, inodes.slice(0, 1))
    this.#removeStaleAside(view, pending)
  }

  /** Another name of a renamed file that is in its place: it may have been moved by way of `opaque/`. */
  #removeStaleAside(view: Exclusive, { bucket, key, order }: Pending): void {
    const { layout } = this.#options
    const version = locate(view, bucket, key, order)?.version
    if (version?.place.kind !== 'plain') return
    const there = findReachable(layout, bucket, layout.plain(bucket, key))
    if (there?.inode === version.signature.inode)
      tryToRemove(layout.place(bucket, key, { kind: 'opaque', id: version.fileId }))
  }

  #removeStaleAt(view: Exclusive, pending: Pending, key: string, inodes: readonly number[]): void {
    const { layout } = this.#options
    const { bucket } = pending
    if (!isPlainKey(key) || this.#isTaken(view, bucket, key)) return
    const path = layout.plain(bucket, key)
    if (!isReachable(layout, bucket, path)) return
    const there = isReplacing(pending) ? findFileSafely(path) : findUnlessClosed(path)
    if (there === undefined || !inodes.includes(there.inode)) return
    if (!this.#isAwaited(view, bucket, key, there.inode)) removeFile(path, layout.bucket(bucket))
  }

  /**
   * Whether the key's plain file is that of a version which belongs elsewhere, and is not there yet: its inode may be one that a file
   * had which was replaced or removed before.
   */
  #isAwaited(view: Exclusive, bucket: string, key: string, inode: number): boolean {
    const { layout } = this.#options
    return versionsThatLeave(view, bucket, key).some(
      (version) =>
        version.signature.inode === inode &&
        findReachable(layout, bucket, layout.place(bucket, version.key, version.place))?.inode !== inode,
    )
  }

  /** Whether a plain file is where the key's record says its bytes are. */
  #isTaken(view: Exclusive, bucket: string, key: string): boolean {
    return currentOf(view, bucket, key)?.place.kind === 'plain'
  }

  /**
   * Whether a file that has to go is where a newer version's belongs, which is on its way: to remove it could remove that one. If the newer
   * version goes before it arrives, nothing else knows of this file.
   */
  #isLeft(view: Exclusive, { bucket, key, inodes = [], removed }: Pending, located: Located | undefined): boolean {
    const gone = removed.filter(({ place }) => place.kind === 'plain').map(({ inode }) => inode)
    // A version that has come to its place has replaced what was there.
    if (located === undefined) gone.push(...inodes.slice(1))
    if (gone.length === 0) return false
    const current = currentOf(view, bucket, key)
    if (current?.place.kind !== 'plain') return false
    const there = findReachable(this.#options.layout, bucket, this.#options.layout.plain(bucket, key))
    return there !== undefined && there.inode !== current.signature.inode && gone.includes(there.inode)
  }

  /**
   * Removes the file of a version that is no more, wherever another process's moves have left it. One that has not left `staging/` yet
   * is removed by its own row.
   */
  #remove(
    view: Exclusive,
    pending: Pending,
    removed: RemovedFile,
    playing: Playing,
    replaced: readonly number[],
  ): void {
    const { layout } = this.#options
    const { bucket, key } = pending
    const { fileId: id } = removed
    if (isPlainKey(key) && this.#removePlain(view, pending, removed, playing, replaced)) return
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
  #removePlain(
    view: Exclusive,
    { bucket, key }: Pending,
    removed: RemovedFile,
    playing: Playing,
    replaced: readonly number[],
  ): boolean {
    const { layout } = this.#options
    const path = layout.plain(bucket, key)
    if (!isReachable(layout, bucket, path)) return false
    const there = removed.place.kind === 'plain' ? findFileSafely(path) : findUnlessClosed(path)
    if (there === undefined || this.#isTaken(view, bucket, key)) return false
    const isIt = isRemoved(there, removed, playing)
    if (!isIt && !replaced.includes(there.inode)) return false
    if ((!isIt || playing !== 'first') && this.#isAwaited(view, bucket, key, there.inode)) return false
    removeFile(path, layout.bucket(bucket))
    return isIt
  }
}

function currentOf(view: Exclusive, bucket: string, key: string): StoredVersion | undefined {
  const row = view.get(rowKey('o', bucket, key))
  return row === undefined ? undefined : decodeVersion(key, row)
}

/** Versions whose files may still be at the key's plain path: renamed ones, and those that have ceased to be current. */
function versionsThatLeave(view: Exclusive, bucket: string, key: string): StoredVersion[] {
  const renamed = view.scan(rowsOf('q', bucket, key)).flatMap(({ value }) => {
    const { renamedTo, order } = decodePending(value)
    return (renamedTo === undefined ? undefined : locate(view, bucket, renamedTo, order)?.version) ?? []
  })
  const older = view.scan(rowsOf('v', bucket, key), { limit: olderVersionsMax })
  return [...renamed, ...older.map(({ value }) => decodeVersion(key, value))]
}

/** Where its file is, or that it is nowhere, is known by now. */
function noteArrived(view: Exclusive, { bucket, key }: Pending, order: string): void {
  const located = locate(view, bucket, key, order)
  if (located === undefined) return
  const { isArriving: _, ...arrived } = located.version
  view.put(located.row, encodeVersion(arrived))
}

/** A row may be played again when the inode is that of another file. A power loss may have taken the file's time back. */
const isRemoved = (there: FileSignature, { inode, mtimeMs = there.mtimeMs }: RemovedFile, playing: Playing): boolean =>
  there.inode === inode && (there.mtimeMs === mtimeMs || typeof playing === 'object')

/** After a restore from a copy, whose files have other inodes but kept their size and time. */
function isCopy(there: FileSignature, known: FileSignature, playing: Playing): boolean {
  if (typeof playing !== 'object' || playing.inodes.has(there.inode)) return false
  return there.sizeBytes === known.sizeBytes && there.mtimeMs === known.mtimeMs
}

/** Not behind a symbolic link: what is there is not in the bucket. */
function isReachable(layout: Layout, bucket: string, path: string): boolean {
  const folder = layout.bucket(bucket)
  return !path.startsWith(folder + sep) || isInside(folder, path)
}

/** findFileSafely; undefined also for what is not reachable. */
function findReachable(layout: Layout, bucket: string, path: string): FileSignature | undefined {
  return isReachable(layout, bucket, path) ? findFileSafely(path) : undefined
}

/** findFileSafely; undefined also in a folder that the server may not look into. */
function findUnlessClosed(path: string): FileSignature | undefined {
  try {
    return findFileSafely(path)
  } catch (error) {
    if (hasCode(error, 'EACCES')) return undefined
    throw error
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

const holds = (path: string, { sizeBytes }: FileSignature, bytes: Uint8Array): boolean =>
  sizeBytes === bytes.byteLength && Buffer.compare(fs.readFileSync(path), bytes) === 0
