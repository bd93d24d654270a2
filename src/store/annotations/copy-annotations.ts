/** Annotations for a copy, which is not there yet: they belong to no version until its commit takes them over. */
import type { LevelLog } from '#lib/log/level-log.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { randomId } from '#metadata/order.ts'
import { transact } from '#metadata/transact.ts'
import type { Annotation } from '#model/object/annotation.ts'
import type { AnnotationSet } from '#model/object/annotation-set.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { StoreContext } from '#store/context.ts'
import { beginSet, putRows, type StoredAnnotation, sweepAnnotations } from './annotation-rows.ts'
import { listAnnotations, readAnnotation } from './annotations.ts'

const pageMax = 100

/** Undefined: there are none. */
export async function copyAnnotations(context: StoreContext, from: ObjectVersion): Promise<AnnotationSet | undefined> {
  if (from.annotations === undefined) return undefined
  context.blobs.assertRoom(from.annotations.sizeBytes)
  const id = randomId(12)
  await beginSet(context.engine, id, context.clock.nowMs())
  let copied: AnnotationSet = { id, count: 0, sizeBytes: 0 }
  try {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page = await listAnnotations(context, from, { prefix: '', after, limit: pageMax })
      for (const { name } of page.annotations) {
        const sizeBytes = await copyOne(context, from, name, id)
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

/** How many bytes it has; undefined if it was deleted meanwhile. */
async function copyOne(
  context: StoreContext,
  from: ObjectVersion,
  name: string,
  setId: string,
): Promise<number | undefined> {
  const found = await readAnnotation(context, from, name)
  if (found === undefined) return undefined
  const annotation = found.annotation as Annotation & StoredAnnotation
  const { name: _, ...stored } = annotation
  await transact(context.engine, async (transaction) => {
    const modifiedAtMs = context.clock.nowMs()
    putRows(transaction, setId, name, { ...stored, bodyId: randomId(8), modifiedAtMs }, found.bytes)
  })
  return stored.sizeBytes
}

/** Never throws: what is left, a start removes. */
export function discardAnnotations(
  { engine, log }: { readonly engine: MetadataEngine; readonly log: LevelLog },
  { id }: AnnotationSet,
): void {
  sweepAnnotations(engine, id).catch((error: unknown) => {
    log.warn(
      { err: error },
      'annotations of a copy that was not made could not be removed; the next start removes them',
    )
  })
}
