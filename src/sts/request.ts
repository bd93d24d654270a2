/** The request as an operation of STS sees it. */

import { type ConditionKeys, factsOfQuery } from '#access/caller/query-facts.ts'
import { isUnexplained } from '#access/decide/denial.ts'
import type { Gatekeeper } from '#access/decide/gatekeeper.ts'
import type { ArnResource } from '#access/decide/resource.ts'
import type { DecisionJournal } from '#access/records/decision-journal.ts'
import type { QueryParams } from '#http/aws-query/params.ts'
import type { QueryRequest } from '#http/aws-query/service.ts'
import type { Identities } from '#identity/identities.ts'
import { Identity } from '#identity/identity.ts'
import type { Clock } from '#lib/clock.ts'
import type { XmlTree } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import type { IssuerKeys } from './issuer-keys.ts'

export interface StsServices {
  readonly identities: Identities
  readonly gatekeeper: Gatekeeper
  readonly issuerKeys: IssuerKeys
  readonly journal: DecisionJournal
  readonly clock: Clock
}

export interface StsRequest extends StsServices {
  readonly params: QueryParams
  /** Facts of the request, for conditions. */
  readonly received: QueryRequest
}

/** A request with a signature. */
export interface SignedStsRequest extends StsRequest {
  readonly caller: Identity
  /** AccessDenied. `more`: further condition keys. */
  authorize(action: string, resource: Omit<ArnResource, 'account'>, more?: ConditionKeys): void
}

export interface StsRow {
  /** For example `AssumeRole`, whose permission is `sts:AssumeRole`. */
  readonly name: string
  /** AWS has the operation, this server does not. */
  readonly isUnserved?: true
  readonly run: (request: StsRequest) => Promise<XmlTree> | XmlTree
}

/** A row for signed requests only. MissingAuthenticationToken. */
export function signed(name: string, run: (request: SignedStsRequest) => Promise<XmlTree> | XmlTree): StsRow {
  return {
    name,
    async run(request) {
      const { received, gatekeeper } = request
      const proven = await gatekeeper.authenticate(
        { ...received.signable, socket: received.socket },
        { service: 'sts' },
      )
      const { principal } = proven
      received.principal = principal
      if (!(principal instanceof Identity)) throw new ApiError('MissingAuthenticationToken')
      const authorize: SignedStsRequest['authorize'] = (action, resource, more) => {
        const facts = factsOfQuery(received, proven, more)
        gatekeeper.authorizeArn(principal, action, { account: principal.account, ...resource }, facts)
      }
      try {
        return await run({ ...request, caller: principal, authorize })
      } catch (error) {
        if (!isUnexplained(error)) throw error
        const resource = { arn: request.params.find('RoleArn') ?? '*', account: principal.account }
        throw gatekeeper.recordArnRefusal(error, principal, `sts:${name}`, resource, factsOfQuery(received, proven))
      }
    },
  }
}
