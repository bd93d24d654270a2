/** The facts about a request to IAM or STS that conditions may use. */

import { AllowedDecisions } from '#access/decide/allowed-decisions.ts'
import type { SignableRequest } from '#signature/request.ts'
import type { Caller } from './caller.ts'
import type { Connection } from './connection.ts'
import type { RequestFacts } from './request-facts.ts'

export interface ReceivedQuery {
  readonly signable: SignableRequest
  readonly socket: Connection
  /** Tags that the request sets. */
  readonly tags: Readonly<Record<string, string>>
  /** AllowedDecisions of the request, for its record. */
  readonly allowed?: object | undefined
}

export type ConditionKeys = Readonly<Record<string, string | readonly string[]>>

/** `more`: further condition keys, in lower case up to a slash. */
export function factsOfQuery(
  { signable, socket, tags, allowed }: ReceivedQuery,
  caller: Pick<Caller, 'via' | 'signature'>,
  more: ConditionKeys = {},
): RequestFacts {
  const { method, headers } = signable
  const keys = { ...tagKeys(tags), ...more }
  const noted = allowed instanceof AllowedDecisions ? { allowed } : {}
  return { method, headers, socket, caller, query: new Map(), keys, ...noted }
}

/** Condition keys for the tags that a request sets. */
export function tagKeys(tags: Readonly<Record<string, string>>): ConditionKeys {
  const names = Object.keys(tags)
  if (names.length === 0) return {}
  const values = Object.entries(tags).map(([name, value]) => [`aws:requesttag/${name}`, value])
  return { 'aws:tagkeys': names, ...(Object.fromEntries(values) as Record<string, string>) }
}
