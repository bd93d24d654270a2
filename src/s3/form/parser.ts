/** The parser of multipart/form-data for POST uploads. */
import busboy, { type Busboy } from 'busboy'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

/** AWS documents no limit; a form has at most one field for each header and condition. */
export const partsMax = 1000

/** MalformedPOSTRequest without a boundary. */
export function boundaryOf(contentType: string): string {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType) ?? []
  const boundary = quoted ?? bare
  if (boundary === undefined) throw new ApiError('MalformedPOSTRequest')
  return boundary
}

export function createFormParser(boundary: string): Busboy {
  // Always quoted: many clients send characters unquoted that are allowed only in a quoted boundary.
  const quoted = boundary.replace(/\\/g, '\\\\')
  try {
    return busboy({
      headers: { 'content-type': `multipart/form-data; boundary="${quoted}"` },
      preservePath: true,
      defCharset: 'latin1',
      defParamCharset: 'utf8',
      fileHwm: 256 * 1024,
      // A field of exactly the limit counts as truncated.
      limits: { fieldSize: limits.postNamelessFileBytes + 1, parts: partsMax },
    })
  } catch (error) {
    throw asMalformed(error)
  }
}

export const asMalformed = (error: unknown) =>
  error instanceof ApiError ? error : new ApiError('MalformedPOSTRequest', { cause: error })
