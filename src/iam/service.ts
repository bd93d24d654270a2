/** IAM: authenticate → authorize the target of the row → run. https://docs.aws.amazon.com/IAM/latest/APIReference/ */

import type { ClientAddress } from '#access/caller/client-address.ts'
import { type ConditionKeys, factsOfQuery } from '#access/caller/query-facts.ts'
import { AllowedDecisions } from '#access/decide/allowed-decisions.ts'
import { isUnexplained } from '#access/decide/denial.ts'
import type { Gatekeeper } from '#access/decide/gatekeeper.ts'
import type { LockoutSettings } from '#access/sign-in/lockout.ts'
import { SharedLockout } from '#access/sign-in/shared-lockout.ts'
import type { QueryRequest, QueryService } from '#http/aws-query/service.ts'
import type { Identities } from '#identity/identities.ts'
import { Identity } from '#identity/identity.ts'
import { isPasswordOf } from '#identity/secrets/password.ts'
import type { Clock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { ApiError } from '#model/errors.ts'
import { operations } from './operations.ts'
import type { IamRequest, IamRow, Target } from './request.ts'

export interface IamServices {
  readonly identities: Identities
  readonly gatekeeper: Gatekeeper
  readonly clientAddress: ClientAddress
  readonly settings: LockoutSettings
  /** The engine of the index. */
  readonly engine: MetadataEngine
  readonly clock: Clock
}

export function createIamService(services: IamServices): QueryService {
  const rows = new Map(operations.map((row) => [row.name, row]))
  const { settings, engine, clock } = services
  const passwordLockout = new SharedLockout(settings, { door: 'password', engine, clock })
  if (rows.size !== operations.length) throw new Error('Two operations of IAM have the same name')
  return {
    name: 'iam',
    version: '2010-05-08',
    namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    find(name) {
      const row = rows.get(name)
      return row && ((request) => run(row, request, { ...services, passwordLockout }))
    },
  }
}

async function run(
  row: IamRow,
  request: QueryRequest,
  {
    identities,
    gatekeeper,
    clientAddress,
    clock,
    passwordLockout,
  }: IamServices & { readonly passwordLockout: SharedLockout },
) {
  const caller = await gatekeeper.authenticate({ ...request.signable, socket: request.socket }, { service: 'iam' })
  const { principal } = caller
  request.principal = principal
  request.allowed = new AllowedDecisions()
  if (!(principal instanceof Identity)) throw new ApiError('MissingAuthenticationToken')
  refuseTokens(principal)
  const account = identities.directory.findAccount(principal.account)
  if (account === undefined) throw new ApiError('InvalidClientTokenId')
  const asked: IamRequest = {
    params: request.params,
    caller: principal,
    account,
    identities,
    clock,
    change: (alter) => identities.change(account.id, alter),
    async isPasswordOf(passwordHash, password) {
      const { socket, signable } = request
      const attempt = [principal.arn, clientAddress.address({ socket, headers: signable.headers }) ?? ''] as const
      await passwordLockout.check(...attempt)
      const isRight = await isPasswordOf(passwordHash, password, () => passwordLockout.begin(...attempt))
      if (isRight) await passwordLockout.succeed(...attempt)
      return isRight
    },
  }
  const authorize = (action: string, target: Target) => {
    const facts = factsOfQuery(request, caller, keysOf(target))
    gatekeeper.authorizeArn(principal, `iam:${action}`, { arn: target.arn, account: account.id }, facts)
  }
  const target = row.on === 'unsupported' ? undefined : row.on(asked)
  if (target !== undefined) authorize(row.name, target)
  if (row.movesTo !== undefined) authorize(row.name, row.movesTo(asked))
  if (row.passes !== undefined) authorize('PassRole', row.passes(asked))
  try {
    return await row.run(asked)
  } catch (error) {
    if (!isUnexplained(error)) throw error
    const resource = { arn: target?.arn ?? '*', account: account.id }
    throw gatekeeper.recordArnRefusal(error, principal, `iam:${row.name}`, resource, factsOfQuery(request, caller))
  }
}

/**
 * Session tokens without a role cannot call IAM.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
 */
function refuseTokens({ session }: Identity): void {
  if (session?.kind !== 'session-token' && session?.kind !== 'federation-token') return
  throw new ApiError('InvalidClientTokenId')
}

function keysOf({ tags = {}, context = {} }: Target): ConditionKeys {
  const keys = Object.entries(tags).flatMap(([name, value]) => [
    [`aws:resourcetag/${name}`, value],
    [`iam:resourcetag/${name}`, value],
  ])
  return { ...context, ...(Object.fromEntries(keys) as Record<string, string>) }
}
