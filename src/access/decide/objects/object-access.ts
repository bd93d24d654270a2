/**
 * Permissions that depend on the object: its owner, its access control list, and its tags if a policy uses them. The
 * object is then read before the decision, so the result of the read is hidden from callers who may not list the
 * bucket.
 */

import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Rights } from '#access/decide/gatekeeper.ts'
import type { Resource } from '#access/decide/resource.ts'
import { hasAclsEnabled } from '#model/access/object-ownership.ts'
import type { Principal } from '#model/account.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import { dependsOnObject } from '#policy/evaluate/acl-evaluation.ts'
import type { OpenObject, Store } from '#store/contract.ts'
import { hideMissingObject } from './missing-object.ts'
import { ObjectNeeded } from './object-needed.ts'

interface Domain {
  readonly store: Pick<Store, 'findVersion' | 'getUpload'>
  readonly gatekeeper: Rights
}

export interface AskedObject {
  readonly principal: Principal
  readonly action: string
  readonly bucket: Bucket
  readonly key: string
  readonly facts: RequestFacts
}

/** How `readAuthorized` treats the result of a read. */
interface FoundKind<Found> {
  versionOf(found: Found): ObjectVersion
  release(found: Found): void
}

/** A read that returns the record of a version. */
export const versionRecord: FoundKind<ObjectVersion> = { versionOf: (version) => version, release: () => undefined }

/** A read that returns a version with its bytes. */
export const openVersion: FoundKind<OpenObject> = {
  versionOf: ({ version }) => version,
  release: (opened) => opened.close(),
}

/**
 * Returns the result of `read`. AccessDenied unless the caller may do `action` with it. Reads once, and after the
 * decision where possible.
 */
export async function readAuthorized<Found>(
  domain: Domain,
  asked: AskedObject,
  read: () => Promise<Found>,
  kind: FoundKind<Found>,
): Promise<Found> {
  const { principal, action, bucket, key, facts } = asked
  const isEarly = isAuthorizedEarly(domain, asked)
  const found = await read().catch((error: unknown) => {
    throw hideMissingObject(error, asked, domain.gatekeeper)
  })
  if (isEarly) return found
  try {
    domain.gatekeeper.authorize(
      principal,
      action,
      { bucket, key, object: governed(bucket, kind.versionOf(found)) },
      facts,
    )
    return found
  } catch (error) {
    kind.release(found)
    throw error
  }
}

/** Authorizes an action on an object that need not exist, such as deleting it. */
export async function authorizeOnObject(
  domain: Domain,
  asked: AskedObject & { readonly versionId: string | undefined },
): Promise<void> {
  if (isAuthorizedEarly(domain, asked)) return
  const { principal, action, bucket, key, versionId, facts } = asked
  const version = await domain.store.findVersion(bucket.name, key, versionId)
  const object = version === undefined ? null : governed(bucket, version)
  domain.gatekeeper.authorize(principal, action, { bucket, key, object }, facts)
}

/** Authorizes an action on an upload, which belongs to its initiator. */
export async function authorizeOnUpload(
  domain: Domain,
  asked: AskedObject & { readonly uploadId: string },
): Promise<void> {
  if (isAuthorizedEarly(domain, asked)) return
  const { principal, action, bucket, key, uploadId, facts } = asked
  const upload = await domain.store.getUpload(bucket.name, key, uploadId).catch(() => undefined)
  const object = upload === undefined ? null : governedUpload(upload)
  domain.gatekeeper.authorize(principal, action, { bucket, key, object }, facts)
}

/** The view of a version for decisions. While ACLs are disabled, the bucket's owner owns every object. */
export function governed(bucket: Bucket, version: ObjectVersion): NonNullable<Resource['object']> {
  if (hasAclsEnabled(bucket)) return version
  return { ownerId: bucket.ownerId, ...(version.tags && { tags: version.tags }) }
}

const governedUpload = ({ initiatorId, encryption }: Upload): NonNullable<Resource['object']> => ({
  ownerId: initiatorId,
  ...(encryption && { encryption }),
})

/** Whether the action was allowed before the object was read. */
function isAuthorizedEarly({ gatekeeper }: Domain, { principal, action, bucket, key, facts }: AskedObject): boolean {
  if (dependsOnObject(action, bucket, principal)) return false
  try {
    gatekeeper.authorize(principal, action, { bucket, key }, facts)
    return true
  } catch (error) {
    if (error instanceof ObjectNeeded) return false
    throw error
  }
}
