/** What runs unasked, in sentences: figures of all processes, from the index that they share. */
import { formatBytes, formatCount } from '#console/answer/format.ts'
import type { ConsoleServices } from '#console/page.ts'
import { countSessions } from '#console/session/session-store.ts'
import type { BackgroundWork } from '#store/contract.ts'

export interface Work {
  readonly name: string
  readonly state: 'idle' | 'working' | 'on' | 'off' | 'failed'
  readonly detail: string
  /** What the detail ends with. */
  readonly atMs?: number
  readonly what: string
}

/** Longer than this, a file waits for something that does not come. */
const slowMs = 60_000

export async function describeWork({ store, engine, config }: ConsoleServices): Promise<Work[]> {
  const work = await store.backgroundWork()
  const { live, expired } = await countSessions(engine, work.countedMax)
  const counted = (count: number, one: string, more = `${one}s`): string =>
    `${formatCount(count)}${count >= work.countedMax ? ' or more' : ''} ${count === 1 ? one : more}`
  return [
    filesUnderWay(work, counted),
    {
      name: 'Arriving bodies',
      state: work.stagedFiles > 0 ? 'working' : 'idle',
      detail: work.stagedFiles === 0 ? 'None' : counted(work.stagedFiles, 'file'),
      what: 'Kept in staging/ until they are whole; leftovers of a crash go at the next start.',
    },
    {
      name: 'Multipart uploads',
      state: work.openUploads > 0 ? 'working' : 'idle',
      detail: work.openUploads === 0 ? 'None' : `${counted(work.openUploads, 'upload')} in progress`,
      what: 'They stay until they are completed or aborted, in the settings of their bucket.',
    },
    scanWork(work.scan),
    scrubWork(work.scrub, config.scrubIntervalMs !== undefined),
    {
      name: 'Watcher',
      state: config.storageWatch ? 'on' : 'off',
      detail: `STORAGE_WATCH=${config.storageWatch ? 'on' : 'off'}`,
      what: 'Files dropped in or removed by hand show in listings within a second or two.',
    },
    {
      name: 'Console sessions',
      state: 'idle',
      detail: `${counted(live, 'session')}, ${formatCount(expired)} expired`,
      what: 'Those that have expired are refused at once, and removed every hour.',
    },
  ]
}

function filesUnderWay(work: BackgroundWork, counted: (count: number, one: string) => string): Work {
  const { pendingWrites, pendingBytes, oldestPendingMs } = work
  const name = 'Files moving to their places'
  const what = 'Written to the index already, so that nothing is lost; their files follow within a second or two.'
  if (oldestPendingMs === undefined) return { name, what, state: 'idle', detail: 'None' }
  const bytes = pendingBytes === 0 ? '' : `, ${formatBytes(pendingBytes)} of them in the index`
  return {
    name,
    what,
    state: Date.now() - oldestPendingMs > slowMs ? 'failed' : 'working',
    detail: `${counted(pendingWrites, 'write')}${bytes}, the oldest of`,
    atMs: oldestPendingMs,
  }
}

function scanWork(scan: BackgroundWork['scan']): Work {
  const name = 'Scan at the start'
  const what = 'Looks for files changed by hand while nothing ran; folders that have not changed are not read again.'
  if (scan === undefined) return { name, what, state: 'idle', detail: 'Not yet' }
  const { state, startedAtMs, endedAtMs, folders } = scan
  const looked = `${formatCount(folders)} ${folders === 1 ? 'folder' : 'folders'}`
  if (state === 'running') {
    return { name, what, state: 'working', detail: `${looked} so far, since`, atMs: startedAtMs }
  }
  if (state === 'interrupted' || endedAtMs === undefined) {
    return { name, what, state: 'failed', detail: `Did not finish: ${looked}, begun`, atMs: startedAtMs }
  }
  const seconds = Math.round((endedAtMs - startedAtMs) / 1000)
  const took = seconds === 0 ? 'less than a second' : `${formatCount(seconds)} s`
  return { name, what, state: 'idle', detail: `${looked} in ${took}, done`, atMs: endedAtMs }
}

function scrubWork(scrub: BackgroundWork['scrub'], isOn: boolean): Work {
  const name = 'Scrub'
  const what = 'Compares every version with its checksum (SCRUB_INTERVAL), to find damage while there is a backup.'
  if (scrub === undefined) return { name, what, state: isOn ? 'idle' : 'off', detail: isOn ? 'Not yet' : 'Off' }
  const { versions, bytes, found, leftovers, startedAtMs, endedAtMs, examples } = scrub
  const compared = `${formatCount(versions)} ${versions === 1 ? 'version' : 'versions'}, ${formatBytes(bytes)}`
  const [example] = examples
  const faults =
    example === undefined ? '' : `, ${formatCount(found)} without their bytes, such as ${example.bucket}/${example.key}`
  const files = leftovers === 0 ? '' : `, ${formatCount(leftovers)} leftover files (myfsio fsck --repair)`
  const isDone = endedAtMs !== undefined
  const state = found > 0 ? 'failed' : isDone ? 'idle' : 'working'
  const when = isDone ? 'done' : 'so far, since'
  return { name, what, state, detail: `${compared}${faults}${files}, ${when}`, atMs: endedAtMs ?? startedAtMs }
}
