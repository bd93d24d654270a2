import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Names of the files that any process has staged below a STORAGE_ROOT. */
export function stagedFiles(root: string): string[] {
  return readdirSync(join(root, '.myfsio.sys', 'staging'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
}
