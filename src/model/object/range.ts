/** Range requests as S3 serves them: one range; several are answered with the whole object. RFC 9110 §14. */
import type { IncomingHttpHeaders } from 'node:http'
import { parseHttpDate } from '#lib/text/http-date.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from './object.ts'

export interface ByteRange {
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

/**
 * Undefined if there is no range, or it is ignored because it is malformed or asks for the last bytes of an empty
 * object. InvalidRange if it is outside the object.
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const match = header === undefined ? null : /^bytes=(\d*)-(\d*)$/i.exec(header)
  if (header === undefined || match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  const unsatisfiable = () =>
    new ApiError('InvalidRange', {
      fields: { RangeRequested: header, ActualObjectSize: sizeBytes },
      headers: { 'content-range': `bytes */${sizeBytes}` },
    })
  if (first === '') {
    const length = Number(last)
    if (length === 0) throw unsatisfiable()
    if (sizeBytes === 0) return undefined
    return { start: Math.max(0, sizeBytes - length), end: sizeBytes }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return undefined
  if (start >= sizeBytes) throw unsatisfiable()
  return { start, end: last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) }
}

/**
 * The Range of a request, unless If-Range names another version: then the whole object is sent. RFC 9110 §13.1.5. Weak
 * ETags never match, and a date must be exactly that of the object.
 */
export function rangeToServe(
  headers: IncomingHttpHeaders,
  version: Pick<ObjectVersion, 'etag' | 'modifiedAtMs'>,
): string | undefined {
  const { range } = headers
  const ifRange = headers['if-range']
  if (range === undefined || ifRange === undefined) return range
  const text = String(ifRange).trim()
  if (text === `"${version.etag}"` || text === version.etag) return range
  return parseHttpDate(text) === Math.floor(version.modifiedAtMs / 1000) * 1000 ? range : undefined
}
