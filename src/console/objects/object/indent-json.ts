/** JSON with a line for each value. Tokens stay as they are: numbers keep their digits, and members their order. */
const depthMax = 40
const indentedBytesMax = 1024 * 1024

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

export interface IndentedJson {
  readonly text: string
  /** Why it is not JSON. */
  readonly problem: string | undefined
  /** Each line opens a value, closes one, or is one. */
  readonly isIndented: boolean
}

export function indentJson(text: string): IndentedJson {
  try {
    JSON.parse(text)
  } catch (error) {
    const problem = error instanceof Error ? error.message.replace(/, "[\s\S]*$/, '') : 'it cannot be read'
    return { text, problem, isIndented: false }
  }
  const indented = indent(text.match(token) ?? [])
  return { text: indented ?? text, problem: undefined, isIndented: indented !== undefined }
}

/** Undefined if the result would be too large. */
function indent(tokens: readonly string[]): string | undefined {
  const pieces: string[] = []
  let depth = 0
  let sizeBytes = 0
  const breakLine = () => `\n${'  '.repeat(depth)}`
  for (const [at, one] of tokens.entries()) {
    const before = tokens[at - 1] ?? ''
    const isEnd = one === '}' || one === ']'
    const isEmpty = isEnd && (before === '{' || before === '[')
    if (isEnd) depth--
    const isNewLine = !isEmpty && (isEnd || /^[{[,]$/.test(before))
    const piece = (isNewLine ? breakLine() : '') + (one === ':' ? ': ' : one)
    if (one === '{' || one === '[') depth++
    pieces.push(piece)
    sizeBytes += piece.length
    if (depth > depthMax || sizeBytes > indentedBytesMax) return undefined
  }
  return pieces.join('')
}
