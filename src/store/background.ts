/** What the store does unasked, as every process that shares it can see: files on their way to their places, and the scan. */
import { isLivingProcess } from '#lib/system/living-process.ts'
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

/** Looks for changes by hand, and tells how far that is. */
export async function scanAndTell({ engine, blobs }: StoreContext, signal: AbortSignal): Promise<void> {
  const row = { processId: process.pid, startedAtMs: Date.now() }
  let folders = 0
  let notedAtMs = row.startedAtMs
  const note = async (more: Partial<ScanRow> = {}) => {
    notedAtMs = Date.now()
    const value = encodeJson({ ...row, folders, ...more })
    await engine.commit({ checks: [], writes: [{ key: scanKey, value }] })
  }
  const onFolder = () => {
    folders++
    if (Date.now() - notedAtMs > noteEveryMs) void note().catch(() => {})
  }
  await note()
  try {
    await blobs.byHand?.scan({ signal, onFolder })
    if (!signal.aborted) await note({ endedAtMs: Date.now() })
  } catch (error) {
    if (!signal.aborted) await note({ endedAtMs: Date.now(), hasFailed: true })
    throw error
  }
}

export async function backgroundWork({ engine, blobs }: StoreContext): Promise<BackgroundWork> {
  const [work, uploads, scan, scrub] = await Promise.all([
    blobs.work(countedMax),
    engine.scan(rowsOf('u'), { limit: countedMax }),
    engine.get(scanKey),
    findScrub({ engine }),
  ])
  return {
    ...work,
    countedMax,
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
