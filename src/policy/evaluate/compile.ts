/**
 * A policy made ready to decide: what can be worked out before a request comes is worked out once. Which statements speak of an action
 * is remembered for each known action, so that a wildcard in Action costs nothing afterwards.
 */
import { actions } from '#policy/actions.ts'
import type { Effect, ListElement, PolicyDocument, Statement } from '#policy/document/document.ts'
import { compilePrincipal, type PrincipalMatcher } from '#policy/document/principal.ts'
import { type CompiledCondition, compileCondition } from './condition.ts'
import { compileActionPattern, compilePattern, type Pattern, type VariableLookup } from './pattern.ts'

export interface CompiledPolicy {
  readonly document: PolicyDocument
  readonly statements: readonly CompiledStatement[]
  /** The statements that speak of the action. */
  statementsFor(action: string): ActionStatements
}

export interface ActionStatements {
  readonly denies: readonly CompiledStatement[]
  readonly allows: readonly CompiledStatement[]
}

export interface CompiledStatement {
  readonly statement: Statement
  /** Its place in the document, from 0. */
  readonly index: number
  readonly effect: Effect
  readonly matchesAction: (actionInLowerCase: string) => boolean
  /** Undefined: the policy belongs to somebody, and speaks of them. */
  readonly matchPrincipal: PrincipalMatcher | undefined
  readonly matchesResource: (arn: string, lookup: VariableLookup) => boolean
  readonly conditions: readonly CompiledCondition[]
}

/** Pure; keep the result for as long as the document is in force. */
export function compilePolicy(document: PolicyDocument): CompiledPolicy {
  const hasVariables = document.version === '2012-10-17'
  const resourcePattern = createPatternSource(hasVariables)
  const statements = document.statements.map((statement, index) =>
    compileStatement(statement, index, { hasVariables, resourcePattern }),
  )
  const byAction = new Map<string, ActionStatements>()
  return {
    document,
    statements,
    statementsFor(action) {
      const known = byAction.get(action)
      if (known !== undefined) return known
      const lower = action.toLowerCase()
      const matching = statements.filter((statement) => statement.matchesAction(lower))
      const found = {
        denies: matching.filter(({ effect }) => effect === 'Deny'),
        allows: matching.filter(({ effect }) => effect === 'Allow'),
      }
      // Only AWS's own spelling of what the table knows is remembered: whatever else is asked for must not fill the memory.
      if (actions.get(lower)?.name === action) byAction.set(action, found)
      return found
    },
  }
}

interface Means {
  readonly hasVariables: boolean
  readonly resourcePattern: (source: string) => Pattern
}

function compileStatement(statement: Statement, index: number, means: Means): CompiledStatement {
  const { effect, principal, action, resource, conditions } = statement
  return {
    statement,
    index,
    effect,
    matchesAction: compileActions(action),
    matchPrincipal: principal && compilePrincipal(principal),
    matchesResource: resource === undefined ? () => true : compileResources(resource, effect, means),
    conditions: conditions.map((element) => compileCondition(element, means.hasVariables)),
  }
}

function compileActions({ values, isNegated }: ListElement): (actionInLowerCase: string) => boolean {
  const patterns = values.map(compileActionPattern)
  return (action) => patterns.some((matches) => matches(action)) !== isNegated
}

function compileResources(
  { values, isNegated }: ListElement,
  effect: Effect,
  { resourcePattern }: Means,
): (arn: string, lookup: VariableLookup) => boolean {
  const patterns = values.map(resourcePattern)
  if (!isNegated) return (arn, lookup) => matchesAny(patterns, arn, lookup)
  // What a variable without a value would have left out nobody knows: then nothing is allowed, and everything denied.
  return (arn, lookup) =>
    patterns.every((pattern) => pattern.isResolved(lookup)) ? !matchesAny(patterns, arn, lookup) : effect === 'Deny'
}

/** Statements of a policy often name the same resource: they share its pattern, which remembers its last answer. */
function createPatternSource(hasVariables: boolean): (source: string) => Pattern {
  const patterns = new Map<string, Pattern>()
  return (source) => {
    const known = patterns.get(source)
    if (known !== undefined) return known
    const compiled = compilePattern(source, { hasVariables, hasWildcards: true })
    const pattern = compiled.isFixed ? remembering(compiled) : compiled
    patterns.set(source, pattern)
    return pattern
  }
}

function remembering(pattern: Pattern): Pattern {
  let lastText: string | undefined
  let last = false
  return {
    ...pattern,
    matches(text, lookup) {
      if (text !== lastText) {
        last = pattern.matches(text, lookup)
        lastText = text
      }
      return last
    },
  }
}

function matchesAny(patterns: readonly Pattern[], arn: string, lookup: VariableLookup): boolean {
  for (const pattern of patterns) if (pattern.matches(arn, lookup)) return true
  return false
}
