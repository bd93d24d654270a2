import type { Actor } from '#objects/actor.ts'
import { unsealed } from '#objects/encryption/open-keys.ts'
import type { OpenObject, Store } from '#store/contract.ts'
import type { ObjectAddress } from './change-version.ts'

/** For an edge that has authorized s3:GetObject and has no customer key: InvalidRequest for an object with SSE-C. */
export async function openObject(store: Store, actor: Actor, address: ObjectAddress): Promise<OpenObject> {
  const { bucket, key, versionId } = address
  return unsealed(actor, address, await store.openObject(bucket.name, key, versionId))
}
