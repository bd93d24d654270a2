import { parseXml, type XmlElements } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

/**
 * Reads a request's document. MalformedXML if it is not XML, has another root, or `read` throws any error but ApiError.
 * `arrays` names elements that are lists, also with one member.
 */
export function readXml<T>(
  document: Buffer,
  root: string,
  read: (content: XmlElements) => T,
  arrays: readonly string[] = [],
  maxMarkup: number = limits.xmlMarkup,
): T {
  try {
    const parsed = parseXml(document, { maxDepth: limits.xmlDepth, maxMarkup, arrays })
    if (parsed.root !== root) throw new Error(`The root element must be ${root}`)
    return read(parsed.content)
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw new ApiError('MalformedXML', { cause: error })
  }
}

/** Refuses elements that the schema does not name. */
export function assertOnly(node: XmlElements, names: readonly string[]): void {
  const unknown = Object.keys(node).find((name) => !name.startsWith('$') && !names.includes(name))
  if (unknown !== undefined) throw new Error(`<${unknown}> is not allowed here`)
}

/** xs:int */
export function readInteger(text: string): number {
  const value = /^[+-]?\d{1,10}$/.test(text.trim()) ? Number(text) : Number.NaN
  if (value !== Math.trunc(value) || value < -(2 ** 31) || value >= 2 ** 31) throw new Error(`${text} is not an xs:int`)
  return value
}
