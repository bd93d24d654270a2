/** Object Lock in documents: periods, Retention, and LegalHold. A plain Error is answered as MalformedXML. */
import { elementAt, textAt, type XmlElements } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import {
  assertComplete,
  endOfRetention,
  formatLockDate,
  parseLockDate,
  type RequestedRetention,
  type Retention,
  retentionModes,
  type Switch,
  switches,
} from '#model/object/lock/lock.ts'
import { type LockPeriod, parsePeriod } from '#model/object/lock/lock-period.ts'
import type { XmlContent } from '#s3/operation.ts'
import { readXml } from './read-xml.ts'

export const readPeriod = (content: XmlElements, what: string): LockPeriod | undefined =>
  parsePeriod({ days: textAt(content, 'Days'), years: textAt(content, 'Years') }, what)

export const periodElements = (period: LockPeriod | undefined): XmlContent =>
  period === undefined ? {} : 'days' in period ? { Days: period.days } : { Years: period.years }

/** MissingRequestBodyError, MalformedXML; InvalidArgument for a duration out of range. */
export function readRetention(document: Buffer): RequestedRetention {
  if (document.length === 0) throw new ApiError('MissingRequestBodyError')
  return readXml(document, 'Retention', (content) => {
    const [mode, date] = [textAt(content, 'Mode'), textAt(content, 'RetainUntilDate')]
    const eventHold = textAt(content, 'EventHold')
    const duration = elementAt(content, 'EventHoldDuration')
    const holdPeriod = duration && readPeriod(duration, 'Event hold')
    const requested = {
      ...(mode !== undefined && { mode: oneOf(retentionModes, mode) }),
      ...(date !== undefined && { untilMs: readDate(date) }),
      ...(eventHold !== undefined && { eventHold: oneOf(switches, eventHold) }),
      ...(holdPeriod && { holdPeriod }),
    }
    assertComplete(requested)
    return requested
  })
}

export function retentionElements(retention: Retention, nowMs: number): XmlContent {
  const { mode, eventHold } = retention
  return {
    Mode: mode,
    RetainUntilDate: formatLockDate(endOfRetention(retention, nowMs)),
    EventHold: eventHold && 'ON',
    EventHoldDuration: eventHold && periodElements(eventHold),
  }
}

export function readLegalHold(document: Buffer): Switch {
  if (document.length === 0) throw new ApiError('MalformedXML')
  return readXml(document, 'LegalHold', (content) => oneOf(switches, textAt(content, 'Status') ?? ''))
}

function oneOf<Value extends string>(values: readonly Value[], text: string): Value {
  const value = values.find((one) => one === text)
  if (value === undefined) throw new Error(`${text} is none of ${values.join(', ')}`)
  return value
}

function readDate(text: string): number {
  const atMs = parseLockDate(text.trim())
  if (atMs === undefined) throw new Error(`${text} is not a time`)
  return atMs
}
