import type { AnnotationSet } from '#model/object/annotation-set.ts'
import type { Sealing } from '#model/object/encryption.ts'
import type { Imported } from '#model/object/imported.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { Actor } from '#objects/actor.ts'
import { sealNew } from '#objects/encryption/seal.ts'
import { assertFutureLock } from '#objects/versions/lock-object.ts'
import type { ImportedAnnotation } from '#store/annotations/contract.ts'
import type { Staged, Store, WriteConditions } from '#store/contract.ts'
import { checksumToKeep, type NewBody, receiveBody } from './new-body.ts'
import { authorizeNewObject, type NewObject } from './new-object.ts'

export interface Put {
  readonly object: NewObject
  readonly body: NewBody
  readonly conditions: WriteConditions
  /** If it is not PutObject. */
  readonly cause?: 'Post'
  /** Its lock may have ended already. */
  readonly imported?: Imported | undefined
  /** For an imported object. */
  readonly annotations?: AsyncIterable<ImportedAnnotation> | undefined
}

/** The edge has authorized s3:PutObject. */
export async function putObject(store: Store, actor: Actor, put: Put): Promise<ObjectVersion> {
  const { object, body, conditions, cause = 'Put', imported } = put
  const { bucket, key } = object
  const attributes = authorizeNewObject(actor, object)
  const { sizeBytes } = body
  if (bucket.quota !== undefined && sizeBytes !== undefined) {
    await store.assertQuota(bucket, { key, sizeBytes, isPart: false })
  }
  if (attributes.lock !== undefined && imported === undefined) await assertFutureLock(store, attributes)
  const sealing = await sealNew(actor, object)
  const staged = await receiveBody(body, body.checksumAlgorithm, {
    stage: (incoming) => store.stage(incoming, sealing),
    discard: (received) => store.discard(received),
  })
  const checksum = checksumToKeep(staged, body.checksumAlgorithm)
  const annotations = await receiveAnnotations(store, put, staged, sealing)
  return store.putObject({
    bucket,
    key,
    staged,
    annotations,
    attributes,
    checksum,
    conditions,
    origin: actor,
    cause,
    imported,
  })
}

async function receiveAnnotations(
  store: Store,
  { annotations }: Put,
  staged: Staged,
  sealing: Sealing | undefined,
): Promise<AnnotationSet | undefined> {
  if (annotations === undefined) return undefined
  try {
    return await store.importAnnotations(annotations, sealing)
  } catch (error) {
    await store.discard(staged)
    throw error
  }
}
