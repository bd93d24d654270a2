/** Annotations for a copy that does not exist yet: they belong to no version until its commit. */
import { digestOnce } from '#lib/digest/digest.ts'
import { randomId } from '#metadata/order.ts'
import { transact } from '#metadata/transact.ts'
import type { AnnotationSet } from '#model/object/annotation-set.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { StoreContext } from '#store/context.ts'
import type { Store } from '#store/contract.ts'
import { etagOf } from '#store/etag.ts'
import { beginSet, putRows, type StoredAnnotation, sweepAnnotations } from './annotation-rows.ts'
import { listAnnotations } from './annotations.ts'
import { keep, readAnnotation } from './kept-annotation.ts'

const pageMax = 100

type Keys = Parameters<Store['copyAnnotations']>[1]

/** Undefined if there are none. */
export async function copyAnnotations(
  context: StoreContext,
  from: ObjectVersion,
  keys: Keys,
): Promise<AnnotationSet | undefined> {
  if (from.annotations === undefined) return undefined
  context.blobs.assertRoom(from.annotations.sizeBytes)
  const id = randomId(12)
  await beginSet(context.engine, id, context.clock.nowMs())
  let copied: AnnotationSet = { id, count: 0, sizeBytes: 0 }
  try {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page = await listAnnotations(context, from, { prefix: '', after, limit: pageMax })
      for (const { name } of page.annotations) {
        const sizeBytes = await copyOne(context, from, name, id, keys)
        if (sizeBytes !== undefined) {
          copied = { id, count: copied.count + 1, sizeBytes: copied.sizeBytes + sizeBytes }
        }
      }
      after = page.next
    }
  } catch (error) {
    discardAnnotations(context, copied)
    throw error
  }
  if (copied.count > 0) return copied
  discardAnnotations(context, copied)
  return undefined
}

/** The number of its bytes; undefined if it was deleted meanwhile. */
async function copyOne(
  context: StoreContext,
  from: ObjectVersion,
  name: string,
  setId: string,
  { dataKeys, sealing }: Keys,
): Promise<number | undefined> {
  const found = await readAnnotation(context, from, name, dataKeys)
  if (found === undefined) return undefined
  const { bytes } = found
  const { sizeBytes, checksum } = found.annotation
  const encryption = sealing?.encryption
  const { kept, ...how } = keep(context, { encryption }, name, { bytes }, sealing?.dataKeys)
  const md5 = { digests: digestOnce(['MD5'], bytes) }
  const stored: StoredAnnotation = {
    sizeBytes,
    etag: etagOf(md5, encryption),
    modifiedAtMs: context.clock.nowMs(),
    checksum,
    bodyId: randomId(8),
    ...how,
  }
  await transact(context.engine, async (transaction) => putRows(transaction, setId, name, stored, kept))
  return sizeBytes
}

/** Never throws: a start removes what is left. */
export function discardAnnotations({ engine, log }: Pick<StoreContext, 'engine' | 'log'>, { id }: AnnotationSet): void {
  sweepAnnotations(engine, id).catch((error: unknown) => {
    log.warn(
      { err: error },
      'annotations of a copy that was not made could not be removed; the next start removes them',
    )
  })
}
