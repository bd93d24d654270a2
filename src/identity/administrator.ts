/** The first user of a server, and how to reset its secret. */

import { defaultCredential } from '#config/config.ts'
import { systemClock } from '#lib/clock.ts'
import { awsPolicyArn } from './aws-policies/often-used.ts'
import type { AccessKey } from './entities/access-key.ts'
import type { Account } from './entities/account.ts'
import { derivedId, findNamed, secondOf } from './entities/entity.ts'
import { type User, userKind } from './entities/user.ts'
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
