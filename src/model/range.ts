/** Range, as S3 serves it: one range; several are answered with the whole object. RFC 9110 §14. */
import { ApiError } from './errors.ts'

export interface ByteRange {
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

/** Undefined: no range, or one that is ignored because it is malformed. InvalidRange if it lies beyond the object. */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const match = header === undefined ? null : /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header)
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
    if (length === 0 || sizeBytes === 0) throw unsatisfiable()
    return { start: Math.max(0, sizeBytes - length), end: sizeBytes }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return undefined
  if (start >= sizeBytes) throw unsatisfiable()
  return { start, end: last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) }
}
