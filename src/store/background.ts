/** What the store does unasked, as every process that shares it can see: files on their way to their places, and the scan. */
import fs from 'node:fs/promises'
import { join } from 'node:path'
import { type ScanOptions, scanBuckets } from '#blobs/files/by-hand/scan.ts'
import { hasCode } from '#blobs/files/io/file-operations.ts'
import { decodePending, smallBytesOf } from '#blobs/files/moves/pending.ts'
import { isSpare } from '#blobs/files/staging/spares.ts'
import { isLivingProcess } from '#lib/system/living-process.ts'
import { timeOfOrder } from '#metadata/order.ts'
import { decodeJson, encodeJson, rowKey, rowsOf } from '#metadata/tables.ts'
import type { StoreContext } from './context.ts'
import type { BackgroundWork } from './contract.ts'
import { findScrub } from './fsck/scrub.ts'

interface ScanRow {
  readonly processId: number
  readonly startedAtMs: number
  readonly endedAtMs?: number
  readonly folders: number
  readonly hasFailed?: boolean
}

const countedMax = 1000
const noteEveryMs = 2000
const scanKey = rowKey('g', 'scan')

/** The scan, which tells how far it is. */
export async function scanAndTell(context: StoreContext, options: ScanOptions): Promise<void> {
  const row = { processId: process.pid, startedAtMs: Date.now() }
  let folders = 0
  let notedAtMs = row.startedAtMs
  const note = async (more: Partial<ScanRow> = {}) => {
    notedAtMs = Date.now()
    const value = encodeJson({ ...row, folders, ...more })
    await context.engine.commit({ checks: [], writes: [{ key: scanKey, value }] })
  }
  const onFolder = (bucket: string, prefix: string) => {
    folders++
    options.onFolder?.(bucket, prefix)
    if (Date.now() - notedAtMs > noteEveryMs) void note().catch(() => {})
  }
  await note()
  try {
    await scanBuckets(context, { ...options, onFolder })
    if (!options.signal.aborted) await note({ endedAtMs: Date.now() })
  } catch (error) {
    if (!options.signal.aborted) await note({ endedAtMs: Date.now(), hasFailed: true })
    throw error
  }
}

export async function backgroundWork({ engine, layout }: StoreContext): Promise<BackgroundWork> {
  const [pending, uploads, scan, stagedFiles, scrub] = await Promise.all([
    engine.scan(rowsOf('q'), { limit: countedMax }),
    engine.scan(rowsOf('u'), { limit: countedMax }),
    engine.get(scanKey),
    countFiles(layout.system('staging')),
    findScrub({ engine }),
  ])
  const writes = pending.map(({ value }) => decodePending(value))
  return {
    countedMax,
    pendingWrites: writes.length,
    pendingBytes: writes.reduce((sum, pending) => sum + (smallBytesOf(pending) ?? 0), 0),
    oldestPendingMs: writes.length === 0 ? undefined : Math.min(...writes.map(({ order }) => timeOfOrder(order))),
    stagedFiles,
    openUploads: uploads.length,
    scrub,
    scan: scan === undefined ? undefined : stateOf(decodeJson<ScanRow>(scan)),
  }
}

function stateOf({ processId, startedAtMs, endedAtMs, folders, hasFailed }: ScanRow): BackgroundWork['scan'] {
  const isRunning = endedAtMs === undefined && isLivingProcess(processId)
  const state = isRunning ? 'running' : endedAtMs === undefined || hasFailed ? 'interrupted' : 'done'
  return { state, startedAtMs, endedAtMs, folders }
}

async function countFiles(path: string): Promise<number> {
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
