/** The one authentication, and the door to the one authorization. Default is deny. */

import type { DecisionJournal } from '#access/records/decision-journal.ts'
import type { Identities } from '#identity/identities.ts'
import type { Clock } from '#lib/clock.ts'
import type { Regions } from '#model/bucket-region.ts'
import { isKeptToOwnersAccount, isOfOwnersAccount } from '#policy/owners-account.ts'
import { createAuthenticator } from './authenticator.ts'
import type { Authorizer } from './authorizer.ts'
import type { Gatekeeper } from './caller.ts'
import type { ClientAddress } from './client-address.ts'
import { ObjectNeeded } from './object-needed.ts'

export interface GatekeeperSettings extends Regions {
  readonly service: string
  /** Values of Host that are as good as the one received. */
  readonly hosts: readonly string[]
  /** Where this server listens, for hints. */
  readonly apiPort?: number
  readonly plainKeyAuth: boolean
  /** `presigned`: in queries only, where boto3 and aws still use it by default. */
  readonly signatureV2: 'off' | 'presigned' | 'on'
  readonly authMaxAttempts: number
  readonly authLockoutMinutes: number
  readonly virtualHostDomains: readonly string[]
}

export interface GatekeeperOptions {
  readonly identities: Identities
  readonly authorizer: Authorizer
  readonly journal: DecisionJournal
  readonly clientAddress: ClientAddress
  /** Of the server itself. */
  readonly ownAccount: () => string
  readonly log: { warn(fields: object, message: string): void }
  readonly settings: GatekeeperSettings
  readonly clock: Clock
}

export function createGatekeeper(options: GatekeeperOptions): Gatekeeper {
  const { authorizer } = options

  const may: Gatekeeper['may'] = (...asked) => {
    try {
      const question = authorizer.question(...asked)
      const { request } = question
      if (isKeptToOwnersAccount(request.action) && !isOfOwnersAccount(request)) return false
      return authorizer.decide(question).outcome === 'Allow'
    } catch (error) {
      if (error instanceof ObjectNeeded) return false
      throw error
    }
  }

  return {
    ...createAuthenticator(options),
    authorize: authorizer.authorize,
    authorizeArn: authorizer.authorizeArn,
    mayArn: authorizer.mayArn,
    noteRefusal: authorizer.noteRefusal,
    noteArnRefusal: authorizer.noteArnRefusal,
    may,
  }
}
