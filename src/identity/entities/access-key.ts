/** Long-lived access keys of users and of an account's root. */
import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import { numberless } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import { assertQuota, base32, moment, policyText, removeFrom, secondOf } from './entity.ts'

export const accessKeySchema = z.strictObject({
  id: z.string().min(1).max(128),
  /** In clear text if written by hand, otherwise encrypted (see secrets.ts). */
  secret: z.string().min(1).max(1024),
  status: z.enum(['Active', 'Inactive']).default('Active'),
  createdAt: moment.default('1970-01-01T00:00:00.000Z'),
  expiresAt: moment.optional(),
  /** Required in every request with this key, as in version 1 of iam.json. */
  sessionToken: z.string().min(1).optional(),
  /** Limits the key, whatever its user may do. */
  policies: z.array(policyText).optional(),
})
export type AccessKey = z.infer<typeof accessKeySchema>

export interface KeyHolder {
  keys: AccessKey[]
}

const keysMax = 2

/** The key that makes another key. The new one may not do more or last longer. */
export interface KeyMaker {
  readonly expiresAt?: string | undefined
  readonly policies?: AccessKey['policies']
}

/** LimitExceeded. */
export function createAccessKey(
  holder: KeyHolder,
  made: { account: string; secret: string; maker: KeyMaker; nowMs: number },
): AccessKey {
  assertQuota('AccessKeysPerUser', holder.keys.length + 1, keysMax)
  const { expiresAt, policies } = made.maker
  const key: AccessKey = {
    id: newKeyId('AKIA', made.account),
    secret: made.secret,
    status: 'Active',
    createdAt: secondOf(made.nowMs),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(policies === undefined ? {} : { policies }),
  }
  holder.keys.push(key)
  return key
}

/**
 * `expiresAt` undefined means never. No key may outlast the key that sets the expiry. ValidationError for a time in the
 * past or after the maker's expiry.
 */
export function setExpiry(
  key: AccessKey,
  expiresAt: string | undefined,
  { maker, nowMs }: { maker: KeyMaker; nowMs: number },
): void {
  if (expiresAt !== undefined && Date.parse(expiresAt) <= nowMs) {
    throw new ApiError('ValidationError', {
      message: 'The expiry must be in the future. To end a key now, disable it.',
    })
  }
  const latest = maker.expiresAt
  if (latest !== undefined && (expiresAt === undefined || Date.parse(expiresAt) > Date.parse(latest))) {
    throw new ApiError('ValidationError', {
      message: `Your own key expires at ${latest}: no other key may last longer.`,
    })
  }
  if (expiresAt === undefined) delete key.expiresAt
  else key.expiresAt = expiresAt
}

/** NoSuchEntity. */
export function getAccessKey(holder: KeyHolder, id: string): AccessKey {
  const key = holder.keys.find((one) => one.id === id)
  if (key === undefined) {
    throw new ApiError('NoSuchEntity', { message: `The Access Key with id ${id} cannot be found.` })
  }
  return key
}

export function deleteAccessKey(holder: KeyHolder, id: string): void {
  removeFrom(holder.keys, getAccessKey(holder, id))
}

export const isUsable = (key: AccessKey, nowMs: number): boolean => key.status === 'Active' && !isExpired(key, nowMs)

export const isExpired = ({ expiresAt }: AccessKey, nowMs: number): boolean =>
  expiresAt !== undefined && Date.parse(expiresAt) <= nowMs

/** 40 characters, as on AWS. */
export const newSecretAccessKey = (): string => randomBytes(30).toString('base64')

/**
 * 20 characters that contain the account, for GetAccessKeyInfo: a set bit, 40 bits of account, 39 random bits. Keys of
 * accounts without a number are random.
 */
export function newKeyId(prefix: 'AKIA' | 'ASIA', account: string): string {
  const bytes = randomBytes(10)
  if (account !== numberless) {
    const head = (1n << 47n) | (BigInt(account) << 7n) | BigInt((bytes[5] ?? 0) & 0x7f)
    bytes.writeUIntBE(Number(head), 0, 6)
  }
  return prefix + base32(bytes)
}

/** Twelve digits, or undefined if the id was not made by newKeyId. */
export function accountOfKeyId(id: string): string | undefined {
  if (!/^A[KS]IA[A-Z2-7]{16}$/.test(id)) return undefined
  let bits = 0n
  for (const letter of id.slice(4, 14)) bits = (bits << 5n) | BigInt('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter))
  const head = bits >> 2n
  const account = (head >> 7n) & ((1n << 40n) - 1n)
  return head >> 47n === 1n && account < 1_000_000_000_000n ? String(account).padStart(12, '0') : undefined
}
