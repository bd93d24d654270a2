/** The resource of a decision. */
import { Identity } from '#identity/identity.ts'
import type { Principal } from '#model/account.ts'
import type { ObjectEncryption } from '#model/object/encryption.ts'
import type { Tags } from '#model/tags.ts'
import type { Governed, GovernedBucket } from '#policy/evaluate/acl-evaluation.ts'
import type { NamedPolicy, RequesterPolicies } from '#policy/evaluate/evaluate.ts'
import { anonymousRequester, type Requester } from '#policy/requester.ts'

/** The resource of an S3 action: `bucket` alone for bucket actions, neither for service actions. */
export interface Resource {
  /** `ownerId` is '' for a bucket that does not exist yet. */
  readonly bucket?: (GovernedBucket & { readonly name: string; readonly region?: string }) | undefined
  readonly key?: string | undefined
  /**
   * The version at `key`, or the upload to it, where the decision depends on it (`dependsOnObject`, ObjectNeeded). Null
   * if there is none. If undefined, the bucket's owner counts as the owner of the object.
   */
  readonly object?: (Governed & { readonly tags?: Tags; readonly encryption?: ObjectEncryption }) | null | undefined
}

/** A resource of IAM, STS or KMS. */
export interface ArnResource {
  /** An ARN, or `*`. */
  readonly arn: string
  /** The account that owns it. */
  readonly account: string
  /** The trust policy of the role to assume, or the policy of the key. */
  readonly policy?: NamedPolicy
  /** Allowed without an Allow, unless a policy denies it. */
  readonly needsNoAllow?: true
}

/** An identity, or a principal that only a token issuer knows. */
export interface Asking {
  readonly requester: Requester
  readonly policies: RequesterPolicies
  readonly accessKeyId?: string
}

/** An anonymous principal has no policies. */
export const askingOf = (principal: Principal): Asking =>
  principal instanceof Identity ? principal : { requester: anonymousRequester, policies: { identity: [] } }
