/** Node has the bytes of a header as latin1, in both directions; what they say is UTF-8 where it can be. */
import { isUtf8 } from 'node:buffer'

export const encodeHeaderBytes = (text: string): string => Buffer.from(text).toString('latin1')

export function decodeHeaderBytes(raw: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII
  if (/^[\x00-\x7f]*$/.test(raw)) return raw
  const bytes = Buffer.from(raw, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : raw
}
