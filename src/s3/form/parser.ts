/** The parser of multipart/form-data, as uploads by POST need it. */
import busboy, { type Busboy } from 'busboy'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

/** AWS sets none; a form has a field for each header and condition at most. */
export const partsMax = 1000

/** MalformedPOSTRequest without one. */
export function boundaryOf(contentType: string): string {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType) ?? []
  const boundary = quoted ?? bare
  if (boundary === undefined) throw new ApiError('MalformedPOSTRequest')
  return boundary
}

export function createFormParser(boundary: string): Busboy {
  // Always quoted: many clients send characters bare that only a quoted boundary may have.
  const quoted = boundary.replace(/\\/g, '\\\\')
  try {
    return busboy({
      headers: { 'content-type': `multipart/form-data; boundary="${quoted}"` },
      preservePath: true,
      defCharset: 'latin1',
      defParamCharset: 'utf8',
      fileHwm: 256 * 1024,
      // One of just its limit counts as truncated.
      limits: { fieldSize: limits.postNamelessFileBytes + 1, parts: partsMax },
    })
  } catch (error) {
    throw asMalformed(error)
  }
}

export const asMalformed = (error: unknown) =>
  error instanceof ApiError ? error : new ApiError('MalformedPOSTRequest', { cause: error })
