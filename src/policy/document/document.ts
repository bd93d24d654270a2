/**
 * Policy documents as data: the content of a valid one, without its evaluation. Grammar:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
/**
 * `identity` also covers boundaries and session policies; `trust` is a role's; `resource` a bucket's; `key` a KMS
 * key's.
 */
export type PolicyKind = 'identity' | 'resource' | 'trust' | 'key'

export interface ParseOptions {
  /** For `resource`: the bucket of the policy. Other buckets in Resource are refused. */
  readonly bucket?: string
  /**
   * Whether a principal exists: the ARN of a user or role, a canonical id, an access key. Not called for accounts and
   * sessions.
   */
  readonly principalExists?: (name: string) => boolean
  /**
   * Largest document in bytes. Default: 20 KiB for `resource`, 10,240 for `identity`, 2,048 for `trust`, 32 KiB for
   * `key`.
   */
  readonly maxBytes?: number
}

export type Effect = 'Allow' | 'Deny'
export type PolicyVersion = '2012-10-17' | '2008-10-17'

export interface PolicyDocument {
  /** `2008-10-17` if absent: then `${...}` is plain text. */
  readonly version: PolicyVersion
  readonly id: string | undefined
  readonly statements: readonly Statement[]
  /** The JSON it was parsed from; undefined if it was not parsed. */
  readonly source?: string
}

export interface Statement {
  readonly sid: string | undefined
  readonly effect: Effect
  /** Undefined in identity policies. */
  readonly principal: PrincipalElement | undefined
  readonly action: ListElement
  /** Undefined in trust policies, which apply to the role they are attached to. */
  readonly resource: ListElement | undefined
  readonly conditions: readonly ConditionElement[]
}

/** `Action` or, negated, `NotAction`; as written, wildcards included. */
export interface ListElement {
  readonly isNegated: boolean
  readonly values: readonly string[]
}

export interface PrincipalElement {
  readonly isNegated: boolean
  /** `*`, `{"AWS": "*"}`. */
  readonly isEveryone: boolean
  readonly names: readonly { readonly kind: PrincipalKind; readonly name: string }[]
}

export type PrincipalKind = 'AWS' | 'CanonicalUser' | 'Federated' | 'Service'

export interface ConditionElement {
  /** As written: `ForAnyValue:StringLikeIfExists`. */
  readonly operator: string
  /** As written. Keys are case-insensitive. */
  readonly key: string
  readonly values: readonly string[]
}
