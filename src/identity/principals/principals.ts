/** The principals that a policy may name. */

import { type Directory, requesterOf } from '#identity/directory.ts'
import type { Account } from '#identity/entities/account.ts'
import { findNamed, isSameName } from '#identity/entities/entity.ts'
import { oidcProviderArn } from '#identity/entities/oidc-provider.ts'
import { Identity } from '#identity/identity.ts'
import { numberless } from '#model/account.ts'
import type { Requester } from '#policy/requester.ts'
import { arnOf, parseIamArn, rootArn } from './principal-arn.ts'

/** A principal of a hypothetical question, without credentials. */
export function findPrincipal(directory: Directory, account: Account, name: string): Identity | undefined {
  const { id, displayName, canonicalId } = account
  const noCredentials = { accessKeyId: '', secretAccessKey: '' }
  const user = account.users.find((one) => one.name === name || arnOf(id, 'user', one) === name)
  if (user !== undefined) {
    const requester = requesterOf({ account, user })
    return new Identity({
      ...noCredentials,
      displayName: user.name,
      requester,
      policies: directory.policiesOfUser(account, user),
    })
  }
  const role = account.roles.find((one) => arnOf(id, 'role', one) === name)
  if (role !== undefined) {
    const arn = arnOf(id, 'role', role)
    const requester: Requester = { type: 'role', arn, account: id, userId: role.id, canonicalId, tags: role.tags }
    return new Identity({
      ...noCredentials,
      displayName: role.name,
      requester,
      policies: directory.policiesOfRole(account, role),
    })
  }
  if (name !== rootArn(id)) return undefined
  return new Identity({
    ...noCredentials,
    displayName,
    requester: requesterOf({ account, user: undefined }),
    policies: { identity: [] },
  })
}

/** The unique id of a user or a role, by any name that a policy may use; for a session, that of its role. */
export function findPrincipalId(directory: Directory, name: string): string | undefined {
  const [, sessionAccount, roleName] = /^arn:aws:(?:sts|iam)::(\d{12}|):assumed-role\/([^/]+)\//.exec(name) ?? []
  if (roleName !== undefined) {
    const account = directory.findAccount(sessionAccount || numberless)
    return account && findNamed(account.roles, roleName)?.id
  }
  const named = parseIamArn(name)
  if (named === undefined) return directory.findKey(name)?.user?.id
  const account = directory.findAccount(named.account)
  const found =
    account &&
    (named.noun === 'user'
      ? directory.findUser(account, named.name)
      : named.noun === 'role'
        ? findNamed(account.roles, named.name)
        : undefined)
  const isSame = found && arnOf(named.account, named.noun === 'user' ? 'user' : 'role', found) === name
  return isSame ? found.id : undefined
}

/** The ARN of the user or role with the unique id. */
export function findPrincipalArn(directory: Directory, id: string): string | undefined {
  if (!/^A(IDA|ROA)/.test(id)) return undefined
  for (const account of directory.accounts) {
    const user = directory.findUserById(account, id)
    if (user !== undefined) return arnOf(account.id, 'user', user)
    const role = directory.findRoleById(account, id)
    if (role !== undefined) return arnOf(account.id, 'role', role)
  }
  return undefined
}

export function doesPrincipalExist(directory: Directory, name: string): boolean {
  if (/^arn:aws:(sts:|iam:::assumed-role)/.test(name)) return doesSessionExist(directory, name)
  if (name.startsWith('arn:')) return doesArnExist(directory, name)
  if (directory.findKey(name) !== undefined) return true
  return some(directory, (account) => {
    if (account.id === name || account.canonicalId === name) return true
    if (account.users.some((user) => user.id === name || user.canonicalId === name)) return true
    return account.roles.some((role) => role.id === name)
  })
}

function doesArnExist(directory: Directory, arn: string): boolean {
  const id = arn.split(':')[4] || numberless
  const account = directory.findAccount(id)
  if (account === undefined) return false
  if (account.oidcProviders.some(({ url }) => oidcProviderArn(id, url) === arn)) return true
  const named = parseIamArn(arn)
  if (named?.noun === 'root') return true
  if (named?.noun === 'user') return account.users.some((user) => arnOf(id, 'user', user) === arn)
  if (named?.noun === 'role') return account.roles.some((role) => arnOf(id, 'role', role) === arn)
  return false
}

/** `assumed-role/<role>/<session>`: any session is accepted, but the role must exist. */
function doesSessionExist(directory: Directory, arn: string): boolean {
  const [, id = '', kind, name = ''] =
    /^arn:aws:(?:sts|iam)::(\d{12}|):(assumed-role|federated-user)\/([^/]+)/.exec(arn) ?? []
  const account = directory.findAccount(id || numberless)
  if (account === undefined || kind === undefined) return false
  return kind === 'federated-user' || account.roles.some((role) => isSameName(role.name, name))
}

function some(directory: Directory, holds: (account: Account) => boolean): boolean {
  for (const account of directory.accounts) if (holds(account)) return true
  return false
}
