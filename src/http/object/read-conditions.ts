/** Conditional requests: RFC 9110 §13, and AWS's order of precedence when several are given. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '#lib/clock.ts'
import { parseHttpDate } from '#lib/text/http-date.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object/object.ts'

export const unquote = (etag: string) =>
  etag
    .trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1')

function matches(header: string, etag: string): boolean {
  return header.split(',').some((one) => unquote(one) === '*' || unquote(one) === etag)
}

/** Seconds, like HTTP dates; undefined for an invalid date, which is ignored. */
function parseDate(header: string | undefined): number | undefined {
  const atMs = header === undefined ? undefined : parseHttpDate(header)
  return atMs === undefined ? undefined : Math.floor(atMs / 1000)
}

/** Like parseDate, but a date in the future is ignored too. */
function parsePastDate(header: string | undefined, clock: Clock): number | undefined {
  const seconds = parseDate(header)
  return seconds !== undefined && seconds * 1000 > clock.nowMs() ? undefined : seconds
}

export interface ReadConditions {
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: string | undefined
  readonly ifModifiedSince: string | undefined
  readonly ifUnmodifiedSince: string | undefined
}

export function readConditions(headers: IncomingHttpHeaders, prefix = ''): ReadConditions {
  const get = (name: string) => {
    const value = headers[`${prefix}${name}`]
    return value === undefined ? undefined : String(value)
  }
  return {
    ifMatch: get('if-match'),
    ifNoneMatch: get('if-none-match'),
    ifModifiedSince: get('if-modified-since'),
    ifUnmodifiedSince: get('if-unmodified-since'),
  }
}

const isConditional = (headers: IncomingHttpHeaders): boolean =>
  headers['if-match'] !== undefined ||
  headers['if-none-match'] !== undefined ||
  headers['if-modified-since'] !== undefined ||
  headers['if-unmodified-since'] !== undefined

/** The condition that failed, by its name in S3, and whether this means 304. Undefined if all conditions hold. */
interface Failure {
  readonly condition: string
  readonly isNotModified: boolean
}

export function evaluateRead(conditions: ReadConditions, version: ObjectVersion, clock: Clock): Failure | undefined {
  const { ifMatch, ifNoneMatch } = conditions
  const modified = Math.floor(version.modifiedAtMs / 1000)
  const since = parsePastDate(conditions.ifModifiedSince, clock)
  const until = parseDate(conditions.ifUnmodifiedSince)
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, version.etag)) return { condition: 'If-Match', isNotModified: false }
  } else if (until !== undefined && modified > until) return { condition: 'If-Unmodified-Since', isNotModified: false }
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, version.etag)) return { condition: 'If-None-Match', isNotModified: true }
  } else if (since !== undefined && modified <= since) return { condition: 'If-Modified-Since', isNotModified: true }
  return undefined
}

/** `caching`: caching headers, which a 304 repeats (RFC 9110 §15.4.5). */
export function checkRead(
  headers: IncomingHttpHeaders,
  version: ObjectVersion,
  clock: Clock,
  caching: () => Readonly<Record<string, string>> = () => ({}),
): void {
  if (!isConditional(headers)) return
  const failure = evaluateRead(readConditions(headers), version, clock)
  if (failure === undefined) return
  if (!failure.isNotModified) throw new ApiError('PreconditionFailed', { fields: { Condition: failure.condition } })
  const validators = { etag: `"${version.etag}"`, 'last-modified': new Date(version.modifiedAtMs).toUTCString() }
  throw new ApiError('NotModified', { headers: { ...validators, ...caching() } })
}
