/** The headers that clients store with an object and get back with it. */
import { encodeWords } from '#lib/text/encoded-words.ts'
import type { ObjectAttributes, ObjectHeaders } from '#model/object/object.ts'

export const contentHeaderNames = [
  ['contentType', 'content-type'],
  ['contentEncoding', 'content-encoding'],
  ['contentDisposition', 'content-disposition'],
  ['contentLanguage', 'content-language'],
  ['cacheControl', 'cache-control'],
  ['expires', 'expires'],
] as const satisfies readonly (readonly [keyof ObjectHeaders, string])[]

const [, ...optional] = contentHeaderNames

/** Content-Type, which every answer has, the other headers that the object has, and user metadata. */
export function contentHeaders({ headers, userMetadata }: ObjectAttributes): Record<string, string> {
  const out: Record<string, string> = { 'content-type': headers.contentType ?? 'binary/octet-stream' }
  for (const [field, name] of optional) {
    const value = headers[field]
    if (value !== undefined) out[name] = value
  }
  for (const name in userMetadata) out[`x-amz-meta-${name}`] = encodeWords(userMetadata[name] ?? '')
  return out
}
