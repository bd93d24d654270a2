/** What an operation of IAM sees: its parameters, who calls, the account as it is, and the one way to change it. */
import type { ConditionKeys } from '#access/caller/query-facts.ts'
import type { QueryParams } from '#http/aws-query/params.ts'
import type { Account } from '#identity/entities/account.ts'
import type { Identities } from '#identity/identities.ts'
import type { Identity } from '#identity/identity.ts'
import type { XmlTree } from '#lib/text/xml.ts'

export interface IamRequest {
  readonly params: QueryParams
  readonly caller: Identity
  /** The caller's, as of now: for reading only. */
  readonly account: Account
  readonly identities: Identities
  /** Alters a copy of the account that is then put in its place; may run on a newer state than `account`. */
  change<T>(alter: (account: Account) => T): Promise<T>
  /** For a password that the caller must know. AccessDenied after too many wrong ones, Throttling where too many wait. */
  isPasswordOf(passwordHash: string, password: string): Promise<boolean>
}

/** What an operation acts on, for policies. */
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
  /** As `CreateUser`; its permission is `iam:CreateUser`. */
  readonly name: string
  /** What the caller must be allowed to do it to; `unsupported`: IAM of AWS has it, this server does not. */
  readonly on: TargetOf | 'unsupported'
  /** Where it moves that to, by a new name or path: the caller must be allowed there as well. */
  readonly movesTo?: TargetOf
  /** A role that it hands to a service, which takes `iam:PassRole` as well. */
  readonly passes?: TargetOf
  readonly run: IamOperation
}
