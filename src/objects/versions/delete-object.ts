/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html and API_DeleteObjects.html */
import { authorizeOnObject } from '#access/decide/objects/object-access.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { Imported } from '#model/object/imported.ts'
import { assertKey, isVersionId } from '#model/object/object.ts'
import type { Actor } from '#objects/actor.ts'
import { deleteEach } from '#store/changes/delete-each.ts'
import type { DeleteConditions, DeletedObject, Store } from '#store/contract.ts'
import { mayPassGovernance } from './lock-object.ts'

export interface Deletion {
  readonly bucket: Bucket
  readonly key: string
  /** If undefined, the current version is deleted, or hidden by a delete marker. */
  readonly versionId?: string | undefined
  readonly conditions: DeleteConditions
  /** NoSuchVersion if the version is not a delete marker. */
  readonly isOfMarker?: boolean
  /** The caller requested to bypass governance mode, which needs a permission of its own. */
  readonly asksToPass?: boolean
  /** The delete marker was made elsewhere. */
  readonly imported?: Imported | undefined
}

/** The edge has authorized s3:DeleteObject, or s3:DeleteObjectVersion if the deletion names a version. */
export function deleteObject(store: Store, actor: Actor, deletion: Deletion): Promise<DeletedObject> {
  const { bucket, key, versionId, conditions, imported } = deletion
  const ownerId = actor.principal.canonicalId
  const passesGovernance = deletion.asksToPass === true && mayPassGovernance(actor, deletion)
  return store.deleteObject({ bucket, key, versionId, ownerId, conditions, origin: actor, passesGovernance, imported })
}

/** AccessDenied without the permission. */
export async function authorizeDeletion(
  store: Store,
  { principal, gatekeeper, facts }: Actor,
  { bucket, key, versionId, conditions: { ifMatch } }: Deletion,
): Promise<void> {
  const action = versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion'
  const keys = {
    ...(versionId !== undefined && { 's3:versionid': versionId }),
    ...(ifMatch !== undefined && { 's3:if-match': ifMatch }),
  }
  const asked = { principal, action, bucket, key, versionId, facts: { ...facts, keys } }
  await authorizeOnObject({ store, gatekeeper }, asked)
}

/** Deletes for an edge that has not authorized the deletion. */
export async function authorizeAndDelete(store: Store, actor: Actor, deletion: Deletion): Promise<DeletedObject> {
  const { bucket, key, versionId, isOfMarker = false } = deletion
  assertKey(key)
  // An impossible id is NoSuchVersion here. Operations on one object call it an invalid argument.
  if (versionId !== undefined && !isVersionId(versionId)) throw new ApiError('NoSuchVersion')
  await authorizeDeletion(store, actor, deletion)
  if (isOfMarker) {
    const version = await store.findVersion(bucket.name, key, versionId)
    if (version?.isDeleteMarker !== true) throw new ApiError('NoSuchVersion')
  }
  return deleteObject(store, actor, deletion)
}

interface Named {
  readonly key: string
  readonly versionId?: string | undefined
}

/** The outcome of each deletion, in order: one that AWS would refuse fails alone. `read` may throw for an entry. */
export function deleteNamed<Entry extends Named>(
  store: Store,
  actor: Actor,
  { entries, read }: { readonly entries: readonly Entry[]; readonly read: (entry: Entry) => Deletion },
): Promise<(DeletedObject | ApiError)[]> {
  return deleteEach(entries, async (entry) => {
    try {
      return await authorizeAndDelete(store, actor, read(entry))
    } catch (error) {
      if (error instanceof ApiError) return error
      throw error
    }
  })
}
