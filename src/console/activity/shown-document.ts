/** The document in a body, for display: XML as a tree, JSON indented, anything else unchanged. */
import { formatVisibleJson, pictureOf, replaceHidden } from '#lib/text/hidden-characters.ts'
import { parseXml, type XmlElements, type XmlNode } from '#lib/text/xml.ts'
import { limits } from '#model/limits.ts'
import { servedDocumentBytes } from '#model/served-request.ts'

export interface TreeNode {
  readonly name: string
  readonly attributes: readonly (readonly [name: string, value: string])[]
  /** Text of an element without child elements. */
  readonly text: string | undefined
  readonly children: readonly TreeNode[]
}

export interface ShownDocument {
  readonly tree: TreeNode | undefined
  /** For copying, and shown if there is no tree. */
  readonly text: string
  /** The document was cut. */
  readonly isCut: boolean
}

export function showDocument(text: string): ShownDocument {
  const isCut = Buffer.byteLength(text) >= servedDocumentBytes
  if (!text.trimStart().startsWith('<')) return { tree: undefined, text: indentJson(text), isCut }
  return { tree: treeOf(isCut ? closeElements(text) : text), text: withoutHidden(text, reference), isCut }
}

const reference = (character: string): string => `&#x${(character.codePointAt(0) ?? 0).toString(16)};`

/** Line ends and tabs are kept. */
const withoutHidden = (text: string, write: (character: string) => string): string =>
  text.replace(/[^\t\r\n]+/g, (line) => replaceHidden(line, write))

function treeOf(text: string): TreeNode | undefined {
  try {
    const { root, content } = parseXml(text, { maxDepth: limits.xmlDepth, maxMarkup: limits.xmlMarkup })
    return node(root, content)
  } catch {
    return undefined
  }
}

function node(name: string, value: XmlNode): TreeNode {
  if (typeof value === 'string') return { name, attributes: [], text: value, children: [] }
  const [attributes, elements] = partition(value)
  const children = elements.flatMap(([child, found]) =>
    (isList(found) ? found : [found]).map((one) => node(child, one)),
  )
  return { name, attributes, text: undefined, children }
}

function partition(elements: XmlElements) {
  const attributes: [string, string][] = []
  const children: [string, XmlNode | readonly XmlNode[]][] = []
  for (const [name, value] of Object.entries(elements)) {
    if (name.startsWith('$')) attributes.push([name.slice(1), String(value)])
    else if (value !== undefined) children.push([name, value])
  }
  return [attributes, children] as const
}

const isList = (value: XmlNode | readonly XmlNode[]): value is readonly XmlNode[] => Array.isArray(value)

/** Keeps everything up to the last complete tag, and closes the open ones. */
function closeElements(text: string): string {
  const whole = text.slice(0, text.lastIndexOf('>') + 1)
  const open: string[] = []
  for (const [, isEnd, name = '', isAlone] of whole.matchAll(/<(\/?)([^\s<>/?!]+)[^<>]*?(\/?)>/g)) {
    if (isEnd) open.pop()
    else if (!isAlone) open.push(name)
  }
  return (
    whole +
    open
      .reverse()
      .map((name) => `</${name}>`)
      .join('')
  )
}

/** A document that was cut, or that is not JSON, stays as it is. */
export function indentJson(text: string): string {
  try {
    return formatVisibleJson(JSON.parse(text), 2)
  } catch {
    return withoutHidden(text, pictureOf)
  }
}
