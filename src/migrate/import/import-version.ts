/** Imports a version or delete marker as the newest of its key. */
import { setTimeout as wait } from 'node:timers/promises'
import { reasonOf, statusOf } from '#migrate/source/refusal.ts'
import { ApiError, reasonIn } from '#model/errors.ts'
import { deleteObject } from '#objects/versions/delete-object.ts'
import type { ImportContext } from './context.ts'
import { importParts } from './import-parts.ts'
import { importWhole } from './import-whole.ts'
import { importedOf, type Task } from './new-object.ts'
import { placeOf } from './report.ts'

/** `refused`: the source will never give it. `lost`: another run may succeed. The report has the reason. */
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
}

/** Whether a retry may succeed: the connection broke, or the source is busy. */
function mayPass(error: unknown): boolean {
  if (error instanceof ApiError) return error.code === 'IncompleteBody' || error.code === 'OperationAborted'
  const status = statusOf(error)
  return status === undefined || status >= 500 || status === 408 || status === 429
}

/** The source refuses this version: for example, it is archived or encrypted with a customer key (SSE-C). */
const isFinal = (error: unknown): boolean => [400, 403, 404].includes(statusOf(error) ?? 0)

function sentenceOf(error: unknown): string {
  if (error instanceof ApiError) return `here: ${error.code}: ${reasonIn(error)}`
  if (statusOf(error) === 412) return 'it was changed at the source while it was read; the next run takes it'
  return reasonOf(error)
}
