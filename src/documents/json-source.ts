/** Parses JSON that people write. Reports mistakes with line and path. A repeated name is a mistake. */
import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode, visit } from 'jsonc-parser'
import type { z } from 'zod'

/** Why a document is not in force. */
export class DocumentProblem extends Error {
  /** For example `accounts[0].users[2].keys`; '' for the whole document. */
  readonly path: string
  /** Counts from 1; undefined if the problem has no place in the text. */
  readonly line: number | undefined

  constructor(message: string, path: readonly PropertyKey[] = [], line?: number) {
    super(message)
    this.name = 'DocumentProblem'
    this.path = formatPath(path)
    this.line = line
  }
}

/** Walks every value of the document with the path to it. */
export type DocumentPath = readonly (string | number)[]

/** Throws DocumentProblem. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    // A text that a program has formatted has no repeated names. This comparison is much faster for large documents.
    if (text !== `${JSON.stringify(value, null, 2)}\n` && text !== JSON.stringify(value)) refuseRepeatedNames(text)
    return value
  } catch (error) {
    if (error instanceof DocumentProblem) throw error
    const mistakes: ParseError[] = []
    parseTree(text, mistakes, { disallowComments: true })
    const [first] = mistakes
    const reason = first === undefined ? 'it cannot be read' : describe(printParseErrorCode(first.error))
    throw new DocumentProblem(`not valid JSON: ${reason}`, [], first && lineAt(text, first.offset))
  }
}

/** The problem of a value at `path` in `text`, with its line. */
export function problemAt(text: string, path: readonly PropertyKey[], message: string): DocumentProblem {
  return new DocumentProblem(message, path, findLine(text, path))
}

/** The first problem that a schema found. */
export function problemOfSchema(text: string, error: z.ZodError): DocumentProblem {
  const [issue] = error.issues
  if (issue === undefined) return new DocumentProblem(error.message)
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path
  return problemAt(text, path, issue.message)
}

function refuseRepeatedNames(text: string): void {
  const open: { seen: Set<string> }[] = []
  visit(text, {
    onObjectBegin: () => {
      open.push({ seen: new Set() })
    },
    onObjectEnd: () => {
      open.pop()
    },
    onObjectProperty: (name, _offset, _length, line, _character, pathOf) => {
      const seen = open.at(-1)?.seen
      if (seen?.has(name))
        throw new DocumentProblem(`${JSON.stringify(name)} is there twice`, [...pathOf(), name], line + 1)
      seen?.add(name)
    },
  })
}

/** The line of the value. If it is missing, the line of its nearest parent. */
function findLine(text: string, path: readonly PropertyKey[]): number | undefined {
  const root = parseTree(text)
  if (root === undefined) return undefined
  let node: Node | undefined
  for (let length = path.length; node === undefined && length >= 0; length--) {
    node = findNodeAtLocation(
      root,
      path.slice(0, length).filter((one) => typeof one !== 'symbol'),
    )
  }
  return node && lineAt(text, node.offset)
}

/** Lines count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/**
 * Start and end of the value at `path` in valid JSON. The start follows the bracket, comma or colon before it; the end
 * follows its last character. Undefined: there is no such value.
 */
export function extentAt(text: string, path: DocumentPath): { start: Position; end: Position } | undefined {
  const root = parseTree(text)
  const node = root && findNodeAtLocation(root, [...path])
  if (node === undefined) return undefined
  const start = text.slice(0, node.offset).trimEnd().length
  return { start: positionAt(text, start), end: positionAt(text, node.offset + node.length) }
}

const positionAt = (text: string, offset: number): Position => ({
  line: lineAt(text, offset),
  column: offset - text.lastIndexOf('\n', offset - 1),
})

function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

/** `CommaExpected` → `comma expected`. */
const describe = (code: string) => code.replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()

function formatPath(path: readonly PropertyKey[]): string {
  return path.map((one, at) => (typeof one === 'number' ? `[${one}]` : `${at === 0 ? '' : '.'}${String(one)}`)).join('')
}
