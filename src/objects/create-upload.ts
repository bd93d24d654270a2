import type { Upload } from '#model/object/upload.ts'
import type { Store } from '#store/contract.ts'
import type { Actor } from './actor.ts'
import { sealUpload } from './encryption/seal.ts'
import { assertFutureLock } from './lock-object.ts'
import { authorizeNewObject, type NewObject } from './new-object.ts'

/** `asked`: what is said of checksums, and of what an import takes, whose lock may have ended already. The edge has asked for s3:PutObject. */
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
