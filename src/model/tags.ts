/**
 * Tags of buckets and objects.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html and CostAllocTagging.html
 */
import { queryDecode } from '#lib/text/uri.ts'
import { ApiError } from './errors.ts'
import { tagRules } from './tag-rules.ts'

export type Tags = Readonly<Record<string, string>>

export interface Tagged {
  /** Absent if there are none. */
  readonly tags?: Tags
}

/** Tags of a request: in its order, unchecked. */
export type NamedTags = readonly (readonly [key: string, value: string])[]

const kinds = {
  object: {
    max: 10,
    tooMany: 'Object tags cannot be greater than 10',
    reserved: 'Your TagKey cannot be prefixed with aws:',
  },
  bucket: {
    max: 50,
    tooMany: 'Bucket tag count cannot be greater than 50',
    reserved: 'System tags cannot be added/updated by requester',
  },
  newBucket: {
    max: 50,
    tooMany: 'Bucket tag count cannot be greater than 50',
    reserved: `User-defined tag keys can't start with "aws:". This prefix is reserved for system tags. Remove "aws:" from your tag keys and try again.`,
  },
} as const

/** Sorted by key; undefined for none. BadRequest for too many; InvalidTag. */
export function assertTags(named: NamedTags, of: keyof typeof kinds): Tags | undefined {
  const { max, tooMany, reserved } = kinds[of]
  if (named.length > max) throw new ApiError('BadRequest', { message: tooMany })
  const keys = new Set<string>()
  for (const [key, value] of named) {
    if (!isKey(key)) throw invalidTag('The TagKey you have provided is invalid', { TagKey: key })
    if (!isValue(value)) throw invalidTag('The TagValue you have provided is invalid', { TagKey: key, TagValue: value })
    if (/^aws:/i.test(key)) throw invalidTag(reserved, { TagKey: key })
    if (keys.has(key)) throw invalidTag('Cannot provide multiple Tags with the same key', { TagKey: key })
    keys.add(key)
  }
  if (named.length === 0) return undefined
  return Object.fromEntries([...named].sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** Parses `a=1&b=2` of a request header; undefined if malformed. */
export function parseTagQuery(text: string): NamedTags | undefined {
  const tags = text.split('&').filter((parameter) => parameter !== '')
  const pairs = tags.map((parameter) => parameter.split('='))
  if (pairs.some(({ length }) => length > 2)) return undefined
  try {
    return pairs.map(([key = '', value = '']) => [queryDecode(key), queryDecode(value)])
  } catch {
    // A malformed escape.
    return undefined
  }
}

const invalidTag = (message: string, fields: Record<string, string>) => new ApiError('InvalidTag', { message, fields })

/** S3 counts UTF-16 units, as JavaScript does. */
const isKey = (text: string) => text.length <= tagRules.key.max && tagRules.key.pattern.test(text)
const isValue = (text: string) => text.length <= tagRules.value.max && tagRules.value.pattern.test(text)

export function withTags<T extends Tagged>({ tags: _, ...rest }: T, tags: Tags | undefined): Omit<T, 'tags'> & Tagged {
  return tags === undefined ? rest : { ...rest, tags }
}

/** Both must come from `assertTags`, which sorts. */
export const hasSameTags = (one: Tagged, other: Tagged): boolean =>
  JSON.stringify(one.tags) === JSON.stringify(other.tags)
