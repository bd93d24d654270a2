/** Parameters that several operations share, read into values of the domain. */
import type { QueryParams } from '#http/aws-query/params.ts'
import { type Page, pageOfList } from '#http/aws-service/page.ts'
import { isSameName, type PolicyText, type Tag } from '#identity/entities/entity.ts'
import type { XmlTree } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import type { ParseOptions, PolicyKind } from '#policy/document/document.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'
import { rules, tagsMax } from './rules.ts'

/** Reads a policy. MalformedPolicyDocument. White space is not kept. */
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

const itemsMax = 1000
const itemsUsual = 100

/** The requested part of a list. `keyOf` orders it and must be unique. ValidationError. */
export function pageOf<T>(params: QueryParams, list: readonly T[], keyOf: (entry: T) => string): Page<T> {
  const max = params.findNumber('MaxItems', { min: 1, max: itemsMax }) ?? itemsUsual
  const marker = params.find('Marker', { min: 1, max: 2048, pattern: /^[A-Za-z0-9_-]+$/ })
  return pageOfList(list, keyOf, { max, marker })
}

/** Whether there is another page, and its marker. */
export const markerOf = ({ next }: Page<unknown>) => ({ IsTruncated: next !== undefined, Marker: next })

/** A page in the format of IAM: `<Users><member>...`. */
export function answerPage<T>(name: string, page: Page<T>, shape: (entry: T) => XmlTree | string): XmlTree {
  return { [name]: { member: page.items.map(shape) as readonly XmlTree[] }, ...markerOf(page) }
}

/** Sorts by name, case-insensitively. */
export const nameKey = ({ name }: { name: string }): string => name.toLowerCase()

export function underPrefix<E extends { path: string }>(params: QueryParams, list: readonly E[]): E[] {
  const prefix = params.find('PathPrefix', rules.pathPrefix) ?? '/'
  return list.filter(({ path }) => path.startsWith(prefix))
}

/** ValidationError: AWS's root has no name, so a request without a name means it. */
export function refuseRoot(isRoot: boolean): void {
  if (isRoot)
    throw new ApiError('ValidationError', { message: 'Must specify userName when calling with non-User credentials' })
}

export const includesName = (names: readonly string[], name: string): boolean =>
  names.some((one) => isSameName(one, name))
