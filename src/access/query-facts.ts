/** What conditions may ask of a request to IAM or STS. */
import type { SignableRequest } from '#signature/request.ts'
import type { Caller, Connection, RequestFacts } from './caller.ts'

export interface ReceivedQuery {
  readonly signable: SignableRequest
  readonly socket: Connection
  /** That the request wants to put on something. */
  readonly tags: Readonly<Record<string, string>>
}

export type ConditionKeys = Readonly<Record<string, string | readonly string[]>>

/** `more`: further keys, names in lower case up to a slash. */
export function factsOfQuery(
  { signable, socket, tags }: ReceivedQuery,
  caller: Pick<Caller, 'via' | 'signature'>,
  more: ConditionKeys = {},
): RequestFacts {
  const { method, headers } = signable
  return { method, headers, socket, caller, query: new Map(), keys: { ...tagKeys(tags), ...more } }
}

/** The keys of tags that a request wants to put on something. */
export function tagKeys(tags: Readonly<Record<string, string>>): ConditionKeys {
  const names = Object.keys(tags)
  if (names.length === 0) return {}
  const values = Object.entries(tags).map(([name, value]) => [`aws:requesttag/${name}`, value])
  return { 'aws:tagkeys': names, ...(Object.fromEntries(values) as Record<string, string>) }
}
