/**
 * File operations of the publishing protocol. What touches memory alone (reading, writing and looking at small files in the page
 * cache) is synchronous: it takes a few microseconds, where a turn through the thread pool takes fifty. What a file system may make
 * wait for its disk (creating, renaming) goes through the pool on the way of a request, so that many wait together.
 */
import fs from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { dirname, sep } from 'node:path'
import type { FileSignature } from '#model/object.ts'

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
  try {
    return findFile(path)
  } catch (error) {
    if (hasCode(error, 'ENOTDIR', 'ENAMETOOLONG', 'ENOENT', 'EINVAL')) return undefined
    throw error
  }
}

const forNewFile = fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_WRONLY

/** writeSmallFile for the way of a request. */
export function createSmallFile(path: string, bytes: Uint8Array): Promise<FileSignature> {
  return new Promise((resolve, reject) => {
    fs.open(path, forNewFile, 0o644, (error, fd) => {
      if (error !== null) return reject(error)
      try {
        resolve(fillSmallFile(fd, path, bytes, false))
      } catch (failure) {
        reject(failure)
      }
    })
  })
}

export function writeSmallFile(path: string, bytes: Uint8Array, { isSynced = false } = {}): FileSignature {
  return fillSmallFile(fs.openSync(path, forNewFile, 0o644), path, bytes, isSynced)
}

/** Closes the descriptor. */
function fillSmallFile(fd: number, path: string, bytes: Uint8Array, isSynced: boolean): FileSignature {
  try {
    let offset = 0
    while (offset < bytes.byteLength) offset += fs.writeSync(fd, bytes, offset)
    if (isSynced) fs.fdatasyncSync(fd)
    return signatureOf(fs.fstatSync(fd))
  } catch (error) {
    tryToRemove(path)
    throw error
  } finally {
    fs.closeSync(fd)
  }
}

/** For files that are only in the way: that one cannot be removed must not hide why it was to be. */
export function tryToRemove(path: string): void {
  try {
    fs.rmSync(path, { force: true })
  } catch {
    // A start removes what is left in staging.
  }
}

/** Opens for reading without following a symbolic link; undefined if there is nothing to open. */
export function openFile(path: string): { fd: number; signature: FileSignature } | undefined {
  let fd: number
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0))
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EISDIR', 'ENXIO')) return undefined
    throw error
  }
  let isRight = false
  try {
    const stats = fs.fstatSync(fd)
    isRight = stats.isFile()
    return isRight ? { fd, signature: signatureOf(stats) } : undefined
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

/** Renames, making the target's folders if they are missing. */
export function moveFile(from: string, to: string): void {
  try {
    fs.renameSync(from, to)
  } catch (error) {
    if (!hasCode(error, 'ENOENT') || !fs.existsSync(from)) throw error
    fs.mkdirSync(dirname(to), { recursive: true })
    fs.renameSync(from, to)
  }
}

/**
 * moveFile for the way of a request. False if the source, or just now the target's folder, is gone. `root`, a folder above the target,
 * is not made again: whoever removed it did so for good.
 */
export async function moveFileInPool(from: string, to: string, root: string): Promise<boolean> {
  for (const isLast of [false, true]) {
    try {
      await rename(from, to)
      return true
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
      if (!isLast && !(await makeFoldersBelow(root, dirname(to)))) return false
    }
  }
  return false
}

/** False if `root` is not there. */
async function makeFoldersBelow(root: string, folder: string): Promise<boolean> {
  let path = root
  for (const segment of folder.slice(root.length).split(sep).filter(Boolean)) {
    path += sep + segment
    try {
      await mkdir(path)
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false
      if (!hasCode(error, 'EEXIST')) throw error
    }
  }
  return true
}

/** Removes a file and the folders it leaves empty, below `root`. */
export function removeFile(path: string, root: string): void {
  fs.rmSync(path, { force: true })
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

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
