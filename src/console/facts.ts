/**
 * The facts about a visit that conditions of policies may use. S3 condition keys describe the console's action and
 * never repeat the visit's own query and headers: the console ignores these, so an `x-amz-tagging` sent along must not
 * satisfy a condition.
 */
import type { IncomingMessage } from 'node:http'
import { callerHeaders } from '#access/caller/caller-headers.ts'
import type { ConditionKeys } from '#access/caller/query-facts.ts'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import { ApiError } from '#model/errors.ts'
import type { NamedTags } from '#model/tags.ts'
import { conditionKeys } from '#objects/effect.ts'
import type { WriteConditions } from '#store/contract.ts'

/** The effect of an action, beside its resource. */
export interface Effect {
  /** Condition keys in lower case. */
  readonly keys?: ConditionKeys
  /** Tags that are set on an object. */
  readonly objectTags?: NamedTags
}

export function factsOfVisit({ method = '', headers, socket }: IncomingMessage): RequestFacts {
  return { method, headers: callerHeaders(headers), query: new Map(), socket, caller: { via: 'header' } }
}

/** Refuses repeated parameters: otherwise one value could be authorized and another used. InvalidArgument. */
export function readQuery(url: string | undefined): URLSearchParams {
  const query = new URLSearchParams(url?.split(/\?(.*)/s)[1] ?? '')
  const names = [...query.keys()]
  const repeated = names.find((name, at) => names.indexOf(name) !== at)
  if (repeated === undefined) return query
  throw new ApiError('InvalidArgument', { message: `The address has the parameter ${repeated} twice.` })
}

/** The facts of listing below a prefix. */
export function listing(prefix: string, limit: number, delimiter = ''): Effect {
  const cut = delimiter === '' ? {} : { 's3:delimiter': delimiter }
  return { keys: { 's3:prefix': prefix, 's3:max-keys': String(limit), ...cut } }
}

export const writing = (conditions: WriteConditions): Effect => ({ keys: conditionKeys(conditions) })

/** Uploading a part, or creating an upload, creates no object yet. */
export const uploadingPart: Effect = { keys: { 's3:objectcreationoperation': 'false' } }
