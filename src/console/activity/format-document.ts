/** A document that came as a body, laid out to be read: an element or a member on each line. */
import { servedDocumentBytes } from '#model/served-request.ts'

const indent = '  '

export function formatDocument(text: string): { readonly text: string; readonly isCut: boolean } {
  const isCut = Buffer.byteLength(text) >= servedDocumentBytes
  return { text: text.trimStart().startsWith('<') ? layOutXml(text) : layOutJson(text), isCut }
}

/** What was cut, or is no JSON, stays as it is. */
function layOutJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, indent.length)
  } catch {
    return text
  }
}

/** By its tags alone, so that what is no XML can be looked at, too. An element without others inside takes one line. */
function layOutXml(text: string): string {
  const lines: string[] = []
  let depth = 0
  for (const line of text.trim().replace(/>\s*</g, '>\n<').split('\n')) {
    const isClosing = line.startsWith('</')
    if (isClosing) depth = Math.max(0, depth - 1)
    lines.push(indent.repeat(Math.min(depth, 32)) + line)
    const isOpening = /^<[^/?!]/.test(line) && !/\/>$|<\/[^>]*>$/.test(line)
    if (isOpening) depth++
  }
  return lines.join('\n')
}
