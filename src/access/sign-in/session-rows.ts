/** Counts the sessions of the console, and removes those that have expired. All processes share their rows. */
import type { MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, rowsAfter, rowsOf } from '#metadata/tables.ts'

export interface SessionRow<T = unknown> {
  /** `null`: the visitor has signed out. */
  readonly session: T
  readonly expiresAtMs: number
}

const sweepRows = 500

/** Sessions up to `countedMax`, and how many of these have expired but are not removed yet. */
export async function countSessions(
  engine: Pick<MetadataEngine, 'scan'>,
  { nowMs, countedMax }: { readonly nowMs: number; readonly countedMax: number },
): Promise<{ readonly live: number; readonly expired: number }> {
  const rows = await engine.scan(rowsOf('w'), { limit: countedMax })
  const expired = rows.filter(({ value }) => {
    const { session, expiresAtMs } = decodeJson<SessionRow>(value)
    return session === null || expiresAtMs <= nowMs
  }).length
  return { live: rows.length - expired, expired }
}

/** Removes what has expired, a page at a time: sessions, counts of failed sign-ins, and permits to show a new key. */
export async function forgetExpired(
  engine: Pick<MetadataEngine, 'scan' | 'commit'>,
  table: 'w' | 'F' | 'K',
  nowMs: number,
): Promise<void> {
  for (let range = rowsOf(table); ; ) {
    const rows = await engine.scan(range, { limit: sweepRows })
    const last = rows.at(-1)
    if (last === undefined) return
    const expired = rows.filter(({ value }) => decodeJson<Pick<SessionRow, 'expiresAtMs'>>(value).expiresAtMs <= nowMs)
    const checks = expired.map(({ key, value }) => ({ key, is: value }))
    const writes = expired.map(({ key }) => ({ key, value: undefined }))
    // A session that was renewed meanwhile stays, and so do the others of its page until the next sweep.
    if (writes.length > 0) await engine.commit({ checks, writes })
    range = rowsAfter(range, last.key, 'row')
  }
}
