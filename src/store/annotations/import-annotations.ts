/** Annotations of an imported version that does not exist yet: they belong to no version until its commit. */
import { digestOnce } from '#lib/digest/digest.ts'
import { randomId } from '#metadata/order.ts'
import { transact } from '#metadata/transact.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { assertAnnotationBody, assertAnnotationName } from '#model/object/annotation.ts'
import type { AnnotationSet } from '#model/object/annotation-set.ts'
import type { Sealing } from '#model/object/encryption.ts'
import type { StoreContext } from '#store/context.ts'
import { etagOf } from '#store/etag.ts'
import { beginSet, putRows, type StoredAnnotation } from './annotation-rows.ts'
import type { ImportedAnnotation } from './contract.ts'
import { discardAnnotations } from './copy-annotations.ts'
import { keep } from './kept-annotation.ts'

/** Undefined if there are none. */
export async function importAnnotations(
  context: StoreContext,
  annotations: AsyncIterable<ImportedAnnotation>,
  sealing: Sealing | undefined,
): Promise<AnnotationSet | undefined> {
  const id = randomId(12)
  let set: AnnotationSet = { id, count: 0, sizeBytes: 0 }
  try {
    for await (const annotation of annotations) {
      if (set.count === 0) await beginSet(context.engine, id, context.clock.nowMs())
      if (set.count >= limits.annotationsMax) throw new ApiError('AnnotationLimitExceeded')
      await importOne(context, annotation, id, sealing)
      set = { id, count: set.count + 1, sizeBytes: set.sizeBytes + annotation.bytes.length }
    }
  } catch (error) {
    if (set.count > 0) discardAnnotations(context, set)
    throw error
  }
  return set.count > 0 ? set : undefined
}

async function importOne(
  context: StoreContext,
  { name, bytes, modifiedAtMs, algorithm }: ImportedAnnotation,
  setId: string,
  sealing: Sealing | undefined,
): Promise<void> {
  assertAnnotationName(name)
  assertAnnotationBody(bytes)
  const sizeBytes = bytes.length
  context.blobs.assertRoom(sizeBytes)
  const encryption = sealing?.encryption
  const { kept, ...how } = keep(context, { encryption }, name, { bytes }, sealing?.dataKeys)
  const digests = digestOnce(['MD5', algorithm], bytes)
  const value = digests.get(algorithm)?.toString('base64') ?? ''
  const stored: StoredAnnotation = {
    sizeBytes,
    etag: etagOf({ digests }, encryption),
    modifiedAtMs,
    checksum: { algorithm, type: 'FULL_OBJECT', value },
    bodyId: randomId(8),
    ...how,
  }
  await transact(context.engine, async (transaction) => putRows(transaction, setId, name, stored, kept))
}
