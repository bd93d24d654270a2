/** The requester, as policies see it. */

/** `role` is a role itself, in simulations. `web-identity` is known to an identity provider only. */
export type RequesterType =
  | 'root'
  | 'user'
  | 'role'
  | 'assumed-role'
  | 'federated-user'
  | 'web-identity'
  | 'service'
  | 'anonymous'

export interface Requester {
  readonly type: RequesterType
  /**
   * `arn:aws:iam::123456789012:user/path/name`, `arn:aws:sts::123456789012:assumed-role/role/session`,
   * `arn:aws:sts::123456789012:federated-user/name`, `arn:aws:iam::123456789012:root`; the provider of a web identity;
   * the name of a service; '' if anonymous.
   */
  readonly arn: string
  /** The ARN of the role that was assumed, or of the user with a federated session. */
  readonly issuerArn?: string
  /** Twelve digits; '' for anonymous callers, services and web identities, which have no account. */
  readonly account: string
  /** `aws:userid`, for example `AIDA...`, `AROA...:session`, or the account of a root. */
  readonly userId: string
  /** `aws:username`; users only. */
  readonly userName?: string
  /** 64 hex digits, those of the account. */
  readonly canonicalId: string
  /** Further names of this requester in a Principal, such as the access key of a user of iam.json version 1. */
  readonly aliases?: readonly string[]
  /** `aws:PrincipalTag/*`. */
  readonly tags?: Readonly<Record<string, string>>
  /**
   * Further keys of the session: `aws:multifactorauthage`, `aws:tokenissuetime`, `aws:federatedprovider`...; names in
   * lower case.
   */
  readonly session?: Readonly<Record<string, string>>
}

export const anonymousRequester: Requester = {
  type: 'anonymous',
  arn: '',
  account: '',
  userId: 'anonymous',
  canonicalId: '',
}
