/**
 * One line of a Condition, ready to test. All values of a line are alternatives; all lines of a statement must hold.
 */

import type { ConditionElement } from '#policy/document/document.ts'
import type { RequestContext } from './context.ts'
import { operators, parseOperator, type Quantifier, type ValueTest } from './operators.ts'
import { contextKey } from './pattern.ts'

export interface CompiledCondition {
  readonly element: ConditionElement
  /** The key in the form of the context. */
  readonly key: string
  holds(context: RequestContext): boolean
}

export function compileCondition(element: ConditionElement, hasVariables: boolean): CompiledCondition {
  const key = contextKey(element.key)
  const name = parseOperator(element.operator)
  if (name === undefined) throw new Error(`no such condition operator: ${element.operator}`)
  if (name.name === 'Null') {
    const answers = element.values.map((value) => value.toLowerCase() === 'true')
    return { element, key, holds: (context) => answers.includes(isAbsent(context.values(key))) }
  }
  const operator = operators.get(name.name)
  const tests = element.values.flatMap((value) => operator?.compile(value, hasVariables) ?? [])
  const isNegated = operator?.isNegated === true
  const { quantifier, ifExists } = name
  return {
    element,
    key,
    holds(context) {
      const values = context.values(key)
      if (isAbsent(values)) return ifExists || (quantifier === undefined ? isNegated : quantifier === 'ForAllValues')
      return holdsFor(values, { tests, isNegated, quantifier, context })
    },
  }
}

type Values = string | readonly string[] | undefined

function isAbsent(values: Values): values is undefined | readonly [] {
  return values === undefined || (typeof values !== 'string' && values.length === 0)
}

interface Question {
  readonly tests: readonly ValueTest[]
  readonly isNegated: boolean
  readonly quantifier: Quantifier
  readonly context: RequestContext
}

/**
 * Without a quantifier, for several values of the request: one must match; with a negated operator none may match. As
 * on AWS:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
 */
function holdsFor(values: string | readonly string[], question: Question): boolean {
  const { tests, isNegated, quantifier, context } = question
  if (typeof values === 'string') return matchesAny(tests, values, context) !== isNegated
  const matches = (value: string) => matchesAny(tests, value, context)
  if (quantifier === 'ForAnyValue') return values.some((value) => matches(value) !== isNegated)
  if (quantifier === 'ForAllValues' || isNegated) return values.every((value) => matches(value) !== isNegated)
  return values.some(matches)
}

function matchesAny(tests: readonly ValueTest[], value: string, context: RequestContext): boolean {
  for (const test of tests) if (test(value, context.single)) return true
  return false
}
