/** The first user of a server, and how to reset its secret. */

import { defaultCredential } from '#config/config.ts'
import { type Clock, systemClock } from '#lib/clock.ts'
import { awsPolicyArn } from './aws-policies/often-used.ts'
import type { Directory } from './directory.ts'
import type { AccessKey } from './entities/access-key.ts'
import type { Account } from './entities/account.ts'
import { derivedId, findNamed, secondOf } from './entities/entity.ts'
import { type User, userKind } from './entities/user.ts'
import { mayAdminister } from './entities/way-in.ts'
import type { Secrets } from './secrets/secrets.ts'

export interface AdministratorKey {
  readonly accessKey: string
  /** In clear text, so that the operator can read it in the file; or encrypted. */
  readonly secretKey: string
}

/**
 * A secret of the settings, as a database keeps it: who may read the database must not learn it. The well-known secret
 * stays in clear text, since a start looks for it.
 */
export const sealGivenSecret = (secrets: Secrets, secret: string): string =>
  secret === defaultCredential ? secret : secrets.format(secret)

/** Which access key `--reset-cred` means, or the names of those between which it cannot choose. */
export type FoundAdministrator = { readonly accessKey: string } | { readonly candidates: readonly string[] }

/**
 * The administrator that the first start made. Nothing records it, but its user has the name of its access key, where
 * keys that are made later have names of their own. If that tells nothing, the only administrator.
 */
export function findAdministrator(directory: Directory, clock: Clock = systemClock): FoundAdministrator {
  if (directory.findKey(defaultCredential) !== undefined) return { accessKey: defaultCredential }
  const [account] = directory.accounts
  if (account === undefined) return { candidates: [] }
  const isWhole = ({ policies }: AccessKey) => policies === undefined
  const users = account.users.filter(
    (user) => user.keys.some(isWhole) && mayAdminister(directory, account, user, clock),
  )
  const ofFirstStart = users.flatMap(({ name, keys }) => keys.filter(({ id }) => id === name))
  const keys = ofFirstStart.length > 0 ? ofFirstStart : [...account.keys, ...users.flatMap((user) => user.keys)]
  const [key, ...others] = keys.filter(isWhole)
  if (key === undefined) return hasKeys(directory) ? { candidates: [] } : { accessKey: defaultCredential }
  return others.length === 0 ? { accessKey: key.id } : { candidates: [key, ...others].map(({ id }) => id) }
}

const hasKeys = ({ accounts }: Directory): boolean =>
  [...accounts].some(({ keys, users }) => [...keys, ...users.flatMap((user) => user.keys)].length > 0)

/**
 * Sets the secret of the key and gives its user every right. Creates both if they do not exist. `nowMs`: a start has no
 * services yet, so that the time is the system's by default.
 */
export function createAdministrator(
  account: Account,
  { accessKey, secretKey }: AdministratorKey,
  nowMs = systemClock.nowMs(),
): void {
  const createdAt = secondOf(nowMs)
  const key: AccessKey = { id: accessKey, secret: secretKey, status: 'Active', createdAt }
  const holder = [account, ...account.users].find(({ keys }) => keys.some(({ id }) => id === accessKey))
  if (holder !== undefined) holder.keys = holder.keys.map((one) => (one.id === accessKey ? key : one))
  if (holder === account) return
  const user = account.users.find((one) => one === holder) ?? addUser(account, accessKey, createdAt)
  if (holder === undefined) user.keys.push(key)
  const everything = awsPolicyArn('AdministratorAccess')
  if (!user.attached.includes(everything)) user.attached.push(everything)
  delete user.boundary
}

function addUser(account: Account, name: string, createdAt: string): User {
  const known = findNamed(account.users, name)
  if (known !== undefined) return known
  const fresh: User = {
    name,
    path: '/',
    id: derivedId(userKind.idPrefix, account.id, name),
    createdAt,
    displayName: 'Local Admin',
    tags: {},
    keys: [],
    groups: [],
    inline: {},
    attached: [],
  }
  account.users.push(fresh)
  return fresh
}
