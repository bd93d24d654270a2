/**
 * File operations of the publishing protocol. They are synchronous: they work on the page cache and on names in
 * folders, which takes a few microseconds, while a call through the thread pool takes 50. Threads that create and
 * rename in one folder also wait for its lock: through the pool a durable PUT took 50 % more CPU, and other requests
 * waited as long. Syncs, which wait for the disk, are asynchronous, except at a start after an unclean end.
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

/** Like findFile, for paths whose parent may not be a folder. */
export function findFileSafely(path: string): FileSignature | undefined {
  const stats = lstatSafely(path)
  return stats?.isFile() === true ? signatureOf(stats) : undefined
}

/** Undefined also if a parent is not a folder, or no file can have this name. */
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
 * Writes a new file. With `oldBytes`, overwrites a file of this size that no process has open, if it still exists.
 * Leaves no file behind if it fails.
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

/** Undefined if the file no longer exists. */
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

/** Never throws: used after an error, which must not be replaced by an error of the removal. */
export function tryToRemove(path: string): void {
  try {
    fs.rmSync(path, { force: true })
  } catch {
    // The next start removes what is left in staging.
  }
}

/**
 * Removes a folder in threads, since freeing the blocks of large files takes long. Never throws: what cannot be removed
 * now is removed at the next start.
 */
export async function tryToRemoveFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined)
}

export interface OpenFile {
  readonly fd: number
  readonly signature: FileSignature
  readonly ctimeMs: number
}

/** Without following a link, and without waiting for the writer of a named pipe. */
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

/** Returns the file if the descriptor is of a regular file; otherwise closes it. */
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

/** The bytes of the file with this signature; undefined if the path has no such file. */
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
 * Runs `act`, which removes or replaces the file at `path`. Freeing the blocks of a large file takes long (300 ms for 1
 * GiB) and happens when the last descriptor is closed: a large file is kept open during `act`, and closed in another
 * thread.
 */
export function freeInThread<T>(path: string, act: () => T): T {
  const fd = openIfLarge(path)
  try {
    return act()
  } finally {
    if (fd !== undefined) fs.close(fd, () => undefined)
  }
}

function openIfLarge(path: string): number | undefined {
  // Windows cannot replace an open file.
  if (process.platform === 'win32') return undefined
  try {
    const stats = fs.lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined || !stats.isFile() || stats.size < largeBytes) return undefined
    return fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW)
  } catch {
    return undefined
  }
}

/** Renames a file, and creates the target's folders if they are missing. */
export function moveFile(from: string, to: string): void {
  freeInThread(to, () => {
    try {
      fs.renameSync(from, to)
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || !fs.existsSync(from)) throw error
      fs.mkdirSync(dirname(to), { recursive: true })
      fs.renameSync(from, to)
    }
  })
}

/**
 * Makes a file read-only before it is moved aside. A file of another user stays as it is: no other user can reach it
 * there.
 */
export const protectFile = (path: string): void => changeMode(path, 0o400)

/** Makes a file writable again that belongs to no version any more. */
export const unprotectFile = (path: string): void => changeMode(path, 0o644)

function changeMode(path: string, mode: number): void {
  try {
    fs.chmodSync(path, mode)
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'EPERM')) throw error
  }
}

const ext4 = 0xef53

/**
 * Whether to replace a file by exchange. ext4 writes a file to the disk at once when it is renamed onto another (for
 * programs that do not sync). That takes longer than the rest of a small PUT, and is not needed for a file whose bytes
 * are in the log.
 */
export function isExchangeWorthwhile(folder: string): boolean {
  return process.platform === 'linux' && fs.statfsSync(folder).type === ext4
}

/**
 * Exchanges the names of two files. Returns false, and changes nothing, if one of them is missing, or the file system
 * cannot exchange. After an exception it is unknown which file has which name.
 */
export function exchangeFiles(from: string, to: string): boolean {
  // A folder of the user must not be moved to staging, not even briefly.
  if (findFileSafely(to) === undefined) return false
  try {
    libc.exchange(from, to)
  } catch {
    return false
  }
  const replaced = fs.lstatSync(from, { throwIfNoEntry: false })
  if (replaced === undefined || replaced.isFile()) return true
  // A folder or a link was put there in the last moment: it is moved back.
  libc.exchange(from, to)
  return false
}

/**
 * Like moveFile, for a target below `root`. If `root` has been removed, it is not created again. False if `root`, the
 * source, or in the last moment the target's folder is gone.
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

/** False if `root` does not exist. */
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

/** Removes a file, and the folders below `root` that are empty afterwards. */
export function removeFile(path: string, root: string): void {
  freeInThread(path, () => fs.rmSync(path, { force: true }))
  pruneFolders(path, root)
}

/** Removes the empty parent folders of `path` up to `root`, which stays. Removes none if `path` is not below `root`. */
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
