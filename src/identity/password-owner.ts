/** Users who have a password, by the name under which the console asks for them. */
import type { Directory } from './directory.ts'
import { findNamed } from './entity.ts'
import type { Identity } from './identity.ts'
import { arnOf } from './principal-arn.ts'
import { findPrincipal } from './principals.ts'

export interface PasswordOwner {
  /** Has no key. */
  readonly identity: Identity
  readonly passwordHash: string
}

/** `account`: number or alias; the server's own if left out. Undefined: there is no such user, or it has no password. */
export function findPasswordOwner(
  directory: Directory,
  { account: name, userName }: { readonly account?: string | undefined; readonly userName: string },
): PasswordOwner | undefined {
  const [first, ...others] = directory.accounts
  const account = name === undefined ? first : [first, ...others].find((one) => one?.id === name || one?.alias === name)
  const user = account && findNamed(account.users, userName)
  if (account === undefined || user?.login === undefined) return undefined
  const identity = findPrincipal(directory, account, arnOf(account.id, 'user', user))
  return identity && { identity, passwordHash: user.login.passwordHash }
}
