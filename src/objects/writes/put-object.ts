import type { ObjectVersion } from '#model/object/object.ts'
import type { Actor } from '#objects/actor.ts'
import { sealNew } from '#objects/encryption/seal.ts'
import { assertFutureLock } from '#objects/versions/lock-object.ts'
import type { Store, WriteConditions } from '#store/contract.ts'
import { checksumToKeep, type NewBody, receiveBody } from './new-body.ts'
import { authorizeNewObject, type NewObject } from './new-object.ts'

export interface Put {
  readonly object: NewObject
  readonly body: NewBody
  readonly conditions: WriteConditions
  /** If it is not PutObject. */
  readonly cause?: 'Post'
}

/** The edge has authorized s3:PutObject. */
export async function putObject(store: Store, actor: Actor, put: Put): Promise<ObjectVersion> {
  const { object, body, conditions, cause = 'Put' } = put
  const { bucket, key } = object
  const attributes = authorizeNewObject(actor, object)
  const { sizeBytes } = body
  if (bucket.quota !== undefined && sizeBytes !== undefined) {
    await store.assertQuota(bucket, { key, sizeBytes, isPart: false })
  }
  if (attributes.lock !== undefined) await assertFutureLock(store, attributes)
  const sealing = await sealNew(actor, object)
  const staged = await receiveBody(body, body.checksumAlgorithm, {
    stage: (incoming) => store.stage(incoming, sealing),
    discard: (received) => store.discard(received),
  })
  const checksum = checksumToKeep(staged, body.checksumAlgorithm)
  return store.putObject({ bucket, key, staged, attributes, checksum, conditions, origin: actor, cause })
}
