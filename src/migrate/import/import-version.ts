/** One version or delete marker, with what belongs to it, on top of its key. */
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { reasonOf, statusOf } from '#migrate/source/refusal.ts'
import { isRefusal } from '#migrate/source/source.ts'
import { ApiError } from '#model/errors.ts'
import { putAnnotation } from '#objects/annotate-object.ts'
import { deleteObject } from '#objects/delete-object.ts'
import type { ImportContext } from './context.ts'
import { importParts } from './import-parts.ts'
import { importWhole } from './import-whole.ts'
import { importedOf, type Task } from './new-object.ts'
import { placeOf } from './report.ts'

/** `refused`: it can never be had as it is. `lost`: another run may have it. The report says why. */
export type Outcome = 'taken' | 'refused' | 'lost'

export async function importVersion(context: ImportContext, task: Task): Promise<Outcome> {
  const { report } = context
  const { from, version } = task
  for (let attempt = 1; ; attempt++) {
    try {
      await takeVersion(context, task)
      report.take(version.sizeBytes)
      return 'taken'
    } catch (error) {
      if (attempt < attemptsMax && mayPass(error)) {
        await wait(attempt * 1000)
        continue
      }
      report.fail(placeOf(from, version), sentenceOf(error))
      return isFinal(error) ? 'refused' : 'lost'
    }
  }
}

const attemptsMax = 3

async function takeVersion(context: ImportContext, task: Task): Promise<void> {
  const { store, actor } = context
  const { bucket, version } = task
  if (version.isDeleteMarker) {
    const imported = importedOf(version)
    await deleteObject(store, actor, { bucket, key: version.key, conditions: {}, imported })
    return
  }
  const isInParts = version.etag.includes('-') && (await importParts(context, task))
  if (!isInParts) await importWhole(context, task)
  await takeAnnotations(context, task)
}

const withoutAnnotations = new WeakSet<object>()

/** Of the version that was just put on top. */
async function takeAnnotations({ source, store, actor, report }: ImportContext, { bucket, from, version }: Task) {
  if (withoutAnnotations.has(source)) return
  const annotations = await source.annotations(from, version)
  if (isRefusal(annotations)) {
    // No other store than AWS and this program has them.
    withoutAnnotations.add(source)
    if (!annotations.isUnserved) report.note(`annotations could not be read (${annotations.reason})`, from)
    return
  }
  for (const { name, bytes } of annotations) {
    const judged = await store.findVersion(bucket.name, version.key, undefined)
    if (judged === undefined) return
    const incoming = { source: Readable.from([bytes]), sizeBytes: bytes.length, maxBytes: bytes.length }
    const body = { sizeBytes: bytes.length, open: (algorithms: readonly never[]) => ({ ...incoming, algorithms }) }
    await putAnnotation(store, actor, { bucket, key: version.key, versionId: judged.versionId, name, judged, body })
  }
}

/** Whether the same may succeed when it is tried again: the connection broke, or the source is busy. */
function mayPass(error: unknown): boolean {
  if (error instanceof ApiError) return error.code === 'IncompleteBody' || error.code === 'OperationAborted'
  const status = statusOf(error)
  return status === undefined || status >= 500 || status === 408 || status === 429
}

/** The source refuses to give this version, as one with a key of its customer, or one that is archived. */
const isFinal = (error: unknown): boolean => [400, 403, 404].includes(statusOf(error) ?? 0)

function sentenceOf(error: unknown): string {
  if (error instanceof ApiError) return `here: ${error.code}: ${error.message}`
  if (statusOf(error) === 412) return 'it was changed at the source while it was read; the next run takes it'
  return reasonOf(error)
}
