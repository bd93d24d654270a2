/**
 * Whether the server may change names in a folder. Asked before a commit that takes a file from its place, or puts another there: what
 * cannot be done is refused while nothing has been changed.
 */
import fs from 'node:fs'
import { dirname } from 'node:path'
import { lstatSafely } from '#blobs/files/io/file-operations.ts'
import { hasCode } from '#lib/system/error-code.ts'

const keptMs = 1000
const keptFolders = 1000

/** False if there is a file at `path`, or may be one, that the server can neither remove nor replace. */
export function mayReplaceFile(path: string): boolean {
  return isOpen(dirname(path)) || !mayBeThere(path)
}

/** Whether names in it may be changed. One that is not there is in nobody's way. */
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

/** mayReplaceFile for many files, most of which are new: what was found of a folder holds for a second. */
export class FolderAccess {
  readonly #openUntilMs = new Map<string, number>()

  mayReplaceFile(path: string): boolean {
    const folder = dirname(path)
    const now = Date.now()
    if ((this.#openUntilMs.get(folder) ?? 0) > now) return true
    // Where one file can be new, another may be there that cannot be replaced.
    if (!isOpen(folder)) return mayReplaceFile(path)
    if (this.#openUntilMs.size >= keptFolders) this.#openUntilMs.clear()
    this.#openUntilMs.set(folder, now + keptMs)
    return true
  }
}
