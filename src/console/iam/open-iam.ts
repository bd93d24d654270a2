/** The visitor's account, as IAM's API would let them see and change it. */
import type { ConsoleServices, Visit } from '#console/page.ts'
import type { Account } from '#identity/account.ts'
import { Identity } from '#identity/identity.ts'
import { ApiError } from '#model/errors.ts'
import { evaluate } from '#policy/evaluate.ts'

export interface Iam {
  /** As of now: for reading only. */
  readonly account: Account
  readonly visitor: Identity
  /** AccessDenied unless the visitor may do `action` (as `CreateUser`) to what the ARN names. */
  authorize(action: string, arn: string): void
  /** The same question without consequences: what is offered depends on it. */
  may(action: string, arn: string): boolean
  change<T>(alter: (account: Account) => T): Promise<T>
}

export function openIam({ principal, facts }: Visit, { identities, gatekeeper }: ConsoleServices): Iam {
  if (!(principal instanceof Identity)) throw new ApiError('AccessDenied')
  const { requester, policies, account: id } = principal
  const account = identities.directory.findAccount(id)
  if (account === undefined) throw new ApiError('AccessDenied')
  const question = (action: string, resource: string) => ({
    principal: requester,
    action: `iam:${action}`,
    resource,
    resourceAccount: id,
    context: () => undefined,
  })
  return {
    account,
    visitor: principal,
    authorize: (action, arn) => gatekeeper.authorizeArn(principal, `iam:${action}`, { arn, account: id }, facts),
    may: (action, arn) => evaluate(question(action, arn), policies).outcome === 'Allow',
    change: (alter) => identities.change(id, alter),
  }
}
