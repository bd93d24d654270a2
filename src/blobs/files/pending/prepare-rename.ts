import { dirname } from 'node:path'
import type { FilesContext } from '#blobs/files/context.ts'
import { isPlaced } from '#blobs/files/open-file.ts'
import { placeOf } from '#blobs/files/place/file-ref.ts'
import { syncFolderIfThere } from '#lib/files/sync.ts'
import { rowKey } from '#metadata/tables.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { decodePending } from './pending.ts'

/**
 * Whether the version's file is in its place, and the row that moved it is finished. A file that is renamed twice is
 * searched under its last two names only, so the removal of the first name must be durable.
 */
export async function isSettledForRename(
  context: FilesContext,
  bucket: string,
  version: StoredVersion,
): Promise<boolean> {
  if (!isPlaced(context, bucket, version)) return false
  const { engine, durability, layout } = context
  const { key, order, blob } = version
  const row = await engine.get(rowKey('q', bucket, key, order))
  if (row === undefined || decodePending(row).source === undefined || durability === 'none') return true
  await syncFolderIfThere(dirname(layout.place(bucket, key, placeOf(blob))))
  return true
}
