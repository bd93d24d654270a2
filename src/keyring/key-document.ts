/**
 * The shape of kms_keys.json: the keys with all their material, wrapped by the root key, and their aliases. Material is
 * removed only with its key, after the waiting period of the deletion.
 */
import { hash } from 'node:crypto'
import * as z from 'zod'

const moment = z.iso.datetime()

const materialSchema = z.strictObject({
  /** 64 hex digits. Ciphertext names it. */
  id: z.string().regex(/^[0-9a-f]{64}$/),
  wrapped: z.base64(),
  /** Shows damage without the root key. */
  checksum: z.string(),
  createdAt: moment,
  /** The reason of the rotation; absent for the first material of a key. */
  rotation: z.enum(['AUTOMATIC', 'ON_DEMAND']).optional(),
})
export type Material = z.infer<typeof materialSchema>

/** The last one encrypts; all of them decrypt. */
const materials = z.array(materialSchema).min(1)

const keySchema = z.strictObject({
  id: z.string().regex(/^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/),
  account: z.string().regex(/^(\d{12}|none)$/),
  region: z.string().min(1),
  manager: z.enum(['CUSTOMER', 'AWS']).default('CUSTOMER'),
  description: z.string().max(8192).default(''),
  createdAt: moment,
  isEnabled: z.boolean().default(true),
  /** The end of the waiting period, after which the key is deleted. */
  deletesAt: moment.optional(),
  /** Checked when it is used: a policy that becomes invalid denies everything. */
  policy: z.unknown(),
  /** Ids of the principals in the policy, as of its put. */
  principals: z.record(z.string(), z.string()).optional(),
  tags: z.record(z.string().min(1).max(128), z.string().max(256)).default({}),
  rotation: z.strictObject({ periodDays: z.int().min(90).max(2560), nextAt: moment }).optional(),
  materials,
})
export type KeyEntry = z.infer<typeof keySchema>

const aliasSchema = z.strictObject({
  name: z
    .string()
    .regex(/^alias\/[\w/-]+$/)
    .max(256),
  account: z.string(),
  region: z.string(),
  keyId: z.string(),
  createdAt: moment,
  updatedAt: moment,
})
export type Alias = z.infer<typeof aliasSchema>

const rootSchema = z.strictObject({
  kind: z.enum(['file', 'setting', 'endpoint']),
  /** Can be decrypted with the right root key only. */
  check: z.base64(),
  /** The root key, wrapped by a key of another KMS. */
  wrapped: z.base64().optional(),
  /** The name of its file; kms_root.key if absent. */
  file: z
    .string()
    .regex(/^kms_root-[0-9a-f]{8}\.key$/)
    .optional(),
})
export type RootRecord = z.infer<typeof rootSchema>

export const keyDocumentSchema = z.strictObject({
  version: z.literal(1),
  root: rootSchema.optional(),
  /** The key of the server, for SSE-S3. */
  server: z.strictObject({ id: z.uuid(), materials }).optional(),
  keys: z.array(keySchema).default([]),
  aliases: z.array(aliasSchema).default([]),
})
export type KeyDocument = z.infer<typeof keyDocumentSchema>

export const emptyKeyDocument = (): KeyDocument => ({ version: 1, keys: [], aliases: [] })

export const checksumOf = ({ id, wrapped }: Pick<Material, 'id' | 'wrapped'>): string =>
  hash('sha256', `${id} ${wrapped}`, 'hex').slice(0, 16)

interface Mistake {
  readonly path: (string | number)[]
  readonly message: string
}

/** Damage, duplicate names, and references without a target. */
export function findKeyMistake({ root, server, keys, aliases }: KeyDocument): Mistake | undefined {
  if (root === undefined && (keys.length > 0 || server !== undefined)) {
    return { path: ['root'], message: 'it is missing: the keys are wrapped by the root key that it names' }
  }
  const damaged = server && findDamage(server.materials, ['server', 'materials'])
  if (damaged !== undefined) return damaged
  const ids = new Set<string>()
  for (const [at, { id, materials: own }] of keys.entries()) {
    if (ids.has(id)) return { path: ['keys', at, 'id'], message: `the key ${id} is used twice` }
    ids.add(id)
    const found = findDamage(own, ['keys', at, 'materials'])
    if (found !== undefined) return found
  }
  return findAliasMistake(aliases, ids)
}

function findDamage(list: readonly Material[], path: (string | number)[]): Mistake | undefined {
  const at = list.findIndex((material) => material.checksum !== checksumOf(material))
  if (at === -1) return undefined
  return { path: [...path, at], message: 'the checksum does not match: the material is damaged' }
}

function findAliasMistake(aliases: readonly Alias[], ids: ReadonlySet<string>): Mistake | undefined {
  const names = new Set<string>()
  for (const [at, { name, account, region, keyId }] of aliases.entries()) {
    if (!ids.has(keyId)) return { path: ['aliases', at, 'keyId'], message: `there is no key ${keyId}` }
    const place = `${account} ${region} ${name}`
    if (names.has(place)) return { path: ['aliases', at, 'name'], message: `${name} is used twice` }
    names.add(place)
  }
  return undefined
}

export const keyDocumentShape = { schema: keyDocumentSchema, findMistake: findKeyMistake }
