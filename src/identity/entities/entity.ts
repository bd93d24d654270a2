/** The common part of users, groups, roles, policies and profiles: a case-insensitive name, a path, an id, tags. */
import { createHash, randomBytes } from 'node:crypto'
import * as z from 'zod'
import { ApiError } from '#model/errors.ts'

export const namePattern = /^[\w+=,.@-]+$/
export const pathPattern = /^\/(?:[\u0021-\u007e]*\/)?$/

const epoch = '1970-01-01T00:00:00.000Z'
/** ISO 8601 in UTC. */
export const moment = z.iso.datetime()

/** Hand-written entries need only a name: an id derived from it is filled in. */
export const entityShape = {
  name: z.string().regex(namePattern).max(128),
  path: z.string().regex(pathPattern).max(512).default('/'),
  id: z.string().max(128).default(''),
  createdAt: moment.default(epoch),
}

export const tagsSchema = z.record(z.string().min(1).max(128), z.string().max(256)).default({})

/**
 * A policy in the document. Its content is checked together with all cross-references. The object is never changed and
 * stays the same between states of the document, so its compiled form stays cached.
 */
export const policyText = z.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'a policy must be an object',
)
export type PolicyText = z.infer<typeof policyText>

export interface Entity {
  name: string
  path: string
  id: string
  createdAt: string
}

export interface Tagged {
  tags: Record<string, string>
}

export const isSameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/** A kind of entity, with AWS's messages. */
export interface Kind {
  /**
   * The prefix of its unique ids.
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
   */
  readonly idPrefix: string
  readonly max: number
  readonly quotaName: string
  readonly missing: (name: string) => string
  readonly exists: (name: string) => string
}

export function findNamed<E extends Entity>(list: readonly E[], name: string): E | undefined {
  return list.find((entity) => isSameName(entity.name, name))
}

/** NoSuchEntity. */
export function getNamed<E extends Entity>(kind: Kind, list: readonly E[], name: string): E {
  const entity = findNamed(list, name)
  if (entity === undefined) throw new ApiError('NoSuchEntity', { message: kind.missing(name) })
  return entity
}

/** EntityAlreadyExists, LimitExceeded. */
export function addNamed<E extends Entity>(kind: Kind, list: E[], entity: E): E {
  if (findNamed(list, entity.name) !== undefined) {
    throw new ApiError('EntityAlreadyExists', { message: kind.exists(entity.name) })
  }
  assertQuota(kind.quotaName, list.length + 1, kind.max)
  list.push(entity)
  return entity
}

/** EntityAlreadyExists, unless only the case of its letters changes. */
export function renameNamed<E extends Entity>(kind: Kind, list: readonly E[], entity: E, name: string): void {
  const other = findNamed(list, name)
  if (other !== undefined && other !== entity) {
    throw new ApiError('EntityAlreadyExists', { message: kind.exists(name) })
  }
  entity.name = name
}

export function removeFrom<E>(list: E[], entity: E): void {
  const at = list.indexOf(entity)
  if (at >= 0) list.splice(at, 1)
}

/** LimitExceeded. */
export function assertQuota(quotaName: string, count: number, max: number): void {
  if (count > max) throw new ApiError('LimitExceeded', { message: `Cannot exceed quota for ${quotaName}: ${max}` })
}

export const deleteConflict = (what: string): ApiError =>
  new ApiError('DeleteConflict', { message: `Cannot delete entity, must ${what} first.` })

export const newEntity = (idPrefix: string, name: string, path: string, nowMs: number): Entity => ({
  name,
  path,
  id: idPrefix + base32(randomBytes(11)).slice(0, 17),
  createdAt: secondOf(nowMs),
})

/** The id of a hand-written entity without one. It is always the same. */
export function derivedId(idPrefix: string, account: string, name: string): string {
  return (
    idPrefix + base32(createHash('sha256').update(`${account}/${idPrefix}/${name.toLowerCase()}`).digest()).slice(0, 17)
  )
}

/** Whole seconds, as on AWS. */
export const secondOf = (atMs: number): string => new Date(Math.floor(atMs / 1000) * 1000).toISOString()

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648, without padding. */
export function base32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31]
    held &= 0xff
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31]
}

const tagsMax = 50

/** InvalidInput, LimitExceeded. */
export function addTags(entity: Tagged, tags: readonly Tag[]): void {
  const merged = mergedTags(entity.tags, tagsOf(tags))
  if (Object.keys(merged).length > tagsMax) {
    throw new ApiError('LimitExceeded', { message: `The number of tags has reached the maximum limit of ${tagsMax}.` })
  }
  entity.tags = merged
}

/** Later tags replace earlier ones. Keys are case-insensitive. */
export function mergedTags(earlier: Record<string, string>, later: Record<string, string>): Record<string, string> {
  const replaced = new Set(Object.keys(later).map((key) => key.toLowerCase()))
  const kept = Object.entries(earlier).filter(([key]) => !replaced.has(key.toLowerCase()))
  return { ...Object.fromEntries(kept), ...later }
}

export function removeTags(entity: Tagged, names: readonly string[]): void {
  for (const name of names) delete entity.tags[name]
}

export interface Tag {
  readonly key: string
  readonly value: string
}

/** InvalidInput. */
export function tagsOf(tags: readonly Tag[]): Record<string, string> {
  const seen = new Set<string>()
  for (const { key } of tags) {
    const name = key.toLowerCase()
    if (seen.has(name)) {
      throw new ApiError('InvalidInput', {
        message: 'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
      })
    }
    if (name.startsWith('aws:') || name === '__proto__') {
      throw new ApiError('InvalidInput', { message: `The tag key ${key} is reserved.` })
    }
    seen.add(name)
  }
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]))
}
