/**
 * A policy prepared for decisions. The statements for each known action are cached, so that a wildcard in Action has no
 * cost afterwards.
 */
import { actions } from '#policy/actions.ts'
import type { Effect, ListElement, PolicyDocument, Statement } from '#policy/document/document.ts'
import { compilePrincipal, type PrincipalMatcher } from '#policy/document/principal.ts'
import { type CompiledCondition, compileCondition } from './condition.ts'
import { compileActionPattern, compilePattern, type Pattern, type VariableLookup } from './pattern.ts'

export interface CompiledPolicy {
  readonly document: PolicyDocument
  readonly statements: readonly CompiledStatement[]
  /** The statements whose Action matches. */
  statementsFor(action: string): ActionStatements
}

export interface ActionStatements {
  readonly denies: readonly CompiledStatement[]
  readonly allows: readonly CompiledStatement[]
}

export interface CompiledStatement {
  readonly statement: Statement
  /** Its index in the document, from 0. */
  readonly index: number
  readonly effect: Effect
  readonly matchesAction: (actionInLowerCase: string) => boolean
  /** Undefined for an identity policy, which applies to its holder. */
  readonly matchPrincipal: PrincipalMatcher | undefined
  readonly matchesResource: (arn: string, lookup: VariableLookup) => boolean
  readonly conditions: readonly CompiledCondition[]
}

/** Pure. Keep the result while the document is in force. */
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
      // Only AWS's own spelling of known actions is cached, so that requests cannot fill the memory.
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
  // A variable has no value, so it is unknown what NotResource excludes: nothing is allowed, and everything is denied.
  return (arn, lookup) =>
    patterns.every((pattern) => pattern.isResolved(lookup)) ? !matchesAny(patterns, arn, lookup) : effect === 'Deny'
}

/** Statements of a policy often name the same resource: they share its pattern, which caches its last answer. */
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
