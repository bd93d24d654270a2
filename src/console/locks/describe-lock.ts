/** Describes the effect of a lock in sentences. */
import { retentionByDefault } from '#model/bucket/object-lock.ts'
import {
  type DefaultRetention,
  endOfRetention,
  type ObjectLock,
  protectionOf,
  type RetentionMode,
} from '#model/object/lock/lock.ts'
import type { LockPeriod } from '#model/object/lock/lock-period.ts'

/** The protection of an object that is uploaded now without a lock of its own. */
export function describeDefault(retention: DefaultRetention | undefined, nowMs: number): string[] {
  if (retention === undefined) {
    return ['An object that is uploaded now is not locked, unless its upload says so. It can be locked later.']
  }
  const { mode, period, eventHold } = retention
  const until = timeText(endOfRetention(retentionByDefault(retention, nowMs), nowMs))
  if (eventHold === undefined) return [`An object that is uploaded now is locked until ${until}.`, passing[mode]]
  const least = period === undefined ? '' : `, and at least until ${until}`
  return [
    `An object that is uploaded now is locked as long as its event hold is on, and ${periodText(eventHold)} longer${least}.`,
    passing[mode],
  ]
}

/** The protection of a version. */
export function describeLock(lock: ObjectLock | undefined, nowMs: number): string[] {
  const { retention, legalHold } = lock ?? {}
  const held = legalHold === 'ON' ? ['A legal hold protects it until the hold is removed, whatever its retention.'] : []
  if (retention === undefined) return held.length > 0 ? held : ['Nothing protects this version.']
  const { mode, eventHold } = retention
  const endMs = endOfRetention(retention, nowMs)
  if (endMs <= nowMs) return [...held, `Its retention ended ${timeText(endMs)}.`]
  const until =
    eventHold === undefined
      ? `It is retained until ${timeText(endMs)}.`
      : `Its event hold is on: it is retained for ${periodText(eventHold)} from the time of the release. Released now, that is until ${timeText(endMs)}.`
  return [...held, until, passing[mode]]
}

/** The reason why a version was not deleted. */
export function describeRefusal(lock: ObjectLock | undefined, nowMs: number): string {
  const protection = protectionOf(lock, nowMs)
  if (protection === undefined) return 'The version is protected by Object Lock.'
  if (protection === 'legal hold') return 'The version has a legal hold. Remove the hold first.'
  const until = lock?.retention === undefined ? '' : ` until ${timeText(endOfRetention(lock.retention, nowMs))}`
  return `The version is locked${until}. ${passing[protection]}`
}

const passing: Readonly<Record<RetentionMode, string>> = {
  COMPLIANCE: 'Compliance mode: no user can delete the version before, or shorten this, the administrator included.',
  GOVERNANCE:
    'Governance mode: only users with s3:BypassGovernanceRetention can delete the version before, or shorten this.',
}

const timeText = (atMs: number): string => new Date(atMs).toUTCString().replace('GMT', 'UTC')

function periodText(period: LockPeriod): string {
  const [count, unit] = 'days' in period ? [period.days, 'day'] : [period.years, 'year']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
