import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Creates a folder and its missing parents. Unlike the option `recursive` of mkdir before Node 26, it also returns on
 * file systems such as /proc, where no folder can be created: use it for paths that users give. `mode`: of new folders.
 */
export function makeFolder(path: string, mode = 0o777): void {
  const parent = dirname(path)
  if (parent !== path && statSync(parent, { throwIfNoEntry: false }) === undefined) makeFolder(parent, mode)
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
}
