/** Users with a password, by the name that they use to sign in to the console. */

import type { Directory } from '#identity/directory.ts'
import type { Account } from '#identity/entities/account.ts'
import { findNamed } from '#identity/entities/entity.ts'
import type { Identity } from '#identity/identity.ts'
import { arnOf } from '#identity/principals/principal-arn.ts'
import { findPrincipal } from '#identity/principals/principals.ts'

export interface AskedOwner {
  /** Number or alias; by default the server's own account. */
  readonly account?: string | undefined
  readonly userName: string
}

export interface PasswordOwner {
  /** An identity without a key. */
  readonly identity: Identity
  readonly passwordHash: string
}

/** Undefined if there is no such user, or it has no password. */
export function findPasswordOwner(directory: Directory, asked: AskedOwner): PasswordOwner | undefined {
  const account = findAccount(directory, asked)
  const user = account && findNamed(account.users, asked.userName)
  if (account === undefined || user?.login === undefined) return undefined
  const identity = findPrincipal(directory, account, arnOf(account.id, 'user', user))
  return identity && { identity, passwordHash: user.login.passwordHash }
}

/** Equal for all spellings of a name, whether the user exists or not. */
export function canonicalOwner(directory: Directory, asked: AskedOwner): string {
  return `${findAccount(directory, asked)?.id ?? asked.account}/${asked.userName.toLowerCase()}`
}

function findAccount({ accounts }: Directory, { account: name }: AskedOwner): Account | undefined {
  const [first, ...others] = accounts
  return name === undefined ? first : [first, ...others].find((one) => one?.id === name || one?.alias === name)
}
