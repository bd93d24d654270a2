import type { Requester } from '#policy/requester.ts'

/**
 * The value of a condition key, or undefined if the request has none. The key is in lower case up to a slash:
 * `aws:sourceip`, `s3:existingobjecttag/Owner`. Called only when a condition needs the key. Keys that follow from the
 * requester and the clock are filled in otherwise.
 */
export type ContextLookup = (key: string) => string | readonly string[] | undefined

export interface AccessRequest {
  readonly principal: Requester
  /** For example `s3:GetObject`; compared without regard to case. */
  readonly action: string
  /** ARN, or `*` for actions on no resource. */
  readonly resource: string
  /** Account that owns the resource: the requester's own for services and for what does not exist yet. */
  readonly resourceAccount: string
  readonly context: ContextLookup
}
