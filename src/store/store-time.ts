/**
 * The time that decides about the protection of locked versions: the system's time, or the newest that the store has
 * seen if that is later. A clock that is set back neither ends nor extends a protection; one that is set forward is
 * logged.
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
/** The row is written every hour while a server runs. */
const jumpMs = 2 * 60 * 60 * 1000

const timeIn = (row: Bytes | undefined): number => (row === undefined ? 0 : decodeJson<number>(row))

export async function storeTimeMs({ clock, engine }: Timed): Promise<number> {
  return Math.max(clock.nowMs(), timeIn(await engine.get(timeKey)))
}

/**
 * The same for a commit that depends on it. The time is recorded first, in a commit of its own: so it is recorded also
 * if the commit is refused, and parallel commits do not wait for each other.
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
    // Another process has recorded its own time, which may be earlier.
  }
}

function tellJump(log: TimeLog, notedMs: number, nowMs: number): void {
  if (notedMs === 0 || nowMs - notedMs < jumpMs) return
  log.warn(
    { lastSeen: new Date(notedMs).toISOString(), now: new Date(nowMs).toISOString() },
    'the clock is far ahead of the newest time that this store has seen, and locks have ended that were to end in between; unless the server was stopped for so long, the clock was set forward',
  )
}
