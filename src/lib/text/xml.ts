/**
 * Reads and writes XML; the only importer of the XML library. Writing is done by hand, for speed. Reading refuses every
 * document type and entity declaration before parsing, decodes only the five named entities and numeric references, and
 * keeps every text as it is: no trimming, no numbers.
 */
import { XMLParser } from 'fast-xml-parser'

/** Names starting with `$` are attributes of their element; arrays repeat it; undefined ones are left out. */
export interface XmlTree {
  readonly [name: string]: XmlTreeValue
}
export type XmlTreeValue =
  | string
  | number
  | boolean
  | undefined
  | XmlTree
  | readonly (string | number | boolean | XmlTree)[]

export const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8"?>\n'

export function formatXml(
  document: { readonly root: string; readonly content: XmlTree },
  options: { readonly namespace?: string } = {},
): string {
  const namespace = options.namespace === undefined ? '' : ` xmlns="${escapeXml(options.namespace)}"`
  const { root, content } = document
  return `${xmlDeclaration}<${root}${namespace}${formatAttributes(content)}>${formatChildren(content)}</${root}>`
}

function formatChildren(tree: XmlTree): string {
  let text = ''
  for (const name in tree) {
    const value = tree[name]
    if (value === undefined || name.charCodeAt(0) === dollar) continue
    if (Array.isArray(value)) for (const one of value) text += formatElement(name, one)
    else text += formatElement(name, value as string | number | boolean | XmlTree)
  }
  return text
}

const dollar = 0x24

function formatElement(name: string, value: string | number | boolean | XmlTree): string {
  if (typeof value === 'string') return value === '' ? `<${name}/>` : `<${name}>${escapeXml(value)}</${name}>`
  if (typeof value !== 'object') return `<${name}>${value}</${name}>`
  return `<${name}${formatAttributes(value)}>${formatChildren(value)}</${name}>`
}

function formatAttributes(tree: XmlTree): string {
  let text = ''
  for (const name in tree) {
    if (name.charCodeAt(0) === dollar) text += ` ${name.slice(1)}="${escapeXml(String(tree[name]))}"`
  }
  return text
}

