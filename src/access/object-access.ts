/**
 * Permissions that depend on the object itself: whose it is, and its access control list. Reading it comes before the decision then,
 * so whatever the reading says is kept from those who may not know what is in the bucket.
 */
import type { Principal } from '#model/account.ts'
import type { Bucket } from '#model/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object.ts'
import { dependsOnObject } from '#policy/acl-evaluation.ts'
import type { Store } from '#store/contract.ts'
import type { Gatekeeper } from './caller.ts'

interface Domain {
  readonly store: Pick<Store, 'findVersion' | 'getUpload'>
  readonly gatekeeper: Gatekeeper
}

export interface AskedObject {
  readonly principal: Principal
  readonly action: string
  readonly bucket: Bucket
  readonly key: string
}

/** AccessDenied unless the caller may do `action` with what `read` finds, which is then the answer. Reads once, and late if it can. */
export async function readAuthorized<Found>(
  domain: Domain,
  asked: AskedObject,
  read: () => Promise<Found>,
  look: { versionOf(found: Found): ObjectVersion; release(found: Found): void },
): Promise<Found> {
  const { principal, action, bucket, key } = asked
  const { gatekeeper } = domain
  const isEarly = !dependsOnObject(action, bucket, principal)
  if (isEarly) gatekeeper.authorize(principal, action, { bucket, key })
  const found = await read().catch((error: unknown) => {
    throw hideMissingObject(error, principal, bucket, domain)
  })
  if (isEarly) return found
  try {
    gatekeeper.authorize(principal, action, { bucket, key, object: look.versionOf(found) })
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
  const { principal, action, bucket, key, versionId } = asked
  const object = dependsOnObject(action, bucket, principal)
    ? await domain.store.findVersion(bucket.name, key, versionId)
    : undefined
  domain.gatekeeper.authorize(principal, action, { bucket, key, object })
}

/** For an action on an upload, which belongs to whoever initiated it. */
export async function authorizeOnUpload(
  domain: Domain,
  asked: AskedObject & { readonly uploadId: string },
): Promise<void> {
  const { principal, action, bucket, key, uploadId } = asked
  const upload = dependsOnObject(action, bucket, principal)
    ? await domain.store.getUpload(bucket.name, key, uploadId).catch(() => undefined)
    : undefined
  const object = upload === undefined ? undefined : { ownerId: upload.initiatorId }
  domain.gatekeeper.authorize(principal, action, { bucket, key, object })
}

/**
 * Whoever may not list a bucket must not learn which keys and versions it has.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, Permissions
 */
export function hideMissingObject(error: unknown, principal: Principal, bucket: Bucket, domain: Domain): unknown {
  if (!(error instanceof ApiError) || error.status < 400 || error.status >= 500) return error
  return domain.gatekeeper.may(principal, 's3:ListBucket', { bucket }) ? error : new ApiError('AccessDenied')
}
