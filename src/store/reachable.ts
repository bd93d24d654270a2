/** Files at paths of a bucket that may lead out of it, or into a folder that the server may not look into. */
import { sep } from 'node:path'
import { findFileSafely, hasCode } from '#blobs/files.ts'
import { isInside } from '#blobs/inside.ts'
import type { Layout } from '#blobs/layout.ts'
import type { FileSignature } from '#model/object.ts'

/** Not behind a symbolic link: what is there is not in the bucket. */
export function isReachable(layout: Layout, bucket: string, path: string): boolean {
  const folder = layout.bucket(bucket)
  return !path.startsWith(folder + sep) || isInside(folder, path)
}

/** findFileSafely; undefined also for what is not reachable. */
export function findReachable(layout: Layout, bucket: string, path: string): FileSignature | undefined {
  return isReachable(layout, bucket, path) ? findFileSafely(path) : undefined
}

/** findFileSafely; undefined also in a folder that the server may not look into. */
export function findUnlessClosed(path: string): FileSignature | undefined {
  try {
    return findFileSafely(path)
  } catch (error) {
    if (hasCode(error, 'EACCES')) return undefined
    throw error
  }
}
