/**
 * Symbolic links are never followed, neither in a bucket nor as a bucket: what is behind one is not in the bucket, and a link within
 * the bucket would give one file two keys. Linux opens without following any, in one call; where it cannot, or meets a link, each
 * folder is looked at.
 */
import fs from 'node:fs'
import { sep } from 'node:path'
import {
  asFile,
  findFileSafely,
  forReading,
  type OpenFile,
  openFile,
  signatureOf,
} from '#blobs/files/io/file-operations.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { libc } from '#lib/system/libc.ts'
import type { FileSignature } from './file-ref.ts'

/** O_PATH: a descriptor that tells of what is there, and neither reads nor writes it. */
const forLooking = 0o10000000 | (fs.constants.O_NOFOLLOW ?? 0)
const toRead = libc.openHow(forReading)
const toLook = libc.openHow(forLooking)
const toLookAtFolder = libc.openHow(forLooking | (fs.constants.O_DIRECTORY ?? 0))

/** Whether no folder from the bucket's own down to that of `path`, as far as they exist, is a symbolic link. */
export function isInside(bucketFolder: string, path: string): boolean {
  const folder = path.slice(0, path.lastIndexOf(sep))
  const fd = libc.openWithoutLinks(folder, toLookAtFolder)
  if (typeof fd === 'string') return hasNoLink(bucketFolder, folder)
  fs.closeSync(fd)
  return true
}

/** openFile of a file for which isInside holds. */
export function openFileInside(bucketFolder: string, path: string): OpenFile | undefined {
  const fd = libc.openWithoutLinks(path, toRead)
  if (typeof fd === 'number') return asFile(fd)
  if (fd === 'ENOENT' || !isInside(bucketFolder, path)) return undefined
  return openFile(path)
}

/** openFile of a file in the system folder, in the quicker way where that works. */
export function openFileAside(path: string): OpenFile | undefined {
  const fd = libc.openWithoutLinks(path, toRead)
  if (typeof fd === 'number') return asFile(fd)
  return fd === 'ENOENT' ? undefined : openFile(path)
}

/** findFileSafely of a file for which isInside holds. */
export function findFileInside(bucketFolder: string, path: string): FileSignature | undefined {
  const fd = libc.openWithoutLinks(path, toLook)
  if (typeof fd === 'string') {
    return fd === 'ENOENT' || !isInside(bucketFolder, path) ? undefined : findFileSafely(path)
  }
  try {
    const stats = fs.fstatSync(fd)
    return stats.isFile() ? signatureOf(stats) : undefined
  } finally {
    fs.closeSync(fd)
  }
}

function hasNoLink(bucketFolder: string, folder: string): boolean {
  for (let end = bucketFolder.length; ; end = folder.indexOf(sep, end + 1)) {
    const at = end === -1 ? folder : folder.slice(0, end)
    try {
      const stats = fs.lstatSync(at, { throwIfNoEntry: false })
      if (stats === undefined) return true
      if (!stats.isDirectory()) return !stats.isSymbolicLink()
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EACCES')) throw error
      return true
    }
    if (at.length >= folder.length) return true
  }
}

/** Whether the bucket's folder is what stands at its path, or nothing does. */
export function isLink(path: string): boolean {
  return fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
}
