/**
 * A policy made ready to decide: what can be worked out before a request comes is worked out once. Which statements speak of an action
 * is remembered for each known action, so that a wildcard in Action costs nothing afterwards.
 */
import { actions } from './actions.ts'
import { type CompiledCondition, compileCondition } from './condition.ts'
import type { Effect, ListElement, PolicyDocument, Statement } from './document.ts'
import { compileActionPattern, compilePattern, type Pattern, type VariableLookup } from './pattern.ts'
import { compilePrincipal, type PrincipalMatcher } from './principal.ts'

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
  const statements = document.statements.map((statement, index) => compileStatement(statement, index, hasVariables))
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

function compileStatement(statement: Statement, index: number, hasVariables: boolean): CompiledStatement {
  const { effect, principal, action, resource, conditions } = statement
  return {
    statement,
    index,
    effect,
    matchesAction: compileActions(action),
    matchPrincipal: principal && compilePrincipal(principal),
    matchesResource: resource === undefined ? () => true : compileResources(resource, effect, hasVariables),
    conditions: conditions.map((element) => compileCondition(element, hasVariables)),
  }
}

function compileActions({ values, isNegated }: ListElement): (actionInLowerCase: string) => boolean {
  const patterns = values.map(compileActionPattern)
  return (action) => patterns.some((matches) => matches(action)) !== isNegated
}

function compileResources(
  { values, isNegated }: ListElement,
  effect: Effect,
  hasVariables: boolean,
): (arn: string, lookup: VariableLookup) => boolean {
  const patterns = values.map((value) => compilePattern(value, { hasVariables, hasWildcards: true }))
  if (!isNegated) return (arn, lookup) => matchesAny(patterns, arn, lookup)
  // What a variable without a value would have left out nobody knows: then nothing is allowed, and everything denied.
  return (arn, lookup) =>
    patterns.every((pattern) => pattern.isResolved(lookup)) ? !matchesAny(patterns, arn, lookup) : effect === 'Deny'
}

function matchesAny(patterns: readonly Pattern[], arn: string, lookup: VariableLookup): boolean {
  for (const pattern of patterns) if (pattern.matches(arn, lookup)) return true
  return false
}
