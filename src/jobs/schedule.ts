/** When a job is due. */
import type { Starts } from './job.ts'
import type { JobRecord } from './record.ts'

const dayMs = 86_400_000
/** Intervals begin this long after the start of a process, which is busy at first. */
const settleMs = 60_000
/** The maximum difference between clocks that are right. */
export const clockSkewMs = 60_000
const backOffFirstMs = 5000
const backOffMaxMs = 3_600_000

/**
 * When the next run starts or continues; this time may have passed. Undefined if the job starts by hand, or when its
 * outbox has rows. `openedAtMs`: when this process began to run jobs.
 */
export function nextStartMs(starts: Starts, record: JobRecord, openedAtMs: number): number | undefined {
  const { startedAtMs, endedAtMs, againAtMs } = record
  if (againAtMs !== undefined) return againAtMs
  const firstMs = starts.by === 'interval' ? openedAtMs + Math.min(settleMs, starts.everyMs) : openedAtMs
  const isInterrupted = startedAtMs !== undefined && endedAtMs === undefined
  if (isInterrupted) return firstMs
  if (starts.by === 'interval') return Math.max(firstMs, (startedAtMs ?? 0) + starts.everyMs)
  if (starts.by === 'midnight') return startedAtMs === undefined ? firstMs : midnightAfter(startedAtMs)
  return undefined
}

export interface DueOptions {
  readonly nowMs: number
  readonly openedAtMs: number
  readonly isAsked: boolean
}

export async function isDue(starts: Starts, record: JobRecord, options: DueOptions): Promise<boolean> {
  const { nowMs, openedAtMs, isAsked } = options
  if (isAsked) return true
  const nextMs = nextStartMs(starts, withoutLaterTimes(record, nowMs), openedAtMs)
  if (nextMs !== undefined) return nextMs <= nowMs
  return starts.by === 'outbox' && (await starts.isBehind(record.cursor))
}

/** Of a run by a clock that was ahead, and has been set back since: otherwise the job would wait until that time. */
function withoutLaterTimes(record: JobRecord, nowMs: number): JobRecord {
  const { startedAtMs, againAtMs } = record
  if (startedAtMs === undefined || startedAtMs <= nowMs + clockSkewMs) return record
  return { ...record, startedAtMs: 0, againAtMs: againAtMs === undefined ? undefined : 0 }
}

/**
 * Doubles with each failure, up to an hour. A random part of up to half is subtracted, so that retries do not coincide.
 */
export function backOffMs(failures: number, random: number = Math.random()): number {
  const wholeMs = Math.min(backOffMaxMs, backOffFirstMs * 2 ** (failures - 1))
  return wholeMs * (1 - random / 2)
}

const midnightAfter = (ms: number): number => (Math.floor(ms / dayMs) + 1) * dayMs

export function describeStarts(starts: Starts): string {
  if (starts.by === 'interval') return `every ${describeInterval(starts.everyMs)}`
  if (starts.by === 'midnight') return 'at 00:00 UTC'
  return starts.by === 'outbox' ? 'after changes' : 'by hand'
}

function describeInterval(ms: number): string {
  for (const [unit, unitMs] of units) {
    if (ms % unitMs !== 0) continue
    const count = ms / unitMs
    return count === 1 ? unit : `${count} ${unit}s`
  }
  return `${ms} milliseconds`
}

const units = [
  ['day', dayMs],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const
