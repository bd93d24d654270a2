/**
 * Object Lock of a version: its protection, and which changes of its lock are allowed.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
 */
import { ApiError } from '#model/errors.ts'
import { afterPeriod, type LockPeriod } from './lock-period.ts'

export const retentionModes = ['GOVERNANCE', 'COMPLIANCE'] as const
export type RetentionMode = (typeof retentionModes)[number]
export const switches = ['ON', 'OFF'] as const
export type Switch = (typeof switches)[number]

export interface Retention {
  readonly mode: RetentionMode
  /** Undefined only while an event hold is on. */
  readonly untilMs?: number
  /** Present while an event hold is on: how long the version stays protected after the hold is released. */
  readonly eventHold?: LockPeriod
}

/** Part of a version's record. */
export interface ObjectLock {
  readonly retention?: Retention
  /** Undefined if it was never set. */
  readonly legalHold?: Switch
}

/** The default of a bucket for new versions: a period, an event hold, or both. */
export interface DefaultRetention {
  readonly mode: RetentionMode
  readonly period?: LockPeriod
  /** New versions have an event hold with this duration. */
  readonly eventHold?: LockPeriod
}

/** The retention in a request. Without any field, the retention is removed. */
export interface RequestedRetention {
  readonly mode?: RetentionMode
  readonly untilMs?: number
  readonly eventHold?: Switch
  readonly holdPeriod?: LockPeriod
}

/** Throws an Error for what the schema of a request does not allow. */
export function assertComplete({ mode, untilMs, eventHold, holdPeriod }: RequestedRetention): void {
  if (mode === undefined) {
    if (untilMs === undefined && eventHold === undefined && holdPeriod === undefined) return
    throw new Error('a retention has a mode')
  }
  if ((eventHold === 'ON') !== (holdPeriod !== undefined)) throw new Error('an event hold that is on has one duration')
  if (untilMs === undefined && eventHold === undefined) throw new Error('a mode has a date or an event hold')
}

/** The time at which the retention ends. While an event hold is on: the end if it were released now. */
export const endOfRetention = ({ untilMs = 0, eventHold }: Retention, nowMs: number): number =>
  eventHold === undefined ? untilMs : Math.max(untilMs, afterPeriod(nowMs, eventHold))

export type Protection = 'legal hold' | RetentionMode

/** The strongest reason why the version must not be deleted now. */
export function protectionOf(lock: ObjectLock | undefined, nowMs: number): Protection | undefined {
  if (lock === undefined) return undefined
  if (lock.legalHold === 'ON') return 'legal hold'
  return retentionInForce(lock, nowMs)?.mode
}

function retentionInForce(lock: ObjectLock | undefined, nowMs: number): Retention | undefined {
  const retention = lock?.retention
  return retention !== undefined && endOfRetention(retention, nowMs) > nowMs ? retention : undefined
}

/** The facts that decide about a protected version, beside its lock. */
export interface LockJudgement {
  /** The store's time (store/store-time.ts). */
  readonly nowMs: number
  /** The caller requested to bypass governance mode, and may do so. */
  readonly passesGovernance: boolean
}

/** AccessDenied if the version must not be deleted. */
export function assertMayGo(lock: ObjectLock | undefined, { nowMs, passesGovernance }: LockJudgement): void {
  const protection = protectionOf(lock, nowMs)
  if (protection === undefined || (protection === 'GOVERNANCE' && passesGovernance)) return
  throw isProtected()
}

/** AccessDenied for a change that shortens or weakens retention. A legal hold can be set and removed at any time. */
export function assertMayChange(
  before: ObjectLock | undefined,
  after: ObjectLock | undefined,
  { nowMs, passesGovernance }: LockJudgement,
): void {
  const held = retentionInForce(before, nowMs)
  if (held === undefined) return
  const next = after?.retention
  const isKept = next?.mode === held.mode && endOfRetention(next, nowMs) >= endOfRetention(held, nowMs)
  if (isKept || (held.mode === 'GOVERNANCE' && passesGovernance)) return
  throw isProtected()
}

/** AccessDenied for another key of a protected version, also for callers who may bypass governance mode. */
export function assertMayRekey(lock: ObjectLock | undefined, nowMs: number): void {
  if (protectionOf(lock, nowMs) === undefined) return
  throw new ApiError('AccessDenied', {
    message:
      "The encryption type for the specified object can't be updated because that object is protected by S3 Object Lock. If the object has a governance-mode retention period or a legal hold, you must first remove the Object Lock status on the object before you issue your UpdateObjectEncryption request. You can't use the UpdateObjectEncryption operation with objects that have an Object Lock compliance mode retention period applied to them.",
  })
}

const isProtected = () => new ApiError('AccessDenied', { message: lockRefusal })

export const lockRefusal = 'Access Denied because object protected by object lock.'

/**
 * The retention of a version after the request; undefined if none. While an event hold is on, a shorter duration and
 * the release do not change the date. MalformedXML for a release without a hold and without a date.
 */
export function retentionFor(
  { mode, untilMs, eventHold, holdPeriod }: RequestedRetention,
  before: Retention | undefined,
  nowMs: number,
): Retention | undefined {
  if (mode === undefined) return undefined
  const end = before && endOfRetention(before, nowMs)
  const held = before?.eventHold
  if (eventHold === undefined) return { mode, ...dated(untilMs), ...(held && { eventHold: held }) }
  if (holdPeriod !== undefined) return { mode, ...dated(latest(untilMs, end)), eventHold: holdPeriod }
  const frozen = latest(untilMs, held && end)
  if (frozen === undefined) throw new ApiError('MalformedXML')
  return { mode, ...dated(frozen) }
}

const dated = (untilMs: number | undefined) => (untilMs === undefined ? {} : { untilMs })

const latest = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.max(one, other)

/** InvalidArgument. `name`: the name of the date in the request. */
export function assertFuture(untilMs: number | undefined, nowMs: number, name: string): void {
  if (untilMs === undefined || untilMs > nowMs) return
  throw new ApiError('InvalidArgument', {
    message: 'The retain until date must be in the future!',
    fields: { ArgumentName: name, ArgumentValue: pacificDate(untilMs) },
  })
}

/** The format of dates in this error of S3: `Tue Dec 31 16:00:00 PST 2019`. */
function pacificDate(atMs: number): string {
  const parts = new Map(pacific.formatToParts(atMs).map(({ type, value }) => [type, value]))
  const [day, month, date] = [parts.get('weekday'), parts.get('month'), parts.get('day')]
  const time = ['hour', 'minute', 'second'].map((part) => parts.get(part as 'hour')).join(':')
  return `${day} ${month} ${date} ${time} ${parts.get('timeZoneName')} ${parts.get('year')}`
}

const pacific = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/Los_Angeles',
  weekday: 'short',
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'short',
  year: 'numeric',
})

/** Milliseconds of an ISO 8601 time with its zone; undefined for anything else. */
export function parseLockDate(text: string): number | undefined {
  const form = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/
  const [, year, month, day] = form.exec(text) ?? []
  // Date.parse takes 30 February for 2 March.
  const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  if (day === undefined || Number(day) > lastDay) return undefined
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? undefined : atMs
}

export const formatLockDate = (atMs: number): string => new Date(atMs).toISOString()
