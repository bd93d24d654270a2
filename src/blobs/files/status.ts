/** What the store of plain files does by itself: files on their way to their places, and files that wait for that. */
import fs from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '#lib/system/error-code.ts'
import { timeOfOrder } from '#metadata/order.ts'
import { rowsOf } from '#metadata/tables.ts'
import type { Figure, WorkStatus } from '#model/work-status.ts'
import type { FilesContext } from './context.ts'
import { decodePending, smallBytesOf } from './pending/pending.ts'
import { isSpare } from './staging/spares.ts'

const countedMax = 1000
/** Longer than this, a file waits for something that does not come. */
const slowMs = 60_000

export const filesStatus = (context: FilesContext): Promise<WorkStatus[]> =>
  Promise.all([settlingStatus(context), stagingStatus(context)])

async function settlingStatus({ engine, clock }: FilesContext): Promise<WorkStatus> {
  const rows = await engine.scan(rowsOf('q'), { limit: countedMax })
  const writes = rows.map(({ value }) => decodePending(value))
  const bytes = writes.reduce((sum, pending) => sum + (smallBytesOf(pending) ?? 0), 0)
  const oldestMs = writes.length === 0 ? undefined : Math.min(...writes.map(({ order }) => timeOfOrder(order)))
  const isSlow = oldestMs !== undefined && clock.nowMs() - oldestMs > slowMs
  return {
    name: 'settling',
    title: 'Files moving to their places',
    what: 'Written to the index already, so that nothing is lost; their files follow within a second or two.',
    state: isSlow ? 'failed' : writes.length > 0 ? 'running' : 'idle',
    figures: [
      counted('writes', writes.length, ['write', 'writes']),
      { name: 'bytesInIndex', value: bytes, unit: 'bytes', noun: ['in the index', 'in the index'] },
    ],
    startedAtMs: oldestMs,
    mayStartByHand: false,
  }
}

async function stagingStatus({ layout }: FilesContext): Promise<WorkStatus> {
  const files = await countFiles(layout.system('staging'))
  return {
    name: 'staging',
    title: 'Arriving bodies',
    what: 'Kept in staging/ until they are whole; leftovers of a crash go at the next start.',
    state: files > 0 ? 'running' : 'idle',
    figures: [counted('files', files, ['file', 'files'])],
    mayStartByHand: false,
  }
}

/** A number at which counting ended may be larger. */
const counted = (name: string, value: number, noun: Figure['noun']): Figure => ({
  name,
  value,
  unit: 'count',
  noun,
  isAtLeast: value >= countedMax,
})

async function countFiles(path: string): Promise<number> {
  let count = 0
  try {
    for await (const entry of await fs.opendir(path, { recursive: true })) {
      if (entry.isFile() && (await isStaged(join(entry.parentPath, entry.name))) && ++count >= countedMax) break
    }
  } catch (error) {
    // A start removes the folder of a process that is no more.
    if (!hasCode(error, 'ENOENT')) throw error
  }
  return count
}

/** Not a spare, nor gone since it was listed. */
async function isStaged(path: string): Promise<boolean> {
  try {
    return !isSpare(await fs.lstat(path))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}
