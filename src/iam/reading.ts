/** Parameters that several operations share, read into values of the domain. */
import type { QueryParams } from '#http/aws-query/params.ts'
import { isSameName, type PolicyText, type Tag } from '#identity/entities/entity.ts'
import type { XmlTree } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import type { ParseOptions, PolicyKind } from '#policy/document/document.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'
import { rules, tagsMax } from './rules.ts'

/** MalformedPolicyDocument. White space is not kept. */
export function readPolicy(
  params: QueryParams,
  name: string,
  kind: Exclude<PolicyKind, 'resource'>,
  options: ParseOptions = {},
): PolicyText {
  const json = params.get(name, rules.document)
  parsePolicy(json, kind, { maxBytes: rules.document.max, ...options })
  return JSON.parse(json) as PolicyText
}

export function readTags(params: QueryParams): Tag[] {
  return params.structures('Tags', tagsMax).map((tag) => ({
    key: tag.get('Key', rules.tagKey),
    value: tag.get('Value', rules.tagValue),
  }))
}

export const readPath = (params: QueryParams): string => params.find('Path', rules.path) ?? '/'

export interface Page<T> {
  readonly items: readonly T[]
  readonly IsTruncated: boolean
  readonly Marker: string | undefined
}

const itemsMax = 1000
const itemsUsual = 100

/**
 * The requested part of a list. `keyOf` orders it and must be unique. The marker is the last key seen, so that paging
 * goes on at the right place when the list changes meanwhile. ValidationError.
 */
export function pageOf<T>(params: QueryParams, list: readonly T[], keyOf: (entry: T) => string): Page<T> {
  const max = params.findNumber('MaxItems', { min: 1, max: itemsMax }) ?? itemsUsual
  const marker = params.find('Marker', { min: 1, max: 2048, pattern: /^[A-Za-z0-9_-]+$/ })
  const after = marker === undefined ? undefined : Buffer.from(marker, 'base64url').toString()
  const keyed = list.map((entry) => ({ entry, key: keyOf(entry) })).sort((one, other) => compare(one.key, other.key))
  const from = after === undefined ? 0 : keyed.findIndex(({ key }) => compare(key, after) > 0)
  const rest = from === -1 ? [] : keyed.slice(from)
  const items = rest.slice(0, max)
  const last = items.at(-1)
  const isTruncated = rest.length > items.length && last !== undefined
  return {
    items: items.map(({ entry }) => entry),
    IsTruncated: isTruncated,
    Marker: isTruncated ? Buffer.from(last.key).toString('base64url') : undefined,
  }
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

/** A page in the format of IAM: `<Users><member>...`. */
export function answerPage<T>(name: string, page: Page<T>, shape: (entry: T) => XmlTree | string): XmlTree {
  const { IsTruncated, Marker } = page
  return { [name]: { member: page.items.map(shape) as readonly XmlTree[] }, IsTruncated, Marker }
}

/** Sorts by name, without regard to case. */
export const nameKey = ({ name }: { name: string }): string => name.toLowerCase()

export function underPrefix<E extends { path: string }>(params: QueryParams, list: readonly E[]): E[] {
  const prefix = params.find('PathPrefix', rules.pathPrefix) ?? '/'
  return list.filter(({ path }) => path.startsWith(prefix))
}

/** ValidationError: AWS's root has no name, so no name means it. */
export function refuseRoot(isRoot: boolean): void {
  if (isRoot)
    throw new ApiError('ValidationError', { message: 'Must specify userName when calling with non-User credentials' })
}

export const includesName = (names: readonly string[], name: string): boolean =>
  names.some((one) => isSameName(one, name))
