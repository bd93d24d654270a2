import { watchFiles } from './faults/file-calls.ts'

/**
 * How many times files below `root` are synced while `work` runs: each wait for a flush of the index is one of them.
 */
export async function countSyncs(root: string, work: () => Promise<unknown>): Promise<number> {
  let count = 0
  const stop = await watchFiles(root, {
    before: ({ operation }) => {
      if (operation === 'fdatasync') count++
      return undefined
    },
  })
  try {
    await work()
  } finally {
    stop()
  }
  return count
}
