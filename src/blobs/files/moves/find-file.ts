/** Where the file of a version is, while moves of this or another process may be under way. */
import { sep } from 'node:path'
import { findFileSafely } from '#blobs/files/io/file-operations.ts'
import type { Pending } from '#blobs/files/pending/pending.ts'
import { type FileSignature, placeOf } from '#blobs/files/place/file-ref.ts'
import { isInside } from '#blobs/files/place/inside.ts'
import { isPlainKey, type Layout } from '#blobs/files/place/layout.ts'
import { hasCode } from '#lib/system/error-code.ts'
import type { BlobRef } from '#metadata/blob-ref.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'

/** After an unclean end a file is trusted only as far as it is known. */
export interface Recovery {
  /** Inodes of files that rows of the log tell of: none of these was made by hand. */
  readonly inodes: ReadonlySet<number>
}

/** `again`: maybe, on behalf of a reader. */
export type Playing = 'first' | 'again' | Recovery

type Moved = Pick<Pending, 'bucket' | 'key'> & { readonly source?: Pending['source'] | undefined }

/** A file that is being moved meanwhile is found at the second look, or the third. */
export const looks = 3

/** First looked for where the record says that it is. */
export function findVersionFile(
  layout: Layout,
  { bucket, key, source }: Moved,
  { blob }: StoredVersion,
  playing: Playing,
): string | undefined {
  const { id } = blob
  const place = placeOf(blob)
  const isIt = (there: FileSignature) => there.inode === blob.stamp || isCopy(there, blob, playing)
  // No other version's file has such a name.
  const ownNames = [
    layout.place(bucket, key, { kind: 'version', id }),
    layout.place(bucket, key, { kind: 'opaque', id }),
    layout.assembled(id),
  ]
  // Here another file may be: one that was replaced, or a newer version's.
  const sharedNames = [layout.staging(id), layout.taken(id)]
  // Once a renamed file has arrived, its old path is another's; a power loss may have brought it back.
  const mayBeAtSource = blob.isArriving !== undefined || typeof playing === 'object'
  if (source !== undefined && mayBeAtSource) sharedNames.push(layout.place(bucket, source.key, source.place))
  // One that is kept aside may have been plain before.
  if (isPlainKey(key)) sharedNames.push(layout.plain(bucket, key))
  const target = layout.place(bucket, key, place)
  return [target, ...ownNames, ...sharedNames].find((path) => {
    const there = findReachable(layout, bucket, path)
    return there !== undefined && (ownNames.includes(path) || isIt(there))
  })
}

/** Whether the version's file is in none of the places where it may be. `rows`: of its key, oldest first. */
export function isNowhere(layout: Layout, bucket: string, version: StoredVersion, rows: readonly Pending[]): boolean {
  for (let look = 0; look < looks; look++) {
    const isFound = [{ source: undefined }, ...rows].some(
      ({ source }) => findVersionFile(layout, { bucket, key: version.key, source }, version, 'again') !== undefined,
    )
    if (isFound) return false
  }
  return true
}

/** After a restore from a copy, whose files have other inodes but kept their size and time. */
function isCopy(there: FileSignature, known: BlobRef, playing: Playing): boolean {
  if (typeof playing !== 'object' || playing.inodes.has(there.inode)) return false
  return there.sizeBytes === known.sizeBytes && there.mtimeMs === known.secondStamp
}

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
