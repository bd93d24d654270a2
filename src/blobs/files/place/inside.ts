/**
 * Symbolic links are never followed, neither in a bucket nor as a bucket: files behind a link are not in the bucket,
 * and a link within the bucket would give one file two keys. Linux can open a path without following links in one call
 * (openat2). Without that call, or after it has found a link, each folder is checked.
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

/** O_PATH: a descriptor for fstat only, which neither reads nor writes. */
const forLooking = 0o10000000 | (fs.constants.O_NOFOLLOW ?? 0)
const toRead = libc.openHow(forReading)
const toLook = libc.openHow(forLooking)
const toLookAtFolder = libc.openHow(forLooking | (fs.constants.O_DIRECTORY ?? 0))

/** Whether none of the existing folders from the bucket's folder to that of `path` is a symbolic link. */
export function isInside(bucketFolder: string, path: string): boolean {
  const folder = path.slice(0, path.lastIndexOf(sep))
  const fd = libc.openWithoutLinks(folder, toLookAtFolder)
  if (typeof fd === 'string') return hasNoLink(bucketFolder, folder)
  fs.closeSync(fd)
  return true
}

/** Like openFile, if isInside is true for the path. */
export function openFileInside(bucketFolder: string, path: string): OpenFile | undefined {
  const fd = libc.openWithoutLinks(path, toRead)
  if (typeof fd === 'number') return asFile(fd)
  if (fd === 'ENOENT' || !isInside(bucketFolder, path)) return undefined
  return openFile(path)
}

/** Like openFile, for a file in the system folder. Uses the faster call if the system has it. */
export function openFileAside(path: string): OpenFile | undefined {
  const fd = libc.openWithoutLinks(path, toRead)
  if (typeof fd === 'number') return asFile(fd)
  return fd === 'ENOENT' ? undefined : openFile(path)
}

/** Like findFileSafely, if isInside is true for the path. */
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

/** Whether the path is a symbolic link. */
export function isLink(path: string): boolean {
  return fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
}
