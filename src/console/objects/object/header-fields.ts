/** The headers stored with an object, as form fields. */
import { decodeHeaderBytes } from '#lib/text/header-bytes.ts'
import type { ObjectHeaders } from '#model/object/object.ts'

export const headerFields = [
  ['contentType', 'Content-Type'],
  ['cacheControl', 'Cache-Control'],
  ['contentDisposition', 'Content-Disposition'],
  ['contentEncoding', 'Content-Encoding'],
  ['contentLanguage', 'Content-Language'],
  ['expires', 'Expires'],
] as const satisfies readonly (readonly [keyof ObjectHeaders, string])[]

export function readableHeaders(headers: ObjectHeaders): ObjectHeaders {
  const entries = headerFields.flatMap(([field]) => {
    const value = headers[field]
    return value === undefined ? [] : [[field, decodeHeaderBytes(value)]]
  })
  return Object.fromEntries(entries)
}
