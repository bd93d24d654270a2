/**
 * Permissions that depend on the object itself: whose it is, its access control list, and its tags where a policy asks for them.
 * Reading it comes before the decision then, so whatever the reading says is kept from those who may not know what is in the bucket.
 */

import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Principal } from '#model/account.ts'
import type { Bucket } from '#model/bucket.ts'
import type { ObjectVersion } from '#model/object.ts'
import { hasAclsEnabled } from '#model/object-ownership.ts'
import { dependsOnObject } from '#policy/evaluate/acl-evaluation.ts'
import type { Store } from '#store/contract.ts'
import type { Rights } from './gatekeeper.ts'
import { hideMissingObject } from './missing-object.ts'
import { ObjectNeeded } from './object-needed.ts'
import type { Resource } from './resource.ts'

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

/** AccessDenied unless the caller may do `action` with what `read` finds, which is then the answer. Reads once, and late if it can. */
export async function readAuthorized<Found>(
  domain: Domain,
  asked: AskedObject,
  read: () => Promise<Found>,
  look: { versionOf(found: Found): ObjectVersion; release(found: Found): void },
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
      { bucket, key, object: governed(bucket, look.versionOf(found)) },
      facts,
    )
    return found
  } catch (error) {
    look.release(found)
    throw error
  }
}

/** For an action on an object that need not be there, as deleting it. */
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

/** For an action on an upload, which belongs to whoever initiated it. */
export async function authorizeOnUpload(
  domain: Domain,
  asked: AskedObject & { readonly uploadId: string },
): Promise<void> {
  if (isAuthorizedEarly(domain, asked)) return
  const { principal, action, bucket, key, uploadId, facts } = asked
  const upload = await domain.store.getUpload(bucket.name, key, uploadId).catch(() => undefined)
  const object = upload === undefined ? null : { ownerId: upload.initiatorId }
  domain.gatekeeper.authorize(principal, action, { bucket, key, object }, facts)
}

/** What decisions see of a version. While ACLs are disabled, the bucket's owner owns whatever is in it. */
export function governed(bucket: Bucket, version: ObjectVersion): NonNullable<Resource['object']> {
  if (hasAclsEnabled(bucket)) return version
  return { ownerId: bucket.ownerId, ...(version.tags && { tags: version.tags }) }
}

/** Whether the decision, which was yes, needed no look at the object. */
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
