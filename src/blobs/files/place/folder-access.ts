/**
 * Whether the server may change names in a folder. Checked before a commit that moves, replaces or removes a file, so
 * that an impossible change is refused before anything is changed.
 */
import fs from 'node:fs'
import { dirname } from 'node:path'
import { lstatSafely } from '#blobs/files/io/file-operations.ts'
import { hasCode } from '#lib/system/error-code.ts'

const keptMs = 1000
const keptFolders = 1000

/** False if `path` has, or may have, a file that the server can neither remove nor replace. */
export function mayReplaceFile(path: string): boolean {
  return isOpen(dirname(path)) || !mayBeThere(path)
}

/** Whether names in the folder may be changed. True if the folder does not exist. */
function isOpen(folder: string): boolean {
  try {
    fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK)
    return true
  } catch (error) {
    return hasCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL')
  }
}

function mayBeThere(path: string): boolean {
  try {
    return lstatSafely(path) !== undefined
  } catch {
    return true
  }
}

/** Like mayReplaceFile, for many files that are mostly new: the result for a folder is kept for a second. */
export class FolderAccess {
  readonly #openUntilMs = new Map<string, number>()

  mayReplaceFile(path: string): boolean {
    const folder = dirname(path)
    const now = performance.now()
    if ((this.#openUntilMs.get(folder) ?? 0) > now) return true
    // Only the result `true` is kept: in a folder that is not writable it depends on the file.
    if (!isOpen(folder)) return mayReplaceFile(path)
    if (this.#openUntilMs.size >= keptFolders) this.#openUntilMs.clear()
    this.#openUntilMs.set(folder, now + keptMs)
    return true
  }
}
