/** Counts uploads in progress, deleted blobs, and objects to be removed. */
import type { KeyRange } from '#metadata/engine.ts'
import type { Figure, WorkStatus } from '#model/work-status.ts'
import type { UpstreamContext } from './context.ts'
import { doomedRows, goneRows, stagedRows } from './rows.ts'

const countedMax = 1000

export async function upstreamStatus({ engine }: UpstreamContext): Promise<WorkStatus[]> {
  const counted = async (name: string, range: KeyRange, noun: Figure['noun']): Promise<Figure> => {
    const value = (await engine.scan(range, { limit: countedMax })).length
    return { name, value, unit: 'count', noun, isAtLeast: value >= countedMax }
  }
  const figures = await Promise.all([
    counted('staged', stagedRows(), ['upload in progress', 'uploads in progress']),
    counted('gone', goneRows(), ['deleted, kept for its readers', 'deleted, kept for their readers']),
    counted('doomed', doomedRows(), ['to be removed', 'to be removed']),
  ])
  return [
    {
      name: 'upstream',
      title: 'Bytes in the upstream store',
      what: 'Deleted bytes are kept for 15 minutes for reads in progress, and uploads without a version for a day.',
      state: 'idle',
      figures,
      mayStartByHand: false,
    },
  ]
}
