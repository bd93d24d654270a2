/** Makes the files of settled rows durable in their places. */
import { dirname } from 'node:path'
import type { Pending } from '#blobs/files/pending/pending.ts'
import { placeOf } from '#blobs/files/place/file-ref.ts'
import { isPlainKey, type Layout } from '#blobs/files/place/layout.ts'
import type { TroubleLog } from '#blobs/trouble-log.ts'
import { syncFolderIfThere, syncIfThere } from '#lib/files/sync.ts'
import { libc } from '#lib/system/libc.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { rowKey } from '#metadata/tables.ts'
import { decodeVersion } from '#metadata/version-codec.ts'

/** Without the bytes, which would use much memory for the writes of a second. */
export type SettledRow = Pick<Pending, 'bucket' | 'key' | 'order' | 'moved'>

interface SyncOptions {
  readonly engine: MetadataEngine
  readonly layout: Layout
  readonly troubles: TroubleLog
}

/** Returns the rows whose files are durable, and the others. */
export async function syncRows(
  { engine, layout, troubles }: SyncOptions,
  settled: readonly SettledRow[],
): Promise<{ synced: readonly SettledRow[]; failed: readonly SettledRow[] }> {
  if (libc.canSyncVolume()) {
    await libc.syncVolume(layout.root)
    return { synced: settled, failed: [] }
  }
  const synced: SettledRow[] = []
  const failed: SettledRow[] = []
  const folders = new Set<string>()
  for (const row of settled) {
    try {
      for (const path of await pathsOf(engine, layout, row)) {
        await syncIfThere(path)
        await syncFolderOnce(dirname(path), layout.root, folders)
      }
      synced.push(row)
    } catch (error) {
      troubles.tellOfFile('error', error, row, 'a file could not be synced; its log row is kept')
      failed.push(row)
    }
  }
  return { synced, failed }
}

async function syncFolderOnce(path: string, root: string, folders: Set<string>): Promise<void> {
  if (folders.has(path)) return
  let folder = path
  // A folder that was removed meanwhile: its parent has to be synced instead.
  while (!(await syncFolderIfThere(folder)) && folder.length > root.length) folder = dirname(folder)
  folders.add(path)
}

/** The present and former paths of a row's files. */
async function pathsOf(engine: MetadataEngine, layout: Layout, { bucket, key, moved }: SettledRow): Promise<string[]> {
  const rows = await engine.getMany([
    rowKey('o', bucket, key),
    ...moved.map((order) => rowKey('v', bucket, key, order)),
  ])
  const paths = isPlainKey(key) ? [layout.plain(bucket, key)] : []
  for (const value of rows) {
    if (value === undefined) continue
    const { blob, lock } = decodeVersion(key, value)
    paths.push(layout.place(bucket, key, placeOf(blob)))
    if (lock !== undefined) paths.push(layout.lockRecord(bucket, blob.id))
  }
  return paths
}
