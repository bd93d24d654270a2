/** The same decision again, with the reason for each statement. Computed on request only. */

import type { Effect, ListElement, PrincipalElement } from '#policy/document/document.ts'
import type { AccessRequest } from './access-request.ts'
import type { CompiledStatement } from './compile.ts'
import { contextOf, type RequestContext } from './context.ts'
import { type Decision, evaluate, type NamedPolicy, type Policies, type PolicyType } from './evaluate.ts'

export interface Explanation {
  readonly decision: Decision
  readonly policies: readonly PolicyTrace[]
}

export interface PolicyTrace {
  readonly policyType: PolicyType
  readonly policy: string
  readonly statements: readonly StatementTrace[]
}

export interface StatementTrace {
  /** Sid, or its index such as `Statement[2]`. */
  readonly statement: string
  readonly effect: Effect
  readonly applies: boolean
  /** The first element that did not match; undefined if all do. */
  readonly failed?: FailedElement
}

export interface FailedElement {
  /** `Principal`, `NotAction`, `Condition.StringEquals.s3:prefix`... */
  readonly element: string
  /** The values that the policy requires. */
  readonly expected: readonly string[]
  /** The values of the request; undefined if it has no such key. */
  readonly seen: readonly string[] | undefined
}

export function explain(request: AccessRequest, policies: Policies): Explanation {
  const context = contextOf(request)
  const { identity, resource, boundary, session = [] } = policies
  const trace = (policyType: PolicyType, named: NamedPolicy): PolicyTrace => ({
    policyType,
    policy: named.name,
    statements: named.policy.statements.map((statement) => traceStatement(statement, request, context)),
  })
  return {
    decision: evaluate(request, policies),
    policies: [
      ...identity.map((named) => trace('identity-based', named)),
      ...(resource === undefined ? [] : [trace('resource-based', resource)]),
      ...(boundary === undefined ? [] : [trace('permissions-boundary', boundary)]),
      ...session.map((named) => trace('session', named)),
    ],
  }
}

function traceStatement(compiled: CompiledStatement, request: AccessRequest, context: RequestContext): StatementTrace {
  const { statement, index, effect } = compiled
  const failed = findFailure(compiled, request, context)
  const name = statement.sid ?? `Statement[${index}]`
  return { statement: name, effect, applies: failed === undefined, ...(failed === undefined ? {} : { failed }) }
}

function findFailure(
  compiled: CompiledStatement,
  request: AccessRequest,
  context: RequestContext,
): FailedElement | undefined {
  const { statement, matchesAction, matchesResource, matchPrincipal } = compiled
  const { action, resource, principal } = statement
  if (!matchesAction(request.action.toLowerCase())) return failure('Action', action, request.action)
  if (resource !== undefined && !matchesResource(request.resource, context.single)) {
    return failure('Resource', resource, request.resource)
  }
  if (principal !== undefined && matchPrincipal?.(request.principal) === 'none') {
    const { arn, type } = request.principal
    return failure('Principal', { isNegated: principal.isNegated, values: namesOf(principal) }, arn === '' ? type : arn)
  }
  for (const { element, key, holds } of compiled.conditions) {
    if (holds(context)) continue
    const seen = context.values(key)
    const name = `Condition.${element.operator}.${element.key}`
    return { element: name, expected: element.values, seen: typeof seen === 'string' ? [seen] : seen }
  }
  return undefined
}

function failure(name: string, element: ListElement, seen: string): FailedElement {
  return { element: element.isNegated ? `Not${name}` : name, expected: element.values, seen: [seen] }
}

function namesOf(principal: PrincipalElement): string[] {
  return [...(principal.isEveryone ? ['*'] : []), ...principal.names.map(({ name }) => name)]
}
