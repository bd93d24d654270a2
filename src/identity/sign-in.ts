/** Users by name and password, as the console asks for them. */
import { formatPassword, isPasswordOf } from '#lib/digest/password.ts'
import type { Directory } from './directory.ts'
import { findNamed } from './entity.ts'
import type { Identity } from './identity.ts'
import { arnOf } from './principal-arn.ts'
import { findPrincipal } from './principals.ts'

export interface Password {
  /** Number or alias; the server's own account if left out. */
  readonly account?: string | undefined
  readonly userName: string
  readonly password: string
}

/** For whoever is not known: nobody may tell by the time it takes. */
let nobodys: Promise<string> | undefined

/** Undefined: there is no such user, or it has no password, or another. The identity has no key. */
export async function findByPassword(directory: Directory, asked: Password): Promise<Identity | undefined> {
  const [first, ...others] = directory.accounts
  const { account: name } = asked
  const account = name === undefined ? first : [first, ...others].find((one) => one?.id === name || one?.alias === name)
  const user = account && findNamed(account.users, asked.userName)
  nobodys ??= formatPassword('nobody has this password')
  const isRight = await isPasswordOf(user?.login?.passwordHash ?? (await nobodys), asked.password)
  if (!isRight || account === undefined || user?.login === undefined) return undefined
  return findPrincipal(directory, account, arnOf(account.id, 'user', user))
}
