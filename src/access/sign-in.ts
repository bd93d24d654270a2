/**
 * The way into the console: access key and secret, or user name and password. What a session keeps is no secret: who signed in, and
 * a stamp that changes with the secret, so that a session ends when its key or user is removed, disabled or given another secret.
 */
import { createHmac } from 'node:crypto'
import type { Identities } from '#identity/identities.ts'
import type { Identity } from '#identity/identity.ts'
import { ApiError } from '#model/errors.ts'
import { isSame } from '#signature/signing-key.ts'
import { recordFailure } from './failed-authentication.ts'
import { Lockout } from './lockout.ts'
import type { Access } from './open-access.ts'

export interface SignInSettings {
  readonly secretKey: string | undefined
  readonly authMaxAttempts: number
  readonly authLockoutMinutes: number
}

/** What a session keeps. `name`: the access key, or the ARN of a user who came by password. */
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
   * Undefined: unknown or wrong, which look the same. AccessDenied while the name or the address is locked out. Both are recorded.
   */
  attempt(attempt: SignInAttempt): Promise<SignedIn | undefined>
  /** Undefined: the session must end. */
  resume(signedIn: SignedIn): Identity | undefined
}

/** Several people may share an address. */
const attemptsOfAddress = 4

export interface SignInOptions {
  readonly identities: Identities
  readonly access: Pick<Access, 'journal' | 'ownAccount'>
  readonly settings: SignInSettings
}

export function createSignIn({ identities, access, settings }: SignInOptions): SignIn {
  const { authMaxAttempts, authLockoutMinutes } = settings
  const names = new Lockout(authMaxAttempts, authLockoutMinutes)
  const addresses = new Lockout(authMaxAttempts * attemptsOfAddress, authLockoutMinutes)
  const stampOf = (name: string, secret: string) =>
    createHmac('sha256', settings.secretKey ?? '')
      .update(`sign-in\0${name}\0${secret}`)
      .digest('base64url')

  async function recognize(name: string, secret: string): Promise<SignedIn | undefined> {
    const identity = identities.findByAccessKey(name)
    if (identity !== undefined) {
      const isRight = isSame(identity.secretAccessKey, secret)
      return isRight ? { by: 'key', name, stamp: stampOf(name, secret) } : undefined
    }
    const user = await identities.findByPassword(asPassword(name, secret))
    return user && { by: 'password', name: user.arn, stamp: stampOf(user.arn, passwordHashOf(user) ?? '') }
  }

  function passwordHashOf({ account: id, requester }: Identity): string | undefined {
    const account = identities.directory.findAccount(id)
    const user = account && identities.directory.findUser(account, requester.userName ?? '')
    return user?.login?.passwordHash
  }

  function record(error: ApiError, name: string, sourceAddress: string): void {
    const identity = identities.findByAccessKey(name) ?? identities.find(name)
    const why = identity === undefined ? 'There is no such user or key.' : 'The secret or password is another.'
    const failed = { error, accessKeyId: name, identity, sourceAddress, ownAccount: access.ownAccount() }
    const hint = error.cause instanceof Error ? error.cause.message : why
    recordFailure(access.journal, failed, `At the console's sign-in: ${hint}`)
  }

  return {
    async attempt({ name, secret, address }) {
      try {
        addresses.check(address)
        names.check(name)
      } catch (error) {
        if (error instanceof ApiError) record(error, name, address)
        throw error
      }
      const signedIn = await recognize(name, secret)
      if (signedIn === undefined) {
        addresses.fail(address)
        names.fail(name)
        record(new ApiError('AccessDenied', { message: 'Invalid credentials' }), name, address)
      } else names.succeed(name)
      return signedIn
    },
    resume({ by, name, stamp }) {
      const identity = by === 'key' ? identities.findByAccessKey(name) : identities.find(name)
      const secret = identity && (by === 'key' ? identity.secretAccessKey : passwordHashOf(identity))
      return secret !== undefined && isSame(stampOf(name, secret), stamp) ? identity : undefined
    },
  }
}

function asPassword(name: string, password: string) {
  const [, account, userName] = /^([^/]+)\/(.+)$/.exec(name) ?? [undefined, undefined, name]
  return { account, userName: userName ?? name, password }
}
