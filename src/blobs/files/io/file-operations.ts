/**
 * File operations of the publishing protocol. They are synchronous, since they touch memory alone (small files in the page cache,
 * names in folders) and take microseconds, where a turn through the thread pool takes fifty. Threads that create and rename in one
 * folder wait for its lock besides: through the pool a durable PUT took half as much CPU again, and other requests waited no less.
 * What does wait for a disk, a sync, is done elsewhere, but for what a start restores.
 */
import fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, sep } from 'node:path'
import type { FileSignature } from '#blobs/files/place/file-ref.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { libc } from '#lib/system/libc.ts'

export function signatureOf(stats: fs.Stats): FileSignature {
  return { inode: stats.ino, sizeBytes: stats.size, mtimeMs: stats.mtimeMs }
}

export function isSameFile(a: FileSignature, b: FileSignature): boolean {
  return a.inode === b.inode && a.sizeBytes === b.sizeBytes && a.mtimeMs === b.mtimeMs
}

/** The signature of a regular file; undefined if there is none (a symbolic link is none). */
export function findFile(path: string): FileSignature | undefined {
  const stats = fs.lstatSync(path, { throwIfNoEntry: false })
  return stats?.isFile() === true ? signatureOf(stats) : undefined
}

/** findFile where a parent may not be a folder. */
export function findFileSafely(path: string): FileSignature | undefined {
  const stats = lstatSafely(path)
  return stats?.isFile() === true ? signatureOf(stats) : undefined
}

/** Undefined also where a parent is not a folder, or no file can have this name. */
export function lstatSafely(path: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if (hasCode(error, 'ENOTDIR', 'ENAMETOOLONG', 'ENOENT', 'EINVAL')) return undefined
    throw error
  }
}

const forNewFile = fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_WRONLY
const forOldFile = fs.constants.O_WRONLY | (fs.constants.O_NOFOLLOW ?? 0)

/**
 * Writes a file that is not there yet or, with `oldBytes`, one of this size that nobody reads, unless it is gone. None is left if it could
 * not be written.
 */
export function writeSmallFile(
  path: string,
  bytes: Uint8Array,
  { isSynced = false, oldBytes }: { isSynced?: boolean; oldBytes?: number | undefined } = {},
): FileSignature {
  const old = oldBytes === undefined ? undefined : openOldFile(path)
  const fd = old ?? fs.openSync(path, forNewFile, 0o644)
  try {
    let offset = 0
    while (offset < bytes.byteLength) offset += fs.writeSync(fd, bytes, offset)
    if (old !== undefined && oldBytes !== undefined && oldBytes > bytes.byteLength)
      fs.ftruncateSync(fd, bytes.byteLength)
    if (isSynced) fs.fdatasyncSync(fd)
    return signatureOf(fs.fstatSync(fd))
  } catch (error) {
    tryToRemove(path)
    throw error
  } finally {
    fs.closeSync(fd)
  }
}

/** Undefined if it is gone. */
function openOldFile(path: string): number | undefined {
  try {
    return fs.openSync(path, forOldFile)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    tryToRemove(path)
    throw error
  }
}

/** Like `fs.rmSync(force)`, without building an Error for a missing file (3 % of a small PUT). */
export function removeIfThere(path: string): void {
  if (fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined) fs.rmSync(path, { force: true })
}

/** For files that are only in the way: that one cannot be removed must not hide why it was to be. */
export function tryToRemove(path: string): void {
  try {
    fs.rmSync(path, { force: true })
  } catch {
    // A start removes what is left in staging.
  }
}

/**
 * For folders that are only in the way. To give back the blocks of large files takes long, and is done in threads. Never throws: what
 * cannot be removed now is removed at the next start.
 */
export async function tryToRemoveFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined)
}

export interface OpenFile {
  readonly fd: number
  readonly signature: FileSignature
  readonly ctimeMs: number
}

/** Not even to wait for the writer of a named pipe. */
export const forReading = fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0)

/** Opens for reading without following a symbolic link; undefined if there is nothing to open. */
export function openFile(path: string): OpenFile | undefined {
  try {
    return asFile(fs.openSync(path, forReading))
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EISDIR', 'ENXIO')) return undefined
    throw error
  }
}

/** What was opened, if it is a regular file. Anything else is closed. */
export function asFile(fd: number): OpenFile | undefined {
  let isRight = false
  try {
    const stats = fs.fstatSync(fd)
    isRight = stats.isFile()
    return isRight ? { fd, signature: signatureOf(stats), ctimeMs: stats.ctimeMs } : undefined
  } finally {
    if (!isRight) fs.closeSync(fd)
  }
}

