/** What a decision is about. */
import type { Tags } from '#model/tags.ts'
import type { Governed, GovernedBucket } from '#policy/evaluate/acl-evaluation.ts'
import type { NamedPolicy, RequesterPolicies } from '#policy/evaluate/evaluate.ts'
import type { Requester } from '#policy/requester.ts'

/** What is asked for. `bucket` alone for bucket actions; neither for service actions. */
export interface Resource {
  /** `ownerId` is '' for a bucket that is not there yet. */
  readonly bucket?: (GovernedBucket & { readonly name: string; readonly region?: string }) | undefined
  readonly key?: string | undefined
  /**
   * The version at `key`, where the decision depends on it (`dependsOnObject`, ObjectNeeded); null if there is none. Without it the
   * bucket's owner is taken for its owner.
   */
  readonly object?: (Governed & { readonly tags?: Tags }) | null | undefined
}

/** Something of IAM or STS that is asked for. */
export interface ArnResource {
  /** Or `*`. */
  readonly arn: string
  /** Whose it is. */
  readonly account: string
  /** The trust policy of a role that is to be assumed. */
  readonly trust?: NamedPolicy
  /** Everybody may, unless a policy denies it. */
  readonly needsNoAllow?: true
}

/** An identity, or somebody whom only an issuer of tokens knows. */
export interface Asking {
  readonly requester: Requester
  readonly policies: RequesterPolicies
  readonly accessKeyId?: string
}
