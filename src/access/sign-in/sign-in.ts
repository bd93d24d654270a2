/**
 * Sign-in to the console with access key and secret, or user name and password. A session keeps no secret: only the
 * identity, and a stamp that changes with the secret. So a session ends when its key or user is removed, disabled or
 * given another secret.
 */
import { createHmac, hash } from 'node:crypto'
import type { Access } from '#access/open-access.ts'
import { recordFailure } from '#access/records/failed-authentication.ts'
import type { Identities } from '#identity/identities.ts'
import type { Identity } from '#identity/identity.ts'
import { hashOfNone, isPasswordOf } from '#identity/secrets/password.ts'
import { canonicalOwner, findPasswordOwner } from '#identity/secrets/password-owner.ts'
import type { Clock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { ApiError } from '#model/errors.ts'
import { isSame } from '#signature/signing-key.ts'
import { attemptsOfAddress, SharedLockout } from './shared-lockout.ts'

export interface SignInSettings {
  readonly secretKey: string | undefined
  readonly authMaxAttempts: number
  readonly authLockoutMinutes: number
}

/** The content of a session. `name`: the access key, or the ARN of a user who signed in by password. */
export interface SignedIn {
  readonly by: 'key' | 'password'
  readonly name: string
  readonly stamp: string
}

export interface SignInAttempt {
  /** An access key, a user's name, or `account/user`. */
  readonly name: string
  readonly secret: string
  readonly address: string
}

export interface SignIn {
  /**
   * Undefined if unknown or wrong; both take the same time. AccessDenied while the name is locked for the address, or
   * the address for all names. Both are recorded. Throttling if too many sign-ins wait.
   */
  attempt(attempt: SignInAttempt): Promise<SignedIn | undefined>
  /** Undefined if the session must end. */
  resume(signedIn: SignedIn): Identity | undefined
}

export interface SignInOptions {
  readonly identities: Identities
  readonly access: Pick<Access, 'journal' | 'ownAccount'>
  readonly settings: SignInSettings
  /** The engine of the index. */
  readonly engine: MetadataEngine
  readonly clock: Clock
}

export function createSignIn({ identities, access, settings, engine, clock }: SignInOptions): SignIn {
  const lockout = new SharedLockout(settings, { door: 'console', engine, attemptsOfAddress, clock })
  const stampOf = (name: string, secret: string) =>
    createHmac('sha256', settings.secretKey ?? '')
      .update(`sign-in\0${name}\0${secret}`)
      .digest('base64url')

  /** Always verifies a hash as well, so that the time does not reveal which names are keys. */
  async function recognize(name: string, secret: string, begin: () => Promise<void>): Promise<SignedIn | undefined> {
    const key = identities.findByAccessKey(name)
    const user = key === undefined ? findPasswordOwner(identities.directory, asOwner(name)) : undefined
    const hasPassword = await isPasswordOf(user?.passwordHash ?? hashOfNone, secret, begin)
    if (key !== undefined) {
      const isRight = isSame(digest(key.secretAccessKey), digest(secret))
      return isRight ? { by: 'key', name, stamp: stampOf(name, key.secretAccessKey) } : undefined
    }
    if (user === undefined || !hasPassword) return undefined
    return { by: 'password', name: user.identity.arn, stamp: stampOf(user.identity.arn, user.passwordHash) }
  }

  function passwordHashOf({ account: id, requester }: Identity): string | undefined {
    const account = identities.directory.findAccount(id)
    const user = account && identities.directory.findUser(account, requester.userName ?? '')
    return user?.login?.passwordHash
  }

  function record(error: ApiError, name: string, sourceAddress: string): void {
    const identity = identities.findByAccessKey(name) ?? identities.find(name)
    const why = identity === undefined ? 'There is no such user or key.' : 'The secret or password is wrong.'
    const failed = { error, accessKeyId: name, identity, sourceAddress, ownAccount: access.ownAccount() }
    const hint = error.cause instanceof Error ? error.cause.message : why
    recordFailure(access.journal, failed, `At the console's sign-in: ${hint}`)
  }

  return {
    async attempt({ name, secret, address }) {
      const counted = canonicalOwner(identities.directory, asOwner(name))
      try {
        // A locked-out name does not wait in the queue.
        await lockout.check(counted, address)
        const signedIn = await recognize(name, secret, () => lockout.begin(counted, address))
        if (signedIn === undefined) {
          record(new ApiError('AccessDenied', { message: 'Invalid credentials' }), name, address)
        } else await lockout.succeed(counted, address)
        return signedIn
      } catch (error) {
        if (error instanceof ApiError && error.code === 'AccessDenied') record(error, name, address)
        throw error
      }
    },
    resume({ by, name, stamp }) {
      const identity = by === 'key' ? identities.findByAccessKey(name) : identities.find(name)
      const secret = identity && (by === 'key' ? identity.secretAccessKey : passwordHashOf(identity))
      return secret !== undefined && isSame(stampOf(name, secret), stamp) ? identity : undefined
    },
  }
}

function asOwner(name: string) {
  const [, account, userName] = /^([^/]+)\/(.+)$/.exec(name) ?? [undefined, undefined, name]
  return { account, userName: userName ?? name }
}

/** Digests have the same length, so the time of the comparison does not depend on the texts. */
const digest = (text: string): string => hash('sha256', text, 'hex')
