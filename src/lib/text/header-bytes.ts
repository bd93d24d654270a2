/** Node reads and writes the bytes of a header as latin1. Their text is UTF-8 if they are valid UTF-8. */
import { isUtf8 } from 'node:buffer'

export const encodeHeaderBytes = (text: string): string => Buffer.from(text).toString('latin1')

export function decodeHeaderBytes(raw: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII
  if (/^[\x00-\x7f]*$/.test(raw)) return raw
  const bytes = Buffer.from(raw, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : raw
}
