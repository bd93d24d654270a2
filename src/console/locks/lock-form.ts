/** Object Lock as fields of a form. */
import { ApiError } from '#model/errors.ts'
import {
  type DefaultRetention,
  type RequestedRetention,
  type Retention,
  retentionModes,
} from '#model/object/lock/lock.ts'
import { type LockPeriod, parsePeriod } from '#model/object/lock/lock-period.ts'

/** A retention as it is typed. */
export interface TypedRetention {
  /** '' if there is none. */
  readonly mode: string
  /** For a version: a time in UTC, such as `2030-01-31T12:00:00`. */
  readonly until: string
  readonly count: string
  readonly unit: string
  readonly hasHold: boolean
  readonly holdCount: string
  readonly holdUnit: string
}

export function typedIn(form: URLSearchParams): TypedRetention {
  const text = (name: string) => form.get(name)?.trim() ?? ''
  return {
    mode: text('mode'),
    until: text('until'),
    count: text('count'),
    unit: text('unit'),
    hasHold: text('hold') === 'on',
    holdCount: text('holdCount'),
    holdUnit: text('holdUnit'),
  }
}

export function typedRetention(retention: Partial<DefaultRetention & Retention> | undefined): TypedRetention {
  const { mode = '', period, untilMs, eventHold } = retention ?? {}
  const [count, unit] = typedPeriod(period)
  const [holdCount, holdUnit] = typedPeriod(eventHold)
  const until = untilMs === undefined ? '' : typedTime(untilMs)
  return { mode, until, count, unit, hasHold: eventHold !== undefined, holdCount, holdUnit }
}

const typedTime = (atMs: number): string => new Date(atMs).toISOString().slice(0, 19)

const typedPeriod = (period: LockPeriod | undefined): readonly [count: string, unit: string] => {
  if (period === undefined) return ['', 'days']
  return 'days' in period ? [String(period.days), 'days'] : [String(period.years), 'years']
}

/** Undefined if there is none. InvalidArgument. */
export function defaultIn(typed: TypedRetention): DefaultRetention | undefined {
  const mode = modeOf(typed)
  if (mode === undefined) return undefined
  const period = periodIn(typed.count, typed.unit, 'Default retention')
  const eventHold = holdIn(typed)
  if (period === undefined && eventHold === undefined)
    throw fault('Enter a period, or an event hold with its duration.')
  return { mode, ...(period && { period }), ...(eventHold && { eventHold }) }
}

/** The retention for PutObjectRetention. InvalidArgument. */
export function requestedIn(typed: TypedRetention, stored: Retention | undefined): RequestedRetention {
  const mode = modeOf(typed)
  if (mode === undefined) return {}
  const untilMs = untilIn(typed, stored)
  const holdPeriod = holdIn(typed)
  if (holdPeriod !== undefined) return { mode, ...(untilMs !== undefined && { untilMs }), eventHold: 'ON', holdPeriod }
  if (stored?.eventHold !== undefined) return { mode, ...(untilMs !== undefined && { untilMs }), eventHold: 'OFF' }
  if (untilMs === undefined) throw fault('Enter the time until which the version is retained, or an event hold.')
  return { mode, untilMs }
}

const modeOf = ({ mode }: TypedRetention) => retentionModes.find((one) => one === mode)

function holdIn({ hasHold, holdCount, holdUnit }: TypedRetention): LockPeriod | undefined {
  if (!hasHold) return undefined
  const period = periodIn(holdCount, holdUnit, 'Event hold')
  if (period === undefined) throw fault('Enter the duration of the event hold.')
  return period
}

/** The field shows no fraction of a second: if it was not changed, the stored time is used. */
function untilIn({ until }: TypedRetention, stored: Retention | undefined): number | undefined {
  if (until === '') return undefined
  if (stored?.untilMs !== undefined && typedTime(stored.untilMs).startsWith(until)) return stored.untilMs
  const atMs = Date.parse(`${until}Z`)
  if (Number.isNaN(atMs)) throw fault('Retain until is a time in UTC, such as 2030-01-31T12:00:00.')
  return atMs
}

function periodIn(count: string, unit: string, what: string): LockPeriod | undefined {
  if (count === '') return undefined
  try {
    return parsePeriod(unit === 'years' ? { years: count } : { days: count }, what)
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw fault(`${what} period must be a positive integer value.`)
  }
}

const fault = (message: string) => new ApiError('InvalidArgument', { message })
