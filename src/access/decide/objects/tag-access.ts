/** Permission to read and copy an object's tags, for the API and the console. */

import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Rights } from '#access/decide/gatekeeper.ts'
import type { Principal } from '#model/account.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import { governed } from './object-access.ts'

export interface TaggedVersion {
  readonly bucket: Bucket
  readonly key: string
  /** As requested. Undefined means the current version. */
  readonly versionId: string | undefined
  readonly version: ObjectVersion
}

const readingTags = (versionId: string | undefined): string =>
  versionId === undefined ? 's3:GetObjectTagging' : 's3:GetObjectVersionTagging'

const resourceOf = ({ bucket, key, version }: TaggedVersion) => ({ bucket, key, object: governed(bucket, version) })

export function mayReadTags(
  gatekeeper: Rights,
  principal: Principal,
  tagged: TaggedVersion,
  facts: RequestFacts,
): boolean {
  return gatekeeper.may(principal, readingTags(tagged.versionId), resourceOf(tagged), facts)
}

/**
 * AccessDenied unless the caller may read the tags of `source`, if it has any, and set them on a new object at
 * `target`.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
export function authorizeCarriedTags(
  gatekeeper: Rights,
  principal: Principal,
  source: TaggedVersion & { readonly facts: RequestFacts },
  target: { readonly bucket: Bucket; readonly key: string; readonly facts: RequestFacts },
): void {
  const { tags } = source.version
  if (tags === undefined) return
  gatekeeper.authorize(principal, readingTags(source.versionId), resourceOf(source), source.facts)
  const { bucket, key, facts } = target
  const objectTags = Object.entries(tags)
  gatekeeper.authorize(principal, 's3:PutObjectTagging', { bucket, key, object: null }, { ...facts, objectTags })
}
