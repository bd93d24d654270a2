/**
 * The time by which the protection of locked versions ends: the later of the system's and the newest that the store has seen. A clock that
 * is set back neither ends nor renews a protection; one that is set forward is told.
 */
import type { Clock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { Bytes, MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'

interface Timed {
  readonly clock: Pick<Clock, 'nowMs'>
  readonly engine: Pick<MetadataEngine, 'get' | 'commit'>
}

type TimeLog = Pick<LevelLog, 'warn'>

const timeKey = rowKey('g', 'time')
const noteEveryMs = 60_000
/** The row is written every hour where a server runs. */
const jumpMs = 2 * 60 * 60 * 1000

const timeIn = (row: Bytes | undefined): number => (row === undefined ? 0 : decodeJson<number>(row))

export async function storeTimeMs({ clock, engine }: Timed): Promise<number> {
  return Math.max(clock.nowMs(), timeIn(await engine.get(timeKey)))
}

/**
 * The same for a commit that depends on it. The time is noted first, in a commit of its own: what is refused because of it leaves its mark
 * as well, and those who commit at the same time do not wait for each other.
 */
export async function passTime({ clock, engine, log }: Timed & { readonly log: TimeLog }): Promise<number> {
  for (;;) {
    const row = await engine.get(timeKey)
    const [nowMs, noted] = [clock.nowMs(), timeIn(row)]
    if (nowMs - noted < noteEveryMs) return Math.max(nowMs, noted)
    const value = encodeJson(nowMs)
    const isNoted = await engine.commit({ checks: [{ key: timeKey, is: row }], writes: [{ key: timeKey, value }] })
    if (isNoted !== undefined) {
      tellJump(log, noted, nowMs)
      return nowMs
    }
    // Another process has noted its own time, which may be an earlier one.
  }
}

function tellJump(log: TimeLog, notedMs: number, nowMs: number): void {
  if (notedMs === 0 || nowMs - notedMs < jumpMs) return
  log.warn(
    { lastSeen: new Date(notedMs).toISOString(), now: new Date(nowMs).toISOString() },
    'the clock is far ahead of the newest time that this store has seen, and retention of locked objects that ended in between is over; if no server was stopped for so long, the clock has been set forward',
  )
}
