/** The KMS keys of the visitor's account, with the permissions of KMS's API. */
import type { ConditionKeys } from '#access/caller/query-facts.ts'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Gatekeeper } from '#access/decide/gatekeeper.ts'
import type { ConsoleServices, Visit } from '#console/page.ts'
import { Identity } from '#identity/identity.ts'
import type { KeyEntry } from '#keyring/key-document.ts'
import { keyArn, viewOf } from '#keyring/key-lookup.ts'
import type { Principal } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'

export interface Kms {
  readonly account: string
  /** The keys of all regions. */
  readonly keys: readonly KeyEntry[]
  /** NoSuchEntity, or AccessDenied. */
  get(id: string): KeyEntry
  /** AccessDenied unless the visitor may do `action` (for example `DisableKey`) with the key. */
  authorize(action: string, key: KeyEntry, asked?: ConditionKeys): void
  /** The same decision without a record, to choose what a page offers. */
  may(action: string, key: KeyEntry): boolean
  /** The same by the visitor's own policies only: on an alias, or on `*`. */
  authorizeArn(action: string, arn: string): void
  mayArn(action: string, arn: string): boolean
}

export const keyHref = (id: string, ...rest: string[]): string => ['/ui/kms', id, ...rest].join('/')

export function openKms({ principal, facts }: Visit, { gatekeeper, keyring, config }: ConsoleServices): Kms {
  if (!(principal instanceof Identity)) throw new ApiError('AccessDenied')
  const { account } = principal
  const keys = keyring.keys.keys.filter((key) => key.account === account)
  const question = (action: string, key: KeyEntry, asked?: ConditionKeys) => ({
    action: `kms:${action}`,
    key: viewOf(keyring.keys, key),
    ...(asked === undefined ? {} : { keys: asked }),
  })
  const authorizeArn = (action: string, arn: string) =>
    gatekeeper.authorizeArn(principal, `kms:${action}`, { arn, account }, facts)
  return {
    account,
    keys,
    get(id) {
      const key = keys.find((one) => one.id === id)
      if (key !== undefined) return key
      // Visitors without the permission do not learn which keys exist.
      authorizeArn('DescribeKey', keyArn({ account, region: config.region }, id))
      throw new ApiError('NoSuchEntity', { message: `There is no key ${id}.` })
    },
    authorize: (action, key, asked) => gatekeeper.authorizeKey(principal, question(action, key, asked), facts),
    may: (action, key) => gatekeeper.mayKey(principal, question(action, key), facts),
    authorizeArn,
    mayArn: (action, arn) => gatekeeper.mayArn(principal, `kms:${action}`, { arn, account }, facts),
  }
}

/** Whether the navigation offers the keys. */
export function mayListKeys(principal: Principal, gatekeeper: Gatekeeper, facts: RequestFacts): boolean {
  if (!(principal instanceof Identity)) return false
  return gatekeeper.mayArn(principal, 'kms:ListKeys', { arn: '*', account: principal.account }, facts)
}
