/** The data of an IAM operation: its parameters, the caller, the present account, and the only way to change it. */
import type { ConditionKeys } from '#access/caller/query-facts.ts'
import type { QueryParams } from '#http/aws-query/params.ts'
import type { Account } from '#identity/entities/account.ts'
import type { Alter, Identities } from '#identity/identities.ts'
import type { Identity } from '#identity/identity.ts'
import type { Clock } from '#lib/clock.ts'
import type { XmlTree } from '#lib/text/xml.ts'

export interface IamRequest {
  readonly params: QueryParams
  readonly caller: Identity
  /** The caller's present account, for reading only. */
  readonly account: Account
  readonly identities: Identities
  readonly clock: Clock
  /** Alters a copy of the account, which then replaces it. May run on a newer state than `account`. */
  change<T>(alter: Alter<T>): Promise<T>
  /** Verifies the caller's password. AccessDenied after too many wrong ones, Throttling if too many wait. */
  isPasswordOf(passwordHash: string, password: string): Promise<boolean>
}

/** The target of an operation, as policies see it. */
export interface Target {
  /** An ARN, or `*`. */
  readonly arn: string
  /** `aws:ResourceTag/*` and `iam:ResourceTag/*`. */
  readonly tags?: Readonly<Record<string, string>>
  /** Further condition keys, names in lower case. */
  readonly context?: ConditionKeys
}

export type TargetOf = (request: IamRequest) => Target
export type IamOperation = (request: IamRequest) => Promise<XmlTree | undefined> | XmlTree | undefined

export interface IamRow {
  /** For example `CreateUser`, whose permission is `iam:CreateUser`. */
  readonly name: string
  /**
   * The target that the caller needs the permission for. `unsupported`: AWS has the operation, this server does not.
   */
  readonly on: TargetOf | 'unsupported'
  /** The target under its new name or path: the caller needs the permission for it too. */
  readonly movesTo?: TargetOf
  /** A role that the operation passes to a service, which needs `iam:PassRole` too. */
  readonly passes?: TargetOf
  readonly run: IamOperation
}
