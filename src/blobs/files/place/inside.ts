/**
 * Symbolic links are never followed, neither in a bucket nor as a bucket: what is behind one is not in the bucket, and a link within
 * the bucket would give one file two keys.
 */
import fs from 'node:fs'
import { dirname, sep } from 'node:path'
import { hasCode } from '#lib/system/error-code.ts'

/** Whether no folder from the bucket's own down to that of `path`, as far as they exist, is a symbolic link. */
export function isInside(bucketFolder: string, path: string): boolean {
  const folder = dirname(path)
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
