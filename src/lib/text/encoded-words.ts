/** Text that is not ASCII in a header: the encoded words of RFC 2047, as S3 reads and writes them. */

/** A blank between two encoded words is no part of the text. */
const encodedWords = /=\?([^?\s]+)\?([BbQq])\?([^?]*)\?=(?:\s+(?==\?[^?\s]+\?[BbQq]\?[^?]*\?=))?/g

/** With every encoded word as the text that it stands for; one that cannot be read stays as it is. */
export function decodeWords(text: string): string {
  if (!text.includes('=?')) return text
  return text.replace(encodedWords, (word: string, charset: string, encoding: string, encoded: string) => {
    const bytes = encoding.toUpperCase() === 'B' ? bytesOfBase64(encoded) : bytesOfQuoted(encoded)
    try {
      return bytes === undefined ? word : new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch {
      // An unknown character set, or bytes that are not of it.
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

/** As it is if it is printable ASCII, else as one encoded word: quoted, or in Base64 where there is what cannot be printed. */
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
