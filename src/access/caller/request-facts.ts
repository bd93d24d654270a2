import type { IncomingHttpHeaders } from 'node:http'
import type { Resource } from '#access/decide/resource.ts'
import type { NamedTags } from '#model/tags.ts'
import type { AccessRequest } from '#policy/evaluate/access-request.ts'
import type { Decision, Policies } from '#policy/evaluate/evaluate.ts'
import type { Caller } from './caller.ts'
import type { Connection } from './connection.ts'

/** The facts about a request that conditions may use. Values are read only when a condition needs them. */
export interface RequestFacts {
  readonly method: string
  /** The fields of a form are here under the names of the headers that they replace. */
  readonly headers: IncomingHttpHeaders
  readonly query: ReadonlyMap<string, string>
  /** Address and TLS of the connection, in the shape of node:net and node:tls. */
  readonly socket: Connection
  readonly caller: Pick<Caller, 'via' | 'signature'>
  /** Tags that the request sets on an object, unless they are those of its header `x-amz-tagging`. */
  readonly objectTags?: NamedTags
  /** Values from the body, by condition key in lower case: `s3:locationconstraint`, `aws:tagkeys`... */
  readonly keys?: Readonly<Record<string, string | readonly string[]>>
  /** Collects the allowed decisions, for the record of the request. */
  readonly allowed?: DecisionNotes | undefined
}

/** Collects the decisions that allowed one request; see allowed-decisions.ts. */
export interface DecisionNotes {
  add(asked: AskedDecision, decision: Decision, resource: Resource, facts: RequestFacts): void
}

/** A question to the policy engine, with all policies that apply to it. */
export interface AskedDecision {
  readonly request: AccessRequest
  readonly policies: Policies
}
