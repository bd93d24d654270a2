/** The same decision once more, with the reason for each statement: computed only when someone wants to know. */
import type { Effect } from './document.ts'
import type { AccessRequest, Decision, Policies, PolicyType } from './evaluate.ts'

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
  /** Sid, or its place as `Statement[2]`. */
  readonly statement: string
  readonly effect: Effect
  readonly applies: boolean
  /** The first element that did not match; undefined if all do. */
  readonly failed?: FailedElement
}

export interface FailedElement {
  /** `Principal`, `NotAction`, `Condition.StringEquals.s3:prefix`... */
  readonly element: string
  /** What the policy wants. */
  readonly expected: readonly string[]
  /** What the request has; undefined: it has no such key. */
  readonly seen: readonly string[] | undefined
}

export function explain(_request: AccessRequest, _policies: Policies): Explanation {
  throw new Error('to follow')
}
