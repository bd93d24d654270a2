/**
 * Texts with wildcards and policy variables. `*` matches any text, also an empty one; `?` matches one character. The
 * value of a variable is plain text, never a wildcard.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */

const star = Symbol('*')
const any = Symbol('?')

/** `${key}` or `${key, 'default'}`; the key in lower case up to its slash. */
interface Variable {
  readonly key: string
  readonly otherwise: string | undefined
}

/** One value of the request, or undefined. */
export type VariableLookup = (key: string) => string | undefined

type Token = string | typeof star | typeof any | Variable
type PlainToken = Exclude<Token, Variable>

export interface Pattern {
  readonly source: string
  /** Whether it has no variables. */
  readonly isFixed: boolean
  /** False also if a variable has neither value nor default. */
  matches(text: string, lookup: VariableLookup): boolean
  /** Whether every variable has a value. */
  isResolved(lookup: VariableLookup): boolean
}

export interface PatternOptions {
  /** Otherwise `${...}` is plain text, as in policies of version 2008-10-17. */
  readonly hasVariables: boolean
  /** Otherwise `*` and `?` are plain text. */
  readonly hasWildcards: boolean
  /** Matches texts in lower case only. */
  readonly toLowerCase?: boolean
}

export function compilePattern(source: string, options: PatternOptions): Pattern {
  return patternOf(source, tokenize(source, options))
}

/** Matches ARNs: each of the six parts separately, so that a wildcard does not cross a colon. */
export function compileArnPattern(source: string, hasVariables: boolean): Pattern {
  const parts = splitAtColons(tokenize(source, { hasVariables, hasWildcards: true }))
  const patterns = parts.map((tokens) => patternOf(source, tokens))
  return {
    source,
    isFixed: patterns.every((pattern) => pattern.isFixed),
    isResolved: (lookup) => patterns.every((pattern) => pattern.isResolved(lookup)),
    matches(text, lookup) {
      if (source === '*') return true
      const pieces = splitArn(text)
      return (
        pieces.length === patterns.length && patterns.every((one, index) => one.matches(pieces[index] ?? '', lookup))
      )
    },
  }
}

/** Wildcards of an action, which has no variables. Compares in lower case. */
export function compileActionPattern(source: string): (actionInLowerCase: string) => boolean {
  return plainMatcher(tokenize(source.toLowerCase(), { hasVariables: false, hasWildcards: true }) as PlainToken[])
}

function patternOf(source: string, tokens: readonly Token[]): Pattern {
  if (!tokens.some(isVariable)) {
    const matches = plainMatcher(tokens as readonly PlainToken[])
    return { source, isFixed: true, matches, isResolved: () => true }
  }
  const variables = tokens.filter(isVariable)
  // Few requesters are active at a time: the patterns of recent variable values are cached, up to a bound.
  const matchers = new Map<string, (text: string) => boolean>()
  const matcherFor = (lookup: VariableLookup) => {
    const values: string[] = []
    for (const { key, otherwise } of variables) {
      const value = lookup(key) ?? otherwise
      if (value === undefined) return undefined
      values.push(value)
    }
    const known = values.length === 1 ? (values[0] ?? '') : JSON.stringify(values)
    let matcher = matchers.get(known)
    if (matcher === undefined) {
      matcher = plainMatcher(
        tokens.map((token) => (isVariable(token) ? (values[variables.indexOf(token)] ?? '') : token)),
      )
      if (matchers.size >= rememberedValues) matchers.clear()
      matchers.set(known, matcher)
    }
    return matcher
  }
  return {
    source,
    isFixed: false,
    isResolved: (lookup) => matcherFor(lookup) !== undefined,
    matches: (text, lookup) => matcherFor(lookup)?.(text) === true,
  }
}

const rememberedValues = 100

const isVariable = (token: Token): token is Variable => typeof token === 'object'

function tokenize(source: string, { hasVariables, hasWildcards, toLowerCase }: PatternOptions): Token[] {
  const tokens: Token[] = []
  const pieces = hasVariables ? source.split(/(\$\{[^}]*\})/) : [source]
  pieces.forEach((written, index) => {
    if (index % 2 === 1) {
      tokens.push(parseVariable(written))
      return
    }
    const piece = toLowerCase ? written.toLowerCase() : written
    if (!hasWildcards) tokens.push(piece)
    else for (const part of piece.split(/([*?])/)) tokens.push(part === '*' ? star : part === '?' ? any : part)
  })
  return tokens.filter((token) => token !== '')
}

/** `${*}`, `${?}` and `${$}` mean these characters themselves. */
function parseVariable(text: string): Token {
  const inner = text.slice(2, -1)
  if (inner === '*' || inner === '?' || inner === '$') return inner
  const [, key = '', otherwise] = /^\s*([^,]*?)\s*(?:,\s*'([^']*)'\s*)?$/.exec(inner) ?? []
  return { key: contextKey(key), otherwise }
}

/** Keys are case-insensitive. The part after a slash, such as the name of a tag, keeps its case. */
export function contextKey(key: string): string {
  const slash = key.indexOf('/')
  return slash < 0 ? key.toLowerCase() : key.slice(0, slash).toLowerCase() + key.slice(slash)
}

/** The fastest equivalent of the tokens: one comparison, a prefix, or pieces of text in their order. */
function plainMatcher(tokens: readonly PlainToken[]): (text: string) => boolean {
  const pieces: string[] = ['']
  for (const token of tokens) {
    if (token === any) return (text) => matchGlob(tokens, text)
    if (token === star) pieces.push('')
    else pieces[pieces.length - 1] += token as string
  }
  const first = pieces[0] ?? ''
  const last = pieces.at(-1) ?? ''
  if (pieces.length === 1) return (text) => text === first
  if (pieces.length === 2 && last === '') return first === '' ? () => true : (text) => text.startsWith(first)
  const middle = pieces.slice(1, -1).filter((piece) => piece !== '')
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
    let from = first.length
    for (const piece of middle) {
      const at = text.indexOf(piece, from)
      if (at < 0) return false
      from = at + piece.length
    }
    return from <= text.length - last.length
  }
}

/** Backtracks to the last star only, so that the time is bounded by the product of the lengths. */
function matchGlob(tokens: readonly PlainToken[], text: string): boolean {
  const wanted = tokens.flatMap((token): PlainToken[] => (typeof token === 'string' ? [...token] : [token]))
  const given = [...text]
  let at = 0
  let lastStar = -1
  let afterStar = 0
  let index = 0
  while (index < given.length) {
    const token = wanted[at]
    if (token === star) {
      lastStar = at++
      afterStar = index
    } else if (token === any || token === given[index]) {
      at++
      index++
    } else if (lastStar >= 0) {
      at = lastStar + 1
      index = ++afterStar
    } else return false
  }
  while (wanted[at] === star) at++
  return at === wanted.length
}

function splitAtColons(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]]
  for (const token of tokens) {
    if (typeof token !== 'string') parts.at(-1)?.push(token)
    else {
      // The sixth part keeps its colons.
      let rest = token
      while (parts.length < 6 && rest.includes(':')) {
        const colon = rest.indexOf(':')
        parts.at(-1)?.push(rest.slice(0, colon))
        parts.push([])
        rest = rest.slice(colon + 1)
      }
      parts.at(-1)?.push(rest)
    }
  }
  return parts
}

function splitArn(arn: string): string[] {
  const pieces = arn.split(':')
  return pieces.length <= 6 ? pieces : [...pieces.slice(0, 5), pieces.slice(5).join(':')]
}
