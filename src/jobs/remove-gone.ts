/** Removes bytes that are not needed any more from the S3 store that keeps them (BLOBS_URL). */
import type { RemovedBytes } from '#model/removed-bytes.ts'
import type { Figure } from '#model/work-status.ts'
import type { JobServices, Run, Shown, Step } from './job.ts'

/** The numbers since the store was created. */
type RemovedCursor = Omit<RemovedBytes, 'mayHaveMore'>

const none: RemovedCursor = { abandoned: 0, blobs: 0, objects: 0 }

export async function removeGone(run: Run, { store }: JobServices): Promise<Step> {
  const removed = await store.removeGone?.(run)
  if (removed === undefined) return 'idle'
  const { abandoned, blobs, objects, mayHaveMore } = removed
  const before = (run.cursor() as RemovedCursor | undefined) ?? none
  if (abandoned + blobs + objects > 0) {
    await run.save({
      abandoned: before.abandoned + abandoned,
      blobs: before.blobs + blobs,
      objects: before.objects + objects,
    } satisfies RemovedCursor)
  }
  return mayHaveMore ? 'busy' : 'idle'
}

export function showRemoved(cursor: unknown): Shown {
  const { abandoned, objects } = (cursor as RemovedCursor | undefined) ?? none
  const count = (name: string, value: number, noun: Figure['noun']): Figure => ({ name, value, unit: 'count', noun })
  return {
    figures: [
      count('objects', objects, ['object removed', 'objects removed']),
      count('abandoned', abandoned, ['abandoned upload', 'abandoned uploads']),
    ],
  }
}
