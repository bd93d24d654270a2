/** The visitor's account, with the permissions of IAM's API. */
import type { ConditionKeys } from '#access/caller/query-facts.ts'
import type { ConsoleServices, Visit } from '#console/page.ts'
import { findPolicy } from '#identity/accounts/managed-policies.ts'
import type { Account } from '#identity/entities/account.ts'
import type { Alter } from '#identity/identities.ts'
import { Identity } from '#identity/identity.ts'
import { arnOf } from '#identity/principals/principal-arn.ts'
import { ApiError } from '#model/errors.ts'

export interface Iam {
  /** The present state, for reading only. */
  readonly account: Account
  readonly visitor: Identity
  /** AccessDenied unless the visitor may do `action` (for example `CreateUser`) on the ARN. */
  authorize(action: string, arn: string, asked?: ConditionKeys): void
  /** The same decision without a record, to choose what a page offers. */
  may(action: string, arn: string, asked?: ConditionKeys): boolean
  change<T>(alter: Alter<T>): Promise<T>
}

export function openIam({ principal, facts }: Visit, { identities, gatekeeper }: ConsoleServices): Iam {
  if (!(principal instanceof Identity)) throw new ApiError('AccessDenied')
  const { account: id } = principal
  const account = identities.directory.findAccount(id)
  if (account === undefined) throw new ApiError('AccessDenied')
  const factsOf = (arn: string, asked: ConditionKeys = {}) => ({
    ...facts,
    keys: { ...keysOf(account, arn), ...asked },
  })
  return {
    account,
    visitor: principal,
    authorize: (action, arn, asked) =>
      gatekeeper.authorizeArn(principal, `iam:${action}`, { arn, account: id }, factsOf(arn, asked)),
    may: (action, arn, asked) =>
      gatekeeper.mayArn(principal, `iam:${action}`, { arn, account: id }, factsOf(arn, asked)),
    change: (alter) => identities.change(id, alter),
  }
}

/** Tags and boundary of the existing entity, for conditions of policies. */
function keysOf(account: Account, arn: string): Record<string, string> {
  const bounded =
    account.users.find((user) => arnOf(account.id, 'user', user) === arn) ??
    account.roles.find((role) => arnOf(account.id, 'role', role) === arn)
  const tagged = bounded ?? findPolicy(account, arn)
  const keys: Record<string, string> = {}
  if (bounded?.boundary !== undefined) keys['iam:permissionsboundary'] = bounded.boundary
  for (const [name, value] of Object.entries(tagged?.tags ?? {})) {
    keys[`aws:resourcetag/${name}`] = value
    keys[`iam:resourcetag/${name}`] = value
  }
  return keys
}