export function readWhole(fd: number, sizeBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  let offset = 0
  while (offset < sizeBytes) {
    const read = fs.readSync(fd, bytes, offset, sizeBytes - offset, offset)
    if (read === 0) throw new Error('the file is shorter than its record says')
    offset += read
  }
  return bytes
}

/** The bytes of the file of this signature; undefined if there is none, or another. */
export function readSame(path: string, signature: FileSignature): Buffer | undefined {
  const file = openFile(path)
  if (file === undefined) return undefined
  try {
    return isSameFile(file.signature, signature) ? readWhole(file.fd, signature.sizeBytes) : undefined
  } finally {
    fs.closeSync(file.fd)
  }
}

const largeBytes = 16 * 1024 * 1024

/**
 * Does what takes the last name of the file at `path` from it. To give back the blocks of a large one takes long (1 GiB: a third of a
 * second): the file stays open meanwhile, so that it is done in the thread that closes it, and nobody waits.
 */
export function letGo<T>(path: string, act: () => T): T {
  const fd = openIfLarge(path)
  try {
    return act()
  } finally {
    if (fd !== undefined) fs.close(fd, () => undefined)
  }
}

function openIfLarge(path: string): number | undefined {
  // There an open file cannot be replaced.
  if (process.platform === 'win32') return undefined
  try {
    const stats = fs.lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined || !stats.isFile() || stats.size < largeBytes) return undefined
    return fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW)
  } catch {
    return undefined
  }
}

/** Renames, making the target's folders if they are missing. */
export function moveFile(from: string, to: string): void {
  letGo(to, () => {
    try {
      fs.renameSync(from, to)
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || !fs.existsSync(from)) throw error
      fs.mkdirSync(dirname(to), { recursive: true })
      fs.renameSync(from, to)
    }
  })
}

/** Before it is moved to where it is to stay. Another user's file cannot be protected; no other user gets at it there. */
export function protectFile(path: string): void {
  try {
    fs.chmodSync(path, 0o400)
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'EPERM')) throw error
  }
}

const ext4 = 0xef53

/**
 * Whether to replace a file by exchange. ext4 writes a file to the disk at once when it is renamed onto another, for programs that do
 * not sync: that takes longer than everything else about a small file, and is of no use to one whose bytes the log has.
 */
export function isExchangeWorthwhile(folder: string): boolean {
  return process.platform === 'linux' && fs.statfsSync(folder).type === ext4
}

/**
 * Moves a file onto another as a rename would, but the old one has the name `from` afterwards. False, and nothing is done, if there are
 * not two files, or the file system does not do this. If it throws, it is not known whose names these are.
 */
export function exchangeFiles(from: string, to: string): boolean {
  // Not even for a moment may a folder of the user's be in staging.
  if (findFileSafely(to) === undefined) return false
  try {
    libc.exchange(from, to)
  } catch {
    return false
  }
  const replaced = fs.lstatSync(from, { throwIfNoEntry: false })
  if (replaced === undefined || replaced.isFile()) return true
  // Somebody has just put a folder or a link there: it is given back.
  libc.exchange(from, to)
  return false
}

/**
 * moveFile below `root`, a folder that is not made again: whoever removed it did so for good. False if it, the source, or just now the
 * target's folder is gone.
 */
export function moveFileBelow(root: string, from: string, to: string): boolean {
  for (const isLast of [false, true]) {
    try {
      fs.renameSync(from, to)
      return true
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
      if (!isLast && !makeFoldersBelow(root, dirname(to))) return false
    }
  }
  return false
}

/** False if `root` is not there. */
function makeFoldersBelow(root: string, folder: string): boolean {
  let path = root
  for (const segment of folder.slice(root.length).split(sep).filter(Boolean)) {
    path += sep + segment
    try {
      fs.mkdirSync(path)
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false
      if (!hasCode(error, 'EEXIST')) throw error
    }
  }
  return true
}

/** Removes a file and the folders it leaves empty, below `root`. */
export function removeFile(path: string, root: string): void {
  letGo(path, () => fs.rmSync(path, { force: true }))
  pruneFolders(path, root)
}

/** Removes the folders of `path` that are empty, up to but not including `root`; none if it is not below. */
export function pruneFolders(path: string, root: string): void {
  if (!path.startsWith(root + sep)) return
  for (let folder = dirname(path); folder.length > root.length; folder = dirname(folder)) {
    try {
      fs.rmdirSync(folder)
    } catch {
      return
    }
  }
}
