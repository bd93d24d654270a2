import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isSpare } from '#blobs/files/staging/spares.ts'

/** Names of the files that any process has staged below a STORAGE_ROOT. A spare file belongs to no process. */
export function stagedFiles(root: string): string[] {
  return readdirSync(join(root, '.myfsio.sys', 'staging'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .filter((entry) => !isSpareThere(join(entry.parentPath, entry.name)))
    .map(({ name }) => name)
}

function isSpareThere(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined || isSpare(stats)
}
