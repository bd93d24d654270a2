import type { OpenObject, Store } from '#store/contract.ts'
import type { Actor } from './actor.ts'
import type { ObjectAddress } from './change-version.ts'
import { unseal } from './encryption/open-keys.ts'

/** For an edge that has asked for s3:GetObject and has no customer's key: InvalidRequest for an object with SSE-C. */
export async function openObject(store: Store, actor: Actor, address: ObjectAddress): Promise<OpenObject> {
  const { bucket, key, versionId } = address
  const opened = await store.openObject(bucket.name, key, versionId)
  try {
    await unseal(actor, address, opened)
    return opened
  } catch (error) {
    opened.close()
    throw error
  }
}
