/**
 * An immutable index over the identity document. Finding a key or a name takes constant time. Policies are compiled on
 * first use.
 */
import type { Owner } from '#model/account.ts'
import type { NamedPolicy, RequesterPolicies } from '#policy/evaluate/evaluate.ts'
import type { Requester } from '#policy/requester.ts'
import { defaultVersionOf } from './accounts/managed-policies.ts'
import { findAwsPolicy } from './aws-policies/aws-policies.ts'
import type { AccessKey } from './entities/access-key.ts'
import type { Account, IdentityDocument } from './entities/account.ts'
import type { Group } from './entities/group.ts'
import { type ManagedPolicy, policyArn } from './entities/managed-policy.ts'
import type { Bounded, PolicyHolder } from './entities/policy-holder.ts'
import type { Role } from './entities/role.ts'
import type { User } from './entities/user.ts'
import { compiled } from './iam-document/policy-text.ts'
import { indexOwners, type OwnerIndex, type Ownership } from './principals/owners.ts'
import { arnOf, rootArn } from './principals/principal-arn.ts'

/** A long-lived key and its user; without a user it is a key of the account's root. */
export interface KeyEntry {
  readonly account: Account
  readonly user: User | undefined
  readonly key: AccessKey
}

interface AccountIndex {
  readonly users: ReadonlyMap<string, User>
  readonly groups: ReadonlyMap<string, Group>
  readonly policies: ReadonlyMap<string, ManagedPolicy>
  /** By unique id: a role that was created again under an old name is another one. */
  readonly rolesById: ReadonlyMap<string, Role>
  readonly usersById: ReadonlyMap<string, User>
}

export class Directory {
  readonly #accounts: ReadonlyMap<string, Account>
  readonly #keys = new Map<string, KeyEntry>()
  #ownerIndex: OwnerIndex | undefined
  readonly #indexes = new Map<Account, AccountIndex>()
  readonly #policies = new WeakMap<User | Role, RequesterPolicies>()

  constructor(document: IdentityDocument) {
    this.#accounts = new Map(document.accounts.map((account) => [account.id, account]))
    for (const account of document.accounts) {
      for (const key of account.keys) this.#keys.set(key.id, { account, user: undefined, key })
      for (const user of account.users) for (const key of user.keys) this.#keys.set(key.id, { account, user, key })
    }
  }

  get accounts(): Iterable<Account> {
    return this.#accounts.values()
  }

  findAccount(id: string): Account | undefined {
    return this.#accounts.get(id)
  }

  /** Finds an owner by canonical id. */
  findOwnership(canonicalId: string): Ownership | undefined {
    return this.#owners().byCanonicalId.get(canonicalId)
  }

  findOwnerByEmail(email: string): Owner | undefined {
    return this.#owners().byEmail.get(email.toLowerCase())
  }

  findKey(accessKeyId: string): KeyEntry | undefined {
    return this.#keys.get(accessKeyId)
  }

  /** The keys with this secret, if it is in clear text in the document. */
  keysWithSecret(secret: string): AccessKey[] {
    return [...this.#keys.values()].flatMap(({ key }) => (key.secret === secret ? [key] : []))
  }

  findUser(account: Account, name: string): User | undefined {
    return this.#index(account).users.get(name.toLowerCase())
  }

  findUserById(account: Account, id: string): User | undefined {
    return this.#index(account).usersById.get(id)
  }

  findRoleById(account: Account, id: string): Role | undefined {
    return this.#index(account).rolesById.get(id)
  }

  /** Inline and attached policies, and those of the user's groups. */
  policiesOfUser(account: Account, user: User): RequesterPolicies {
    return this.#remember(
      user,
      () => {
        const groups = user.groups.flatMap((name) => this.#index(account).groups.get(name.toLowerCase()) ?? [])
        return [user, ...groups].flatMap((holder) => this.#held(account, holder))
      },
      account,
    )
  }

  policiesOfRole(account: Account, role: Role): RequesterPolicies {
    return this.#remember(role, () => this.#held(account, role), account)
  }

  policiesOfGroup(account: Account, group: Group): RequesterPolicies {
    return { identity: this.#held(account, group) }
  }

  /** A policy of the account or of AWS; undefined if it does not exist. */
  findManaged(account: Account, arn: string): NamedPolicy | undefined {
    const policy = this.#index(account).policies.get(arn) ?? findAwsPolicy(arn)
    return policy && { name: arn, policy: compiled(defaultVersionOf(policy).document, 'identity') }
  }

  #remember(holder: User | Role, identityOf: () => NamedPolicy[], account: Account): RequesterPolicies {
    const known = this.#policies.get(holder)
    if (known !== undefined) return known
    const boundary = this.#boundaryOf(account, holder)
    const policies = { identity: identityOf(), ...(boundary === undefined ? {} : { boundary }) }
    this.#policies.set(holder, policies)
    return policies
  }

  #boundaryOf(account: Account, { boundary }: Bounded): NamedPolicy | undefined {
    return boundary === undefined ? undefined : this.findManaged(account, boundary)
  }

  #held(account: Account, holder: PolicyHolder): NamedPolicy[] {
    const inline = Object.entries(holder.inline).map(([name, text]) => ({ name, policy: compiled(text, 'identity') }))
    return [...inline, ...holder.attached.flatMap((arn) => this.findManaged(account, arn) ?? [])]
  }

  #owners(): OwnerIndex {
    this.#ownerIndex ??= indexOwners(this.#accounts.values())
    return this.#ownerIndex
  }

  #index(account: Account): AccountIndex {
    let index = this.#indexes.get(account)
    if (index === undefined) {
      index = {
        users: new Map(account.users.map((user) => [user.name.toLowerCase(), user])),
        groups: new Map(account.groups.map((group) => [group.name.toLowerCase(), group])),
        rolesById: new Map(account.roles.map((role) => [role.id, role])),
        usersById: new Map(account.users.map((user) => [user.id, user])),
        policies: new Map(account.policies.map((policy) => [policyArn(account.id, policy), policy])),
      }
      this.#indexes.set(account, index)
    }
    return index
  }
}

/** The requester for a user, or for the root if there is no user. */
export function requesterOf({ account, user }: Omit<KeyEntry, 'key'>): Requester {
  if (user === undefined) {
    const { id, canonicalId } = account
    return { type: 'root', arn: rootArn(id), account: id, userId: id, canonicalId }
  }
  return {
    type: 'user',
    arn: arnOf(account.id, 'user', user),
    account: account.id,
    userId: user.id,
    userName: user.name,
    canonicalId: user.canonicalId ?? account.canonicalId,
    aliases: user.keys.map(({ id }) => id),
    tags: user.tags,
  }
}
