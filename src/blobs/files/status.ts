/** Background work of the plain-file store: files that move to their places, and files that wait for it. */
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
/** A file that waits longer is stuck. */
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
    what: 'Written to the index already, so that nothing is lost. Their files follow within two seconds.',
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
    what: 'Kept in staging/ until they are complete. The next start removes leftovers of a crash.',
    state: files > 0 ? 'running' : 'idle',
    figures: [counted('files', files, ['file', 'files'])],
    mayStartByHand: false,
  }
}

/** A figure that is marked as a minimum if counting stopped at the limit. */
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
    // The folder of a process that has ended was removed by a start.
    if (!hasCode(error, 'ENOENT')) throw error
  }
  return count
}

/** False for a spare, and for a file that no longer exists. */
async function isStaged(path: string): Promise<boolean> {
  try {
    return !isSpare(await fs.lstat(path))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}
