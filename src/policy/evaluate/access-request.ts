import type { Requester } from '#policy/requester.ts'

/**
 * The value of a condition key (in lower case, as `aws:sourceip`, `s3:existingobjecttag/Owner`, whose part after the slash keeps its
 * case), or undefined if the request has none. Asked for only when a condition needs it; keys that follow from the requester and
 * the clock are filled in when this does not.
 */
export type ContextLookup = (key: string) => string | readonly string[] | undefined

export interface AccessRequest {
  readonly principal: Requester
  /** As `s3:GetObject`; compared without regard to case. */
  readonly action: string
  /** ARN, or `*` for actions on no resource. */
  readonly resource: string
  /** Account that owns the resource: the requester's own for services and what is not there yet. */
  readonly resourceAccount: string
  readonly context: ContextLookup
}
