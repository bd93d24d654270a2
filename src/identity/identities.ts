/** All identities of iam.json: found by key or session, changed only through `change`. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { dirname, join } from 'node:path'
import { Document, type DocumentLog } from '#documents/document.ts'
import type { DocumentProblem } from '#documents/json-source.ts'
import type { DocumentShape } from '#documents/parse-document.ts'
import type { DocumentSources } from '#documents/source.ts'
import { type Clock, systemClock } from '#lib/clock.ts'
import { anonymous, type Owner } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import { wellKnownSecret } from '#model/well-known-secret.ts'
import { type AdministratorKey, createAdministrator } from './administrator.ts'
import { Directory, type KeyEntry, requesterOf } from './directory.ts'
import { type AccessKey, isUsable } from './entities/access-key.ts'
import {
  type Account,
  defaultAccount,
  emptyAccount,
  type IdentityDocument,
  identityDocumentSchema,
} from './entities/account.ts'
import { hasWayIn } from './entities/way-in.ts'
import { UnknownActionLog, type WarningLog } from './iam-document/log-unknown-actions.ts'
import { findMistake } from './iam-document/mistakes.ts'
import { arnsById, followPrincipals } from './iam-document/trusted-principals.ts'
import { documentV1Schema, isDocumentV1 } from './iam-document/version-1.ts'
import { Identity } from './identity.ts'
import { LastUsed } from './last-used.ts'
import type { Principals } from './principals/bound-principals.ts'
import { doesPrincipalExist, findPrincipal, findPrincipalArn, findPrincipalId } from './principals/principals.ts'
import { Secrets } from './secrets/secrets.ts'
import { findSessionIdentity, isSourceThere, withKeyPolicies } from './secrets/session-identity.ts'
import { type SessionClaims, SessionTokens } from './secrets/session-token.ts'

export { canonicalIdOf, defaultAccount } from './entities/account.ts'

export interface IdentitiesOptions {
  readonly path: string
  /** Where iam.json is kept; by default in a file. */
  readonly sources?: DocumentSources | undefined
  /** The first user, created if there is none. */
  readonly bootstrap: AdministratorKey
  readonly log: DocumentLog & Partial<WarningLog>
  /** SECRET_KEY. Without it, only this process can decrypt the secrets that it encrypts. */
  readonly secretKey?: string | undefined
  /** Keys and sessions expire by it. Default: the system clock. */
  readonly clock?: Clock
}

/** All that is derived from one state of the document. */
interface State {
  readonly document: IdentityDocument
  readonly directory: Directory
  readonly byKey: Map<string, Identity>
  readonly bySession: WeakMap<SessionClaims, Identity>
  /** Keys with a secret that cannot be decrypted. */
  readonly unreadable: Set<string>
  openKeys?: readonly AccessKey[]
}

/** Alters the account that it gets. `nowMs`: the time of the change. */
export type Alter<T> = (account: Account, nowMs: number) => T

/** Policies in another document, with principals of this one. */
export interface NamingPolicies {
  /** Whether these policies distinguish the ids from later principals of the same names. */
  areBound(ids: ReadonlySet<string>): boolean
  settle(): Promise<void>
}

class Unbound extends Error {}

export class Identities {
  readonly tokens: SessionTokens
  readonly secrets: Secrets
  readonly lastUsed: LastUsed
  readonly #document: Document<IdentityDocument>
  readonly #clock: Clock
  readonly #log: DocumentLog
  #state: State
  #namingPolicies: readonly NamingPolicies[] = []
  readonly #unknownActions: UnknownActionLog

  private constructor(
    document: Document<IdentityDocument>,
    { secretKey, clock, log }: Pick<IdentitiesOptions, 'log'> & { secretKey: string; clock: Clock },
    lastUsed: LastUsed,
  ) {
    this.#document = document
    this.#clock = clock
    this.#log = log
    this.#unknownActions = new UnknownActionLog({ warn: (fields, message) => log.warn?.(fields, message) })
    this.#unknownActions.check(document.current)
    this.#state = stateOf(document.current)
    this.secrets = new Secrets(secretKey)
    this.tokens = new SessionTokens(secretKey, clock)
    this.lastUsed = lastUsed
  }

  static async open(options: IdentitiesOptions): Promise<Identities> {
    const { path, sources, bootstrap, log, clock = systemClock } = options
    const document = await Document.open<IdentityDocument>({
      name: 'iam.json',
      path,
      sources,
      ...identityShape,
      initial: () => firstDocument(bootstrap, clock.nowMs()),
      log,
    })
    const exists = (id: string) => document.current.accounts.some((account) => hasKeyOrRole(account, id))
    const lastUsed = await LastUsed.open({ path: join(dirname(path), 'last_used.json'), sources, exists, clock, log })
    const secretKey = options.secretKey ?? randomBytes(32).toString('base64')
    return new Identities(document, { secretKey, clock, log }, lastUsed)
  }

