/**
 * The way into the console. What a session keeps is no secret: who signed in, and a stamp that changes with the secret, so that a
 * session ends when its key is removed, disabled or given another secret.
 */
import { createHmac } from 'node:crypto'
import type { Identities } from '#identity/identities.ts'
import type { Principal } from '#model/account.ts'
import { isSame } from '#signature/signing-key.ts'
import { Lockout } from './lockout.ts'

export interface SignInSettings {
  readonly secretKey: string | undefined
  readonly authMaxAttempts: number
  readonly authLockoutMinutes: number
}

/** What a session keeps. */
export interface SignedIn {
  readonly accessKeyId: string
  readonly stamp: string
}

export interface SignInAttempt {
  readonly name: string
  readonly secret: string
  readonly address: string
}

export interface SignIn {
  /** Undefined: unknown or wrong, which look the same. AccessDenied while the name or the address is locked out. */
  attempt(attempt: SignInAttempt): Promise<SignedIn | undefined>
  /** Undefined: the session must end. */
  resume(signedIn: SignedIn): Principal | undefined
}

/** Several people may share an address. */
const attemptsOfAddress = 4

export function createSignIn({ identities, settings }: { identities: Identities; settings: SignInSettings }): SignIn {
  const { authMaxAttempts, authLockoutMinutes } = settings
  const names = new Lockout(authMaxAttempts, authLockoutMinutes)
  const addresses = new Lockout(authMaxAttempts * attemptsOfAddress, authLockoutMinutes)
  const stampOf = (accessKeyId: string, secret: string) =>
    createHmac('sha256', settings.secretKey ?? '')
      .update(`sign-in\0${accessKeyId}\0${secret}`)
      .digest('base64url')

  return {
    async attempt({ name, secret, address }) {
      addresses.check(address)
      names.check(name)
      const identity = identities.findByAccessKey(name)
      const isRight = isSame(identity?.secretAccessKey ?? '', secret) && identity !== undefined
      if (!isRight) {
        addresses.fail(address)
        names.fail(name)
        return undefined
      }
      names.succeed(name)
      return { accessKeyId: name, stamp: stampOf(name, secret) }
    },
    resume({ accessKeyId, stamp }) {
      const identity = identities.findByAccessKey(accessKeyId)
      if (identity === undefined || !isSame(stampOf(accessKeyId, identity.secretAccessKey), stamp)) return undefined
      return identity
    },
  }
}
