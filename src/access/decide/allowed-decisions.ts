/**
 * The decisions that allowed a request. Adding one costs one small object. The trace is computed later, from the same
 * policies, and only for requests that are recorded.
 */

import type { Connection } from '#access/caller/connection.ts'
import type { AskedDecision, DecisionNotes, RequestFacts } from '#access/caller/request-facts.ts'
import type { Decision } from '#policy/evaluate/evaluate.ts'
import { explain, type PolicyTrace } from '#policy/evaluate/explain.ts'
import { type ContextOptions, createContext } from './request-context.ts'
import type { Resource } from './resource.ts'

export interface TracedDecision {
  readonly action: string
  readonly resource: string
  readonly resourceAccount: string
  readonly decision: Decision
  /** If all statements are too long, only those about the action. If these are too long as well, none. */
  readonly policies: readonly PolicyTrace[]
}

interface Allowed {
  readonly asked: AskedDecision
  readonly decision: Decision
  readonly resource: Resource
  readonly facts: RequestFacts
  readonly earlier: Allowed | undefined
}

/** A request can need more decisions, such as DeleteObjects with one for each key. Only the first are kept. */
export const decisionsMax = 8
const traceCharsMax = 8192

export class AllowedDecisions implements DecisionNotes {
  #last: Allowed | undefined
  #count = 0

  add(asked: AskedDecision, decision: Decision, resource: Resource, facts: RequestFacts): void {
    if (this.#count++ < decisionsMax) this.#last = { asked, decision, resource, facts, earlier: this.#last }
  }

  /** In order. `connection` is a copy, since the connection may be closed by now. */
  trace(connection: Connection, context: ContextOptions): TracedDecision[] {
    const traced: TracedDecision[] = []
    for (let one = this.#last; one !== undefined; one = one.earlier) traced.unshift(traceOf(one, connection, context))
    return traced
  }
}

function traceOf(allowed: Allowed, socket: Connection, options: ContextOptions): TracedDecision {
  const { asked, decision, resource, facts } = allowed
  const { request, policies } = asked
  const { action, resourceAccount } = request
  // Statements that were not reached may need tags that were not loaded.
  const context = createContext(options, { ...facts, socket }, action, { object: null, ...resource })
  const trace = bounded(explain({ ...request, context }, policies).policies)
  return { action, resource: request.resource, resourceAccount, decision, policies: trace }
}

function bounded(policies: readonly PolicyTrace[]): readonly PolicyTrace[] {
  if (isShort(policies)) return policies
  const aboutAction = policies.map((policy) => ({
    ...policy,
    statements: policy.statements.filter(({ failed }) => !/^(Not)?Action$/.test(failed?.element ?? '')),
  }))
  return isShort(aboutAction) ? aboutAction : []
}

const isShort = (policies: readonly PolicyTrace[]): boolean => JSON.stringify(policies).length <= traceCharsMax