  /** The present state. Do not keep it for longer than a request. */
  get directory(): Directory {
    return this.#current().directory
  }

  /** The server's own account: the first. It owns all buckets without another owner. */
  get ownerId(): string {
    const [first] = this.#current().document.accounts
    return first?.canonicalId ?? ''
  }

  get problem(): DocumentProblem | undefined {
    return this.#document.problem
  }

  get path(): string {
    return this.#document.path
  }

  /** A long-lived key that is active and has not expired. */
  findByAccessKey(accessKeyId: string): Identity | undefined {
    const { directory, byKey, unreadable } = this.#current()
    const entry = directory.findKey(accessKeyId)
    if (entry === undefined || !isUsable(entry.key, this.#clock.nowMs())) return undefined
    const known = byKey.get(accessKeyId)
    if (known !== undefined) return known
    const identity = this.#identityOf(directory, entry, unreadable)
    if (identity !== undefined) byKey.set(accessKeyId, identity)
    return identity
  }

  /** A usable access key that still has the well-known secret. */
  findOpenKey(): string | undefined {
    const state = this.#current()
    state.openKeys ??= state.directory.keysWithSecret(wellKnownSecret)
    return state.openKeys.find((key) => isUsable(key, this.#clock.nowMs()))?.id
  }

  /** InvalidAccessKeyId; InvalidToken or ExpiredToken for a session token. */
  identify(accessKeyId: string, sessionToken: string | undefined): Identity {
    const isLongLived = sessionToken === undefined || this.directory.findKey(accessKeyId) !== undefined
    if (!isLongLived) return this.#identityOfSession(accessKeyId, sessionToken)
    const identity = this.findByAccessKey(accessKeyId)
    if (identity === undefined) throw new ApiError('InvalidAccessKeyId', { fields: { AWSAccessKeyId: accessKeyId } })
    const needed = identity.sessionToken
    if (needed === undefined && sessionToken === undefined) return identity
    if (!isSameText(needed ?? '', sessionToken ?? '')) throw new ApiError('InvalidToken')
    return identity
  }

  /** The present state of the identity, if the document has changed since; undefined if it was removed. */
  findAgain(identity: Identity): Identity | undefined {
    if (identity.session === undefined) return this.findByAccessKey(identity.accessKeyId)
    try {
      return this.#identityOfSession(identity.accessKeyId, identity.sessionToken ?? '')
    } catch {
      return undefined
    }
  }

  /** Finds a user, also without a usable key, a role, or a root by access key, ARN or name. */
  find(name: string): Identity | undefined {
    const known = this.findByAccessKey(name)
    if (known !== undefined) return known
    for (const account of this.directory.accounts) {
      const found = findPrincipal(this.directory, account, name)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Whether an ARN, unique id, canonical id or access key in a policy's Principal names an existing principal. */
  isPrincipal(name: string): boolean {
    return doesPrincipalExist(this.directory, name)
  }

  /** The present principals of names, for policies of other documents. */
  get principals(): Principals {
    const identities = this
    return {
      get state() {
        return identities.directory
      },
      idOf: (name) => findPrincipalId(this.directory, name),
      arnOf: (id) => findPrincipalArn(this.directory, id),
    }
  }

  /** Registers policies that follow every rename. Before a rename they are bound to ids. */
  setNamingPolicies(...policies: readonly NamingPolicies[]): void {
    this.#namingPolicies = policies
  }

  /** The account of an owner, by its canonical id. */
  findAccount(canonicalId: string): string | undefined {
    return this.directory.findOwnership(canonicalId)?.account.id
  }

  /** An account by its canonical id, under the name of its first user if it has no name. */
  findOwner(canonicalId: string): Owner | undefined {
    return canonicalId === anonymous.canonicalId ? anonymous : this.directory.findOwnership(canonicalId)?.owner
  }

  findOwnerByEmail(email: string): Owner | undefined {
    return this.directory.findOwnerByEmail(email)
  }

  /**
   * The only way to change an account. `change` alters the account that it gets, which may be newer than what the
   * caller has seen. DeleteConflict if the account could no longer be administered; ServiceUnavailable while iam.json
   * is invalid; errors of `change`.
   */
  async change<T>(accountId: string, change: Alter<T>): Promise<T> {
    const policies = this.#namingPolicies
    try {
      return await this.#change(accountId, change, (ids) => policies.every((one) => one.areBound(ids)))
    } catch (error) {
      if (!(error instanceof Unbound)) throw error
      for (const one of policies) await one.settle()
      return this.#change(accountId, change, () => true)
    }
  }

  /** `areBound` is called with the principals that the change renames or removes. */
  async #change<T>(accountId: string, change: Alter<T>, areBound: (ids: ReadonlySet<string>) => boolean): Promise<T> {
    let result: { value: T; hasNewNames: boolean } | undefined
    await this.#document.update((document) => {
      const account = document.accounts.find(({ id }) => id === accountId)
      if (account === undefined) throw new ApiError('InvalidClientTokenId')
      const before = this.directory.findAccount(accountId)
      const hadWayIn = before !== undefined && hasWayIn(this.directory, before, this.#clock)
      const names = arnsById(account)
      const value = change(account, this.#clock.nowMs())
      const moved = followPrincipals(document.accounts, names, arnsById(account))
      if (moved.size > 0 && !areBound(moved)) throw new Unbound()
      result = { value, hasNewNames: moved.size > 0 }
      if (hadWayIn && !hasWayIn(new Directory(document), account, this.#clock)) {
        throw new ApiError('DeleteConflict', { message: 'The account could no longer be administered.' })
      }
      return document
    })
    if (result === undefined) throw new Error('The change was not made')
    if (result.hasNewNames) await this.#settlePolicies()
    return result.value
  }

  /** Replaces bound names by present ones in the file. This is only for people who read it. */
  async #settlePolicies(): Promise<void> {
    try {
      for (const policies of this.#namingPolicies) await policies.settle()
    } catch (error) {
      this.#log.error(
        { err: error },
        'the policies of buckets and keys could not be written with the new names; they are in force all the same',
      )
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.lastUsed.close(), this.#document.close()])
  }

  #identityOf(directory: Directory, entry: KeyEntry, unreadable: Set<string>): Identity | undefined {
    const { account, user, key } = entry
    const secretAccessKey = this.secrets.parse(key.secret)
    if (secretAccessKey === undefined) {
      // Logged once for each state of the document, however often the key is used.
      if (!unreadable.has(key.id)) {
        this.#log.error({ accessKeyId: key.id }, 'the secret of this key was encrypted with another SECRET_KEY')
      }
      unreadable.add(key.id)
      return undefined
    }
    const policies = user === undefined ? { identity: [] } : directory.policiesOfUser(account, user)
    return new Identity({
      accessKeyId: key.id,
      secretAccessKey,
      displayName: user === undefined ? account.displayName : (user.displayName ?? user.name),
      requester: requesterOf(entry),
      policies: withKeyPolicies(policies, key.policies),
      ...(key.sessionToken === undefined ? {} : { sessionToken: key.sessionToken }),
    })
  }

  #identityOfSession(accessKeyId: string, token: string): Identity {
    const claims = this.tokens.find(accessKeyId, token)
    if (claims === undefined) throw new ApiError('InvalidToken')
    const nowMs = this.#clock.nowMs()
    if (claims.expiresAtMs <= nowMs) throw new ApiError('ExpiredToken')
    const { directory, bySession } = this.#current()
    const identity = bySession.get(claims) ?? findSessionIdentity(directory, claims, token)
    if (identity === undefined || !isSourceThere(directory, claims, nowMs)) throw new ApiError('InvalidToken')
    bySession.set(claims, identity)
    return identity
  }

  #current(): State {
    const { current } = this.#document
    if (current !== this.#state.document) {
      this.#state = stateOf(current)
      this.#unknownActions.check(current)
    }
    return this.#state
  }
}

export const identityShape: DocumentShape<IdentityDocument> = {
  schema: identityDocumentSchema,
  findMistake,
  older: { name: 'v1', is: isDocumentV1, schema: documentV1Schema },
}

export const openIdentities = (options: IdentitiesOptions): Promise<Identities> => Identities.open(options)

/** Compares in constant time. */
function isSameText(one: string, other: string): boolean {
  return timingSafeEqual(hash('sha256', one, 'buffer'), hash('sha256', other, 'buffer'))
}

const stateOf = (document: IdentityDocument): State => ({
  document,
  directory: new Directory(document),
  byKey: new Map(),
  bySession: new WeakMap(),
  unreadable: new Set(),
})

function firstDocument(bootstrap: AdministratorKey, nowMs: number): IdentityDocument {
  const account = { ...emptyAccount(defaultAccount), displayName: 'Local Admin' }
  createAdministrator(account, bootstrap, nowMs)
  return { version: 2, accounts: [account] }
}

function hasKeyOrRole(account: Account, id: string): boolean {
  return (
    account.keys.some((key) => key.id === id) ||
    account.roles.some((role) => role.id === id) ||
    account.users.some((user) => user.keys.some((key) => key.id === id))
  )
}
