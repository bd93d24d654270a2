import type { Upload } from '#model/object/multipart/upload.ts'
import type { Actor } from '#objects/actor.ts'
import { sealUpload } from '#objects/encryption/seal.ts'
import { assertFutureLock } from '#objects/versions/lock-object.ts'
import type { Store } from '#store/contract.ts'
import { authorizeNewObject, type NewObject } from './new-object.ts'

/**
 * `asked`: the requested checksum, and for imports a lock, which may have ended already. The edge has authorized
 * s3:PutObject.
 */
export async function createUpload(
  store: Store,
  actor: Actor,
  {
    object,
    ...asked
  }: { readonly object: NewObject } & Pick<Upload, 'checksumAlgorithm' | 'checksumType' | 'importOf'>,
): Promise<Upload> {
  const attributes = authorizeNewObject(actor, object)
  if (asked.importOf === undefined) await assertFutureLock(store, attributes)
  const encryption = await sealUpload(actor, object)
  const { bucket, key } = object
  return store.createUpload({
    bucket: bucket.name,
    key,
    attributes,
    initiatorId: actor.principal.canonicalId,
    ...(encryption !== undefined && { encryption }),
    ...asked,
  })
}
