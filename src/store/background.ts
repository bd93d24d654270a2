/** The work of a store on its own files, as every process that shares it can show it. */
import fs from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '#blobs/files.ts'
import { isSpare } from '#blobs/spares.ts'
import { decodeJson, encodeJson, rowKey, rowsOf } from '#metadata/tables.ts'
import type { Figure, WorkStatus } from '#model/work-status.ts'
import type { StoreContext } from './context.ts'
import { timeOfOrder } from './order.ts'
import { decodePending, smallBytesOf } from './pending.ts'
import { type ScanOptions, scanBuckets } from './scan.ts'

interface ScanRow {
  readonly startedAtMs: number
  /** When the row was written. A scan in progress writes it every few seconds. */
  readonly notedAtMs?: number
  readonly endedAtMs?: number
  readonly folders: number
  readonly hasFailed?: boolean
}

const countedMax = 1000
const noteEveryMs = 5000
/** A scan with an older row was interrupted. Processes that share plain files share the clock of their machine. */
const silentMs = 3 * noteEveryMs
/** Longer than this, a file waits for something that does not come. */
const slowMs = 60_000
const scanKey = rowKey('g', 'scan')

/** Scans, and keeps a row of the progress. */
export async function scanAndTell(context: StoreContext, options: ScanOptions): Promise<void> {
  const { clock, engine } = context
  const startedAtMs = clock.nowMs()
  let folders = 0
  let stopNoting = () => {}
  const note = async (more: Partial<ScanRow> = {}) => {
    const row: ScanRow = { startedAtMs, notedAtMs: clock.nowMs(), folders, ...more }
    await engine.commit({ checks: [], writes: [{ key: scanKey, value: encodeJson(row) }] })
  }
  const noteLater = () => {
    stopNoting = clock.after(noteEveryMs, () => {
      void note().catch(() => {})
      noteLater()
    })
  }
  const onFolder = (bucket: string, prefix: string) => {
    folders++
    options.onFolder?.(bucket, prefix)
  }
  await note()
  noteLater()
  try {
    await scanBuckets(context, { ...options, onFolder })
    stopNoting()
    if (!options.signal.aborted) await note({ endedAtMs: clock.nowMs() })
  } catch (error) {
    if (!options.signal.aborted) await note({ endedAtMs: clock.nowMs(), hasFailed: true })
    throw error
  } finally {
    stopNoting()
  }
}

export async function storeStatus(context: StoreContext, watches: boolean): Promise<WorkStatus[]> {
  const [settling, staging, uploads, scan] = await Promise.all([
    settlingStatus(context),
    stagingStatus(context),
    uploadsStatus(context),
    scanStatus(context),
  ])
  return [settling, staging, uploads, scan, watcherStatus(watches)]
}

async function settlingStatus({ engine, clock }: StoreContext): Promise<WorkStatus> {
  const rows = await engine.scan(rowsOf('q'), { limit: countedMax })
  const writes = rows.map(({ value }) => decodePending(value))
  const bytes = writes.reduce((sum, pending) => sum + (smallBytesOf(pending) ?? 0), 0)
  const oldestMs = writes.length === 0 ? undefined : Math.min(...writes.map(({ order }) => timeOfOrder(order)))
  const isSlow = oldestMs !== undefined && clock.nowMs() - oldestMs > slowMs
  return {
    name: 'settling',
    title: 'Files moving to their places',
    what: 'Written to the index already, so that nothing is lost; their files follow within a second or two.',
    state: isSlow ? 'failed' : writes.length > 0 ? 'running' : 'idle',
    figures: [
      counted('writes', writes.length, ['write', 'writes']),
      { name: 'bytesInIndex', value: bytes, unit: 'bytes', noun: ['in the index', 'in the index'] },
    ],
    startedAtMs: oldestMs,
    mayStartByHand: false,
  }
}

async function stagingStatus({ layout }: StoreContext): Promise<WorkStatus> {
  const files = await countFiles(layout.system('staging'))
  return {
    name: 'staging',
    title: 'Arriving bodies',
    what: 'Kept in staging/ until they are whole; leftovers of a crash go at the next start.',
    state: files > 0 ? 'running' : 'idle',
    figures: [counted('files', files, ['file', 'files'])],
    mayStartByHand: false,
  }
}

async function uploadsStatus({ engine }: StoreContext): Promise<WorkStatus> {
  const uploads = (await engine.scan(rowsOf('u'), { limit: countedMax })).length
  return {
    name: 'uploads',
    title: 'Multipart uploads',
    what: 'They stay until they are completed or aborted, in the settings of their bucket.',
    state: uploads > 0 ? 'running' : 'idle',
    figures: [counted('uploads', uploads, ['upload in progress', 'uploads in progress'])],
    mayStartByHand: false,
  }
}

async function scanStatus({ engine, clock }: StoreContext): Promise<WorkStatus> {
  const value = await engine.get(scanKey)
  const row = value === undefined ? undefined : decodeJson<ScanRow>(value)
  const isOver = row === undefined || row.endedAtMs !== undefined
  const isRunning = !isOver && clock.nowMs() - (row.notedAtMs ?? 0) < silentMs
  const isFailed = row?.hasFailed === true || (!isOver && !isRunning)
  return {
    name: 'scan',
    title: 'Scan at the start',
    what: 'Looks for files changed by hand while no server ran; folders that have not changed are not read again.',
    starts: 'at the start',
    state: isFailed ? 'failed' : isRunning ? 'running' : 'idle',
    figures: row === undefined ? [] : [figure('folders', row.folders, ['folder', 'folders'])],
    startedAtMs: row?.startedAtMs,
    endedAtMs: row?.endedAtMs,
    problem: isFailed ? 'The last scan did not finish; the next start scans again.' : undefined,
    mayStartByHand: false,
  }
}

const watcherStatus = (watches: boolean): WorkStatus => ({
  name: 'watcher',
  title: 'Watcher',
  what: 'Files dropped in or removed by hand show in listings within a second or two (STORAGE_WATCH).',
  state: watches ? 'on' : 'off',
  figures: [],
  mayStartByHand: false,
})

const figure = (name: string, value: number, noun: Figure['noun']): Figure => ({ name, value, unit: 'count', noun })

/** A count that stops at `countedMax`. */
const counted = (name: string, value: number, noun: Figure['noun']): Figure => ({
  ...figure(name, value, noun),
  isAtLeast: value >= countedMax,
})

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
