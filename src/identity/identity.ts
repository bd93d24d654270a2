/**
 * A principal with credentials, and all that decides about its permissions. Immutable: created again when its documents
 * change.
 */
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

/** The origin of temporary credentials. */
export interface SessionOrigin {
  readonly kind: 'session-token' | 'federation-token' | 'role' | 'web-identity'
  readonly expiresAtMs: number
  /** The long-lived access key at the start of the chain; undefined for web identities. */
  readonly sourceKeyId: string | undefined
  /** Unique id of the role; undefined for tokens without one. */
  readonly roleId: string | undefined
  /** Tags that are passed on to a role that is assumed next, whatever the request says. */
  readonly transitiveTags: Readonly<Record<string, string>>
  readonly sourceIdentity: string | undefined
}

export class Identity implements Principal {
  readonly isAnonymous = false
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** The session token of the key; undefined for long-lived keys. */
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
