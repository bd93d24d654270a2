/** Header text that is not ASCII: the encoded words of RFC 2047, as S3 reads and writes them. */

/** White space between two encoded words is not part of the text. */
const encodedWords = /=\?([^?\s]+)\?([BbQq])\?([^?]*)\?=(?:\s+(?==\?[^?\s]+\?[BbQq]\?[^?]*\?=))?/g

/** Decodes every encoded word; one that cannot be decoded stays as it is. */
export function decodeWords(text: string): string {
  if (!text.includes('=?')) return text
  return text.replace(encodedWords, (word: string, charset: string, encoding: string, encoded: string) => {
    const bytes = encoding.toUpperCase() === 'B' ? bytesOfBase64(encoded) : bytesOfQuoted(encoded)
    try {
      return bytes === undefined ? word : new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch {
      // An unknown character set, or bytes that are invalid in it.
      return word
    }
  })
}

function bytesOfBase64(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

function bytesOfQuoted(text: string): Buffer {
  const spaced = text.replaceAll('_', ' ')
  return Buffer.from(
    spaced.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}

/**
 * Printable ASCII stays as it is. Anything else becomes one encoded word: quoted-printable, or Base64 if it has
 * unprintable characters.
 */
export function encodeWords(text: string): string {
  if (/^[\t\x20-\x7e]*$/.test(text)) return text
  const bytes = Buffer.from(text)
  if (/[\p{C}\ufffd]/u.test(text)) return `=?UTF-8?B?${bytes.toString('base64')}?=`
  let quoted = ''
  for (const byte of bytes) quoted += quotedBytes[byte]
  return `=?UTF-8?Q?${quoted}?=`
}

const quotedBytes = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  if (character === ' ') return '_'
  if (/^[!-~]$/.test(character) && !'=?_'.includes(character)) return character
  return `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
})
