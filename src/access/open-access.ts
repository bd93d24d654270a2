/** Opens everything that decides about access and records it. */
import type { BucketPolicyBook } from '#identity/bucket-policies/bucket-policies.ts'
import type { Identities } from '#identity/identities.ts'
import type { KeyPolicyBook } from '#identity/key-policies/key-policies.ts'
import type { Clock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import type { AuthenticatorSettings } from './caller/authenticator.ts'
import { type ClientAddress, createClientAddress } from './caller/client-address.ts'
import { type Authorizer, createAuthorizer } from './decide/authorizer.ts'
import type { Gatekeeper } from './decide/gatekeeper.ts'
import { createGatekeeper } from './decide/gatekeeper.ts'
import { Activity } from './records/activity.ts'
import { DecisionJournal } from './records/decision-journal.ts'
import { UsageLedger } from './records/usage-ledger.ts'

export interface AccessOptions {
  readonly identities: Identities
  readonly policies: BucketPolicyBook
  readonly keyPolicies: KeyPolicyBook
  /** The journal's engine, see metadata/tables.ts; `close` closes it. */
  readonly engine: MetadataEngine
  /** The engine of the index. */
  readonly index: MetadataEngine
  readonly clock: Clock
  readonly log: { warn(fields: object, message: string): void; error(fields: object, message: string): void }
  readonly settings: AuthenticatorSettings & {
    /** Addresses and ranges of proxies whose X-Forwarded-For counts. */
    readonly trustedProxies: readonly string[]
    readonly enforce: 'on' | 'log'
  }
}

export interface Access {
  readonly gatekeeper: Gatekeeper
  readonly keyPolicies: KeyPolicyBook
  readonly authorizer: Authorizer
  readonly journal: DecisionJournal
  readonly ledger: UsageLedger
  readonly activity: Activity
  readonly clientAddress: ClientAddress
  /** The server's own account. */
  readonly ownAccount: () => string
  close(): Promise<void>
}

export function openAccess(options: AccessOptions): Access {
  const { identities, policies, keyPolicies, engine, index, clock, log, settings } = options
  const onError = (error: unknown) => log.error({ err: error }, 'the journal of decisions could not be written')
  const journal = new DecisionJournal({ engine, clock, onError })
  const ledger = new UsageLedger({ engine, clock, onError })
  const findAccount = (canonicalId: string) => identities.findAccount(canonicalId)
  const ownAccount = () => identities.findAccount(identities.ownerId) ?? ''
  const clientAddress = createClientAddress(settings.trustedProxies)
  const context = { clientAddress, region: settings.region, clock }
  const activity = new Activity({
    engine,
    findAccount,
    findByAccessKey: (accessKeyId) => identities.findByAccessKey(accessKeyId),
    context,
    onError: (error) => log.error({ err: error }, 'the record of requests could not be written'),
  })
  const authorizer = createAuthorizer({
    policies,
    findAccount,
    ownAccount,
    context,
    journal,
    ledger,
    enforce: settings.enforce,
    onSoftDenial: (fields) => log.warn(fields, 'ENFORCE=log allowed a request that would be denied'),
  })
  const shared = { identities, journal, clientAddress, ownAccount, log, settings, clock, index }
  return {
    gatekeeper: createGatekeeper({ ...shared, authorizer, keyPolicies }),
    authorizer,
    keyPolicies,
    journal,
    ledger,
    activity,
    clientAddress,
    ownAccount,
    async close() {
      await Promise.all([journal.close(), ledger.close(), activity.close()])
      await engine.close()
    },
  }
}
