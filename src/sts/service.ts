/** STS. https://docs.aws.amazon.com/STS/latest/APIReference/ */
import { AllowedDecisions } from '#access/decide/allowed-decisions.ts'
import type { Gatekeeper } from '#access/decide/gatekeeper.ts'
import type { DecisionJournal } from '#access/records/decision-journal.ts'
import type { QueryService } from '#http/aws-query/service.ts'
import type { Identities } from '#identity/identities.ts'
import type { Clock } from '#lib/clock.ts'
import { type IssuerKeySettings, IssuerKeys } from './issuer-keys.ts'
import { operations } from './operations.ts'

export interface StsOptions {
  readonly identities: Identities
  readonly gatekeeper: Gatekeeper
  readonly journal: DecisionJournal
  readonly settings: IssuerKeySettings
  readonly clock: Clock
}

export function createStsService({ settings, ...options }: StsOptions): QueryService {
  const rows = new Map(operations.map((row) => [row.name, row]))
  const services = { ...options, issuerKeys: new IssuerKeys(settings, options.clock) }
  return {
    name: 'sts',
    version: '2011-06-15',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    find(name) {
      const row = rows.get(name)
      if (row === undefined) return undefined
      return (received) => {
        received.allowed = new AllowedDecisions()
        return row.run({ ...services, params: received.params, received })
      }
    },
  }
}
