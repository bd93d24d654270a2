/**
 * Object Lock in headers of requests and answers. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import {
  endOfRetention,
  formatLockDate,
  type ObjectLock,
  parseLockDate,
  type RequestedRetention,
  type Retention,
  retentionModes,
  type Switch,
  switches,
} from '#model/object/lock/lock.ts'
import { parsePeriod } from '#model/object/lock/lock-period.ts'
import type { RequestedLock } from '#objects/versions/lock-object.ts'
import type { S3Request, Services } from '#s3/operation.ts'

const names = {
  mode: 'x-amz-object-lock-mode',
  date: 'x-amz-object-lock-retain-until-date',
  legalHold: 'x-amz-object-lock-legal-hold',
  eventHold: 'x-amz-object-lock-event-hold',
  holdDays: 'x-amz-object-lock-event-hold-duration-days',
  holdYears: 'x-amz-object-lock-event-hold-duration-years',
} as const

/** Undefined if no header is about Object Lock. InvalidArgument. */
export function parseLockHeaders(headers: IncomingHttpHeaders): RequestedLock | undefined {
  const text = (name: string) => headers[name]?.toString()
  const [mode, date, hold] = [text(names.mode), text(names.date), text(names.eventHold)]
  const periods = { days: text(names.holdDays), years: text(names.holdYears) }
  const legalHold = parseSwitch(text(names.legalHold), 'Legal Hold', names.legalHold)
  const isAboutRetention = [mode, date, hold, ...Object.values(periods)].some((value) => value !== undefined)
  if (!isAboutRetention) return legalHold && { legalHold }
  const eventHold = parseSwitch(hold, 'Event Hold', names.eventHold)
  assertPaired(mode, date, eventHold)
  const holdPeriod = parseHoldPeriod(periods, eventHold)
  const retention: RequestedRetention = {
    mode: parseMode(mode ?? ''),
    ...(date !== undefined && { untilMs: parseDate(date) }),
    ...(eventHold && { eventHold }),
    ...(holdPeriod && { holdPeriod }),
  }
  return { retention, ...(legalHold && { legalHold }) }
}

function parseSwitch(text: string | undefined, what: string, name: string): Switch | undefined {
  if (text === undefined) return undefined
  const value = switches.find((one) => one === text)
  if (value !== undefined) return value
  throw invalid(`${what} must be either of 'ON' or 'OFF'`, name, text)
}

/** While an event hold is on, no date is needed. */
function assertPaired(mode: string | undefined, date: string | undefined, eventHold: Switch | undefined): void {
  if (mode !== undefined && (date !== undefined || eventHold === 'ON')) return
  const missing = mode === undefined ? names.mode : names.date
  throw invalid(`${names.date} and ${names.mode} must both be supplied`, missing)
}

function parseMode(text: string) {
  const mode = retentionModes.find((one) => one === text)
  if (mode !== undefined) return mode
  throw invalid('Unknown wormMode directive.', names.mode, text)
}

function parseDate(text: string): number {
  const atMs = parseLockDate(text)
  if (atMs !== undefined) return atMs
  throw invalid('The retain until date must be provided in ISO 8601 format', names.date, text)
}

function parseHoldPeriod(periods: Parameters<typeof parsePeriod>[0], eventHold: Switch | undefined) {
  const isGiven = periods.days !== undefined || periods.years !== undefined
  if (isGiven !== (eventHold === 'ON') || (periods.days !== undefined && periods.years !== undefined)) {
    throw invalid(`An event hold that is ON has either ${names.holdDays} or ${names.holdYears}`, names.eventHold)
  }
  try {
    return parsePeriod(periods, 'Event hold', [names.holdDays, names.holdYears])
  } catch (error) {
    if (error instanceof ApiError) throw error
    const [name, text] = periods.days === undefined ? [names.holdYears, periods.years] : [names.holdDays, periods.days]
    throw invalid('Event hold period must be a positive integer value.', name, text)
  }
}

const invalid = (message: string, name: string, value?: string) =>
  new ApiError('InvalidArgument', {
    message,
    fields: { ArgumentName: name, ...(value !== undefined && { ArgumentValue: value }) },
  })

/** Each header is sent only to callers who may read it. */
export async function lockHeaders(
  { bucket, key, caller, facts }: S3Request,
  { gatekeeper, store }: Services,
  { retention, legalHold }: ObjectLock,
): Promise<Record<string, string>> {
  const may = (action: string) => gatekeeper.may(caller.principal, action, { bucket, key, object: null }, facts)
  const isShown = retention !== undefined && may('s3:GetObjectRetention')
  return {
    ...(isShown && retentionHeaders(retention, retention.eventHold === undefined ? 0 : await store.timeMs())),
    ...(legalHold !== undefined && may('s3:GetObjectLegalHold') && { [names.legalHold]: legalHold }),
  }
}

function retentionHeaders(retention: Retention, nowMs: number): Record<string, string> {
  const { mode, eventHold } = retention
  return {
    [names.mode]: mode,
    [names.date]: formatLockDate(endOfRetention(retention, nowMs)),
    ...(eventHold && { [names.eventHold]: 'ON' }),
    ...(eventHold &&
      ('days' in eventHold
        ? { [names.holdDays]: String(eventHold.days) }
        : { [names.holdYears]: String(eventHold.years) })),
  }
}

const bypassName = 'x-amz-bypass-governance-retention'

/**
 * Whether the caller requests to bypass governance mode. InvalidArgument in a bucket without Object Lock, whatever the
 * value.
 */
export function readBypass({ headers }: Pick<S3Request, 'headers'>, { objectLockEnabled }: Bucket): boolean {
  const header = headers[bypassName]
  if (header === undefined) return false
  if (!objectLockEnabled) throw invalid(`${bypassName} is only applicable to Object Lock enabled buckets.`, bypassName)
  return header.toString().toLowerCase() === 'true'
}