// Control characters are not allowed in XML 1.0, but keys may contain them; S3 writes them as references too.
// biome-ignore lint/suspicious/noControlCharactersInRegex: see above
const special = /[&<>"\u0000-\u0008\u000b-\u001f\ufffe\uffff]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: see above
const specials = /[&<>"\u0000-\u0008\u000b-\u001f\ufffe\uffff]/g
const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

export function escapeXml(text: string): string {
  if (!special.test(text)) return text
  return text.replace(specials, (one) => escapes[one] ?? `&#x${one.charCodeAt(0).toString(16)};`)
}

/**
 * An element that was read. One without child elements is its text; one with children maps their names (without
 * namespace prefix) to them, and `$name` to its attributes. Repeated elements are an array. Objects have no prototype.
 */
export type XmlNode = string | XmlElements
export interface XmlElements {
  readonly [name: string]: XmlNode | readonly XmlNode[] | undefined
}

export interface ParsedXml {
  readonly root: string
  readonly content: XmlElements
}

export interface XmlOptions {
  readonly maxDepth: number
  /** Tags and attributes together, which determine the parser's time. Unlimited unless given. */
  readonly maxMarkup?: number
  /** Always arrays, also with one member. */
  readonly arrays?: readonly string[]
}

/**
 * Throws a plain Error if the document is not well-formed, too deep, has too much markup, or declares a document type
 * or an entity.
 */
export function parseXml(xml: string | Uint8Array, options: XmlOptions): ParsedXml {
  const text = typeof xml === 'string' ? xml : utf8.decode(xml)
  if (hasMoreMarkup(text, options.maxMarkup ?? Number.POSITIVE_INFINITY))
    throw new Error('Too many tags and attributes')
  if (/<!(?!\[CDATA\[|--)/.test(text)) throw new Error('Declarations are not allowed')
  const nodes: unknown = parser.parse(text, true)
  const roots = Array.isArray(nodes) ? (nodes as OrderedNode[]).filter((node) => elementName(node) !== undefined) : []
  const root = roots[0]
  const name = root === undefined ? undefined : elementName(root)
  if (root === undefined || name === undefined || roots.length !== 1) throw new Error('One root element is needed')
  const content = readElement(root, name, options.maxDepth, new Set(options.arrays))
  if (typeof content !== 'string') return { root: withoutPrefix(name), content }
  if (content.trim() !== '') throw new Error('The root element has text only')
  return { root: withoutPrefix(name), content: Object.create(null) as XmlElements }
}

function hasMoreMarkup(text: string, max: number): boolean {
  let count = 0
  for (let i = 0; i < text.length && count <= max; i++) {
    const code = text.charCodeAt(i)
    if (code === openingTag) count++
    else if (code === equalsSign && /["']/.test(text.charAt(i + 1))) count++
  }
  return count > max
}

const openingTag = 0x3c
const equalsSign = 0x3d

/** The text of a child element; undefined if there is none. Throws if it has children or is repeated. */
export function textAt(node: XmlElements, name: string): string | undefined {
  const value = node[name]
  if (value !== undefined && typeof value !== 'string') throw new Error(`<${name}> must be one element with text`)
  return value
}

/** A child element with children; an empty one is an empty object. Throws if it has text only or is repeated. */
export function elementAt(node: XmlElements, name: string): XmlElements | undefined {
  const value = node[name]
  if (value === undefined) return undefined
  if (Array.isArray(value)) throw new Error(`<${name}> must not be repeated`)
  return asElements(value as XmlNode, name)
}

/** Every child element of that name, each with children; empty if there is none. */
export function elementsAt(node: XmlElements, name: string): XmlElements[] {
  const value = node[name]
  if (value === undefined) return []
  const all: readonly XmlNode[] = Array.isArray(value) ? value : [value as XmlNode]
  return all.map((one) => asElements(one, name))
}

function asElements(value: XmlNode, name: string): XmlElements {
  if (typeof value !== 'string') return value
  if (value.trim() !== '') throw new Error(`<${name}> must hold elements`)
  return Object.create(null) as XmlElements
}

const utf8 = new TextDecoder('utf-8', { fatal: true })
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  cdataPropName: '#cdata',
  maxNestedTags: 100,
  // Names only become keys of objects without a prototype, so none has to be renamed.
  onDangerousProperty: (name: string) => name,
})

/** The library's nodes: one own property named after the element, its children in order, and attributes under `:@`. */
type OrderedNode = Readonly<Record<string, unknown>>

function elementName(node: OrderedNode): string | undefined {
  for (const name of Object.getOwnPropertyNames(node)) {
    if (name !== ':@' && name !== '#text' && name !== '#cdata') return name
  }
  return undefined
}

function readElement(node: OrderedNode, name: string, depthLeft: number, arrays: ReadonlySet<string>): XmlNode {
  if (depthLeft <= 0) throw new Error('Too deep')
  const elements = Object.create(null) as Record<string, XmlNode | XmlNode[]>
  let text = ''
  let hasElements = false
  for (const child of node[name] as OrderedNode[]) {
    const childName = elementName(child)
    if (childName === undefined) {
      text += readText(child)
      continue
    }
    hasElements = true
    addElement(elements, withoutPrefix(childName), readElement(child, childName, depthLeft - 1, arrays), arrays)
  }
  if (!hasElements) return text
  if (text.trim() !== '') throw new Error('Text beside elements')
  for (const [attribute, value] of Object.entries((node[':@'] ?? {}) as Record<string, string>)) {
    if (!attribute.startsWith('xmlns')) elements[`$${attribute}`] = decodeReferences(String(value))
  }
  return elements
}

function addElement(
  elements: Record<string, XmlNode | XmlNode[]>,
  name: string,
  value: XmlNode,
  arrays: ReadonlySet<string>,
): void {
  const existing = elements[name]
  if (existing === undefined) elements[name] = arrays.has(name) ? [value] : value
  else if (Array.isArray(existing)) existing.push(value)
  else elements[name] = [existing, value]
}

function readText(node: OrderedNode): string {
  const text = node['#text']
  if (text !== undefined) return decodeReferences(String(text))
  const sections = node['#cdata']
  if (!Array.isArray(sections)) return ''
  return sections.map((section: OrderedNode) => String(section['#text'] ?? '')).join('')
}

function withoutPrefix(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

const named = new Map(Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }))

function decodeReferences(text: string): string {
  let decoded = ''
  let from = 0
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', from)) {
    const end = text.indexOf(';', at)
    if (end === -1 || end - at > 10) throw new Error('Unknown reference')
    decoded += text.slice(from, at) + decodeReference(text.slice(at + 1, end))
    from = end + 1
  }
  return from === 0 ? text : decoded + text.slice(from)
}

function decodeReference(reference: string): string {
  const plain = named.get(reference)
  if (plain !== undefined) return plain
  const digits = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(reference)
  if (digits === null) throw new Error(`Unknown reference ${reference}`)
  const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16)
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new Error(`No character ${reference}`)
  return String.fromCodePoint(code)
}
