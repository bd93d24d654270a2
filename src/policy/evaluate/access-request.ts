import type { Clock } from '#lib/clock.ts'
import type { Requester } from '#policy/requester.ts'

/**
 * The value of a condition key, or undefined if the request has none. The key is in lower case up to a slash:
 * `aws:sourceip`, `s3:existingobjecttag/Owner`. Called only when a condition needs the key. The engine itself adds the
 * keys that follow from the requester and the clock.
 */
export type ContextLookup = (key: string) => string | readonly string[] | undefined

export interface AccessRequest {
  readonly principal: Requester
  /** For example `s3:GetObject`. Case-insensitive. */
  readonly action: string
  /** ARN, or `*` for actions on no resource. */
  readonly resource: string
  /** Account that owns the resource: the requester's own for services and for resources that do not exist yet. */
  readonly resourceAccount: string
  readonly context: ContextLookup
  /** For `aws:CurrentTime` and `aws:EpochTime`. Read only when a condition needs the time, once for all conditions. */
  readonly clock: Clock
}
