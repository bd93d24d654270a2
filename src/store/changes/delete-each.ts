/** Many deletions of one request. They share their flushes. */
import { mapConcurrently } from '#lib/async/map-concurrently.ts'

interface Deletion {
  readonly key: string
  readonly versionId?: string | undefined
}

/** They also share the index's lock while their files are removed: with more, other processes would wait longer. */
export const deletionsAtOnceMax = 100

/**
 * Calls `work`, which deletes, for each item, and returns the results in order. Deletions of a key run one after
 * another in this order, unless all of them name versions. Those are independent and run oldest first: otherwise each
 * deletion would make the next version current, which is then deleted as well.
 */
export async function deleteEach<One extends Deletion, Result>(
  deletions: readonly One[],
  work: (deletion: One) => Promise<Result>,
): Promise<Result[]> {
  const unversioned = new Set(deletions.filter((one) => one.versionId === undefined).map(({ key }) => key))
  const planned = deletions.map((one, index) => ({
    one,
    index,
    versionId: unversioned.has(one.key) ? '' : (one.versionId ?? ''),
  }))
  // Version ids sort newest first. Sorting is stable: deletions of the same id keep their order.
  planned.sort((a, b) => (a.versionId < b.versionId ? 1 : a.versionId > b.versionId ? -1 : 0))
  const results: Result[] = []
  const touches = ({ one, versionId }: (typeof planned)[number]) => [`${one.key}\0${versionId}`]
  await mapConcurrently(planned, { atOnceMax: deletionsAtOnceMax, touches }, async ({ one, index }) => {
    results[index] = await work(one)
  })
  return results
}
