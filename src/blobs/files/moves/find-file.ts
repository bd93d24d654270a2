/** Finds the file of a version while this or another process may be moving it. */
import { sep } from 'node:path'
import { findFileSafely } from '#blobs/files/io/file-operations.ts'
import type { Pending } from '#blobs/files/pending/pending.ts'
import { type FileSignature, placeOf } from '#blobs/files/place/file-ref.ts'
import { isInside } from '#blobs/files/place/inside.ts'
import { isPlainKey, type Layout } from '#blobs/files/place/layout.ts'
import { hasCode } from '#lib/system/error-code.ts'
import type { BlobRef } from '#metadata/blob-ref.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'

/** State of a recovery, in which only files that the log names are trusted. */
export interface Recovery {
  /** Inodes of the files that rows of the log name: these were not created by hand. */
  readonly inodes: ReadonlySet<number>
}

/** `again`: the row may have been played before, for example for a reader. */
export type Playing = 'first' | 'again' | Recovery

type Moved = Pick<Pending, 'bucket' | 'key'> & { readonly source?: Pending['source'] | undefined }

/** A file that is being moved is found at the second or third attempt. */
export const looks = 3

/** Searches at the recorded place first. */
export function findVersionFile(
  layout: Layout,
  { bucket, key, source }: Moved,
  { blob }: StoredVersion,
  playing: Playing,
): string | undefined {
  const { id } = blob
  const place = placeOf(blob)
  const isIt = (there: FileSignature) => there.inode === blob.stamp || isCopy(there, blob, playing)
  // Names that only this version's file has.
  const ownNames = [
    layout.place(bucket, key, { kind: 'version', id }),
    layout.place(bucket, key, { kind: 'opaque', id }),
    layout.assembled(id),
  ]
  // Names that another file may have: a replaced one, or that of a newer version.
  const sharedNames = [layout.staging(id), layout.taken(id)]
  // The old path of a renamed file counts only until the file has arrived, or after a power loss, which may restore the
  // old name.
  const mayBeAtSource = blob.isArriving !== undefined || typeof playing === 'object'
  if (source !== undefined && mayBeAtSource) sharedNames.push(layout.place(bucket, source.key, source.place))
  // A version that is kept aside may have been a plain file before.
  if (isPlainKey(key)) sharedNames.push(layout.plain(bucket, key))
  const target = layout.place(bucket, key, place)
  return [target, ...ownNames, ...sharedNames].find((path) => {
    const there = findReachable(layout, bucket, path)
    return there !== undefined && (ownNames.includes(path) || isIt(there))
  })
}

/** Whether the version's file is at none of its possible places. `rows`: the rows of its key, oldest first. */
export function isNowhere(layout: Layout, bucket: string, version: StoredVersion, rows: readonly Pending[]): boolean {
  for (let look = 0; look < looks; look++) {
    const isFound = [{ source: undefined }, ...rows].some(
      ({ source }) => findVersionFile(layout, { bucket, key: version.key, source }, version, 'again') !== undefined,
    )
    if (isFound) return false
  }
  return true
}

/** Whether this is the file after a restore from a copy: the inode differs, but size and time are the same. */
function isCopy(there: FileSignature, known: BlobRef, playing: Playing): boolean {
  if (typeof playing !== 'object' || playing.inodes.has(there.inode)) return false
  return there.sizeBytes === known.sizeBytes && there.mtimeMs === known.secondStamp
}

/** False behind a symbolic link: such files are not in the bucket. */
export function isReachable(layout: Layout, bucket: string, path: string): boolean {
  const folder = layout.bucket(bucket)
  return !path.startsWith(folder + sep) || isInside(folder, path)
}

/** Like findFileSafely; undefined also behind a symbolic link. */
export function findReachable(layout: Layout, bucket: string, path: string): FileSignature | undefined {
  return isReachable(layout, bucket, path) ? findFileSafely(path) : undefined
}

/** Like findFileSafely; undefined also in a folder that the server may not search. */
export function findUnlessClosed(path: string): FileSignature | undefined {
  try {
    return findFileSafely(path)
  } catch (error) {
    if (hasCode(error, 'EACCES')) return undefined
    throw error
  }
}
