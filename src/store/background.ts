/** The work of a store on its own files, as every process that shares the store can show it. */
import { decodeJson, encodeJson, rowKey, rowsOf } from '#metadata/tables.ts'
import type { Figure, WorkStatus } from '#model/work-status.ts'
import type { StoreContext } from './context.ts'

interface ScanRow {
  readonly startedAtMs: number
  /** The time when the row was written. A scan in progress writes it every few seconds. */
  readonly notedAtMs?: number
  readonly endedAtMs?: number
  readonly folders: number
  readonly hasFailed?: boolean
}

const countedMax = 1000
const noteEveryMs = 5000
/** A scan with an older row was interrupted. Processes that share plain files share the clock of their machine. */
const silentMs = 3 * noteEveryMs
const scanKey = rowKey('g', 'scan')

/** Scans, and records the progress in a row. */
export async function scanAndTell({ clock, engine, blobs }: StoreContext, signal: AbortSignal): Promise<void> {
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
  const onFolder = () => {
    folders++
  }
  await note()
  noteLater()
  try {
    await blobs.byHand?.scan({ signal, onFolder })
    stopNoting()
    if (!signal.aborted) await note({ endedAtMs: clock.nowMs() })
  } catch (error) {
    if (!signal.aborted) await note({ endedAtMs: clock.nowMs(), hasFailed: true })
    throw error
  } finally {
    stopNoting()
  }
}

export async function storeStatus(context: StoreContext, watches: boolean): Promise<WorkStatus[]> {
  const { blobs } = context
  const [ofBlobs, uploads] = await Promise.all([blobs.status(), uploadsStatus(context)])
  if (blobs.byHand === undefined) return [...ofBlobs, uploads]
  return [...ofBlobs, uploads, await scanStatus(context), watcherStatus(watches)]
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
    what: 'Finds files that were changed by hand while no server was running; folders without changes are not read again.',
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
  what: 'Files added or removed by hand appear in listings within two seconds (STORAGE_WATCH).',
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
