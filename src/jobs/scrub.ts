/**
 * The scrub reads every version at an interval and compares it with its record, so that damage is found while a backup
 * still exists. It takes 5 % of the time of one processor, or of the disk.
 */
import { type Clock, sleep } from '#lib/clock.ts'
import type { DamagedVersion, Figure } from '#model/work-status.ts'
import type { CompareStretch, VersionPosition } from '#store/contract.ts'
import type { JobServices, Run, Shown, Step } from './job.ts'

interface ScrubCursor {
  /** Undefined if all versions have been compared. */
  readonly position?: VersionPosition | undefined
  /** The next run starts from the beginning. */
  readonly isDone: boolean
  readonly versions: number
  readonly bytes: number
  /** Versions whose bytes are damaged or missing. */
  readonly found: number
  readonly examples: readonly DamagedVersion[]
  /** Versions that could not be read. Absent in the cursor of an older version. */
  readonly unread?: number
  /** Files without a record. */
  readonly leftovers: number
}

const stretchMs = 1000
const examplesMax = 20
const busyShare = 1 / 20
/** The work between two pauses. With shorter pauses the overhead would be too high. */
const workMs = 10

const fresh: ScrubCursor = {
  position: { table: 'o', after: undefined },
  isDone: false,
  versions: 0,
  bytes: 0,
  found: 0,
  examples: [],
  leftovers: 0,
}

export async function scrub(run: Run, { store, clock, log }: JobServices): Promise<Step> {
  const { signal } = run
  const last = run.cursor() as ScrubCursor | undefined
  const cursor = last === undefined || last.isDone ? fresh : last
  if (cursor.position !== undefined) {
    const stretch = { from: cursor.position, forMs: stretchMs, signal, pace: restFor(clock, signal) }
    const { next, versions, bytes, damaged, unread } = await store.compareVersions(stretch)
    await run.save({
      ...cursor,
      position: next,
      versions: cursor.versions + versions,
      bytes: cursor.bytes + bytes,
      found: cursor.found + damaged.length,
      unread: (cursor.unread ?? 0) + unread,
      examples: [...cursor.examples, ...damaged].slice(0, examplesMax),
    } satisfies ScrubCursor)
    return 'busy'
  }
  const leftovers = await store.countLeftovers(signal)
  if (signal.aborted) return 'busy'
  await run.save({ ...cursor, leftovers, isDone: true } satisfies ScrubCursor)
  const { versions, found, unread = 0 } = cursor
  const message = `the scrub has compared ${unread > 0 ? 'what could be read' : 'every version'} with its record`
  log[found > 0 ? 'error' : unread > 0 ? 'warn' : 'info']({ versions, found, unread, leftovers }, message)
  return 'idle'
}

export function showScrub(cursor: unknown): Shown {
  if (cursor === undefined) return { figures: [] }
  const { versions, bytes, found, unread = 0, leftovers, examples } = cursor as ScrubCursor
  const count = (name: string, value: number, noun: Figure['noun']): Figure => ({ name, value, unit: 'count', noun })
  return {
    figures: [
      count('versions', versions, ['version', 'versions']),
      { name: 'bytes', value: bytes, unit: 'bytes', noun: ['', ''] },
      count('found', found, ['version without its bytes', 'versions without their bytes']),
      ...(unread > 0
        ? [count('unread', unread, ['version that could not be read', 'versions that could not be read'])]
        : []),
      count('leftovers', leftovers, ['leftover file (myfsio fsck --repair)', 'leftover files (myfsio fsck --repair)']),
    ],
    examples,
    problem: problemOf(found, unread),
  }
}

function problemOf(found: number, unread: number): string | undefined {
  if (found > 0) return 'Bytes of stored versions are damaged or missing: restore them from a backup.'
  return unread > 0
    ? 'Some versions could not be read and are not compared: see the log, and start it again.'
    : undefined
}

/** Pauses until the work has taken no more than its share of the time. */
function restFor(clock: Clock, signal: AbortSignal): CompareStretch['pace'] {
  let owedMs = 0
  return async (busyMs) => {
    owedMs += busyMs
    signal.throwIfAborted()
    if (owedMs < workMs) return
    const restMs = owedMs * (1 / busyShare - 1)
    owedMs = 0
    await sleep(clock, restMs, signal)
  }
}
