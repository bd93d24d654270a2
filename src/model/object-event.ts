import type { Origin } from './origin.ts'

/**
 * `created`: a version is current that was not there before. `removed`: a version is no more. `marked`: a delete marker was made.
 * `changed`: tags, ACL, or what else is said of a version that stays.
 */
export type ObjectChange = 'created' | 'removed' | 'marked' | 'changed'

/** What happened to a version, as the outbox of its bucket keeps it. */
export interface ObjectEvent {
  readonly what: ObjectChange
  readonly atMs: number
  readonly key: string
  readonly versionId: string
  /** Of a key later changes sort first, as its versions do. */
  readonly order: string
  readonly sizeBytes: number
  readonly etag: string
  readonly origin: Origin
}
