/** Someone who can call, and all that decides what they may do. Immutable: made anew when the documents it came from change. */
import type { Principal } from '#model/account.ts'
import type { RequesterPolicies } from '#policy/evaluate/evaluate.ts'
import type { Requester } from '#policy/requester.ts'

export interface IdentityParts {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly displayName: string
  readonly requester: Requester
  readonly policies: RequesterPolicies
  readonly sessionToken?: string
  readonly session?: SessionOrigin
}

/** Where temporary credentials came from. */
export interface SessionOrigin {
  readonly kind: 'session-token' | 'federation-token' | 'role' | 'web-identity'
  readonly expiresAtMs: number
  /** The long-lived access key at the beginning; undefined for web identities. */
  readonly sourceKeyId: string | undefined
  /** Unique id of the role; undefined for tokens without one. */
  readonly roleId: string | undefined
  /** Tags that a further role takes on, whatever its own request says. */
  readonly transitiveTags: Readonly<Record<string, string>>
  readonly sourceIdentity: string | undefined
}

export class Identity implements Principal {
  readonly isAnonymous = false
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** That goes with the key; undefined for long-lived ones. */
  readonly sessionToken: string | undefined
  readonly displayName: string
  readonly requester: Requester
  readonly policies: RequesterPolicies
  readonly session: SessionOrigin | undefined

  constructor(parts: IdentityParts) {
    this.accessKeyId = parts.accessKeyId
    this.secretAccessKey = parts.secretAccessKey
    this.sessionToken = parts.sessionToken
    this.displayName = parts.displayName
    this.requester = parts.requester
    this.policies = parts.policies
    this.session = parts.session
  }

  get canonicalId(): string {
    return this.requester.canonicalId
  }

  get account(): string {
    return this.requester.account
  }

  get arn(): string {
    return this.requester.arn
  }
}
