/** What is under way: rows of files on their way to their places, and files that wait for that. */
import fs from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobWork } from '#blobs/contract/blob-store.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { timeOfOrder } from '#metadata/order.ts'
import { rowsOf } from '#metadata/tables.ts'
import type { FilesContext } from './context.ts'
import { decodePending, smallBytesOf } from './moves/pending.ts'
import { isSpare } from './staging/spares.ts'

export async function workOf({ engine, layout }: FilesContext, countedMax: number): Promise<BlobWork> {
  const [pending, stagedFiles] = await Promise.all([
    engine.scan(rowsOf('q'), { limit: countedMax }),
    countFiles(layout.system('staging'), countedMax),
  ])
  const writes = pending.map(({ value }) => decodePending(value))
  return {
    pendingWrites: writes.length,
    pendingBytes: writes.reduce((sum, pending) => sum + (smallBytesOf(pending) ?? 0), 0),
    oldestPendingMs: writes.length === 0 ? undefined : Math.min(...writes.map(({ order }) => timeOfOrder(order))),
    stagedFiles,
  }
}

async function countFiles(path: string, countedMax: number): Promise<number> {
  let count = 0
  try {
    for await (const entry of await fs.opendir(path, { recursive: true })) {
      if (entry.isFile() && (await isStaged(join(entry.parentPath, entry.name))) && ++count >= countedMax) break
    }
  } catch (error) {
    // A start removes the folder of a process that is no more.
    if (!hasCode(error, 'ENOENT')) throw error
  }
  return count
}

/** Not a spare, nor gone since it was listed. */
async function isStaged(path: string): Promise<boolean> {
  try {
    return !isSpare(await fs.lstat(path))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}
