/** A symbolic link that leads out of a bucket is never followed: what is behind it is not in the bucket. */
import fs from 'node:fs'
import { dirname, sep } from 'node:path'

const keptMs = 1000
const keptFolders = 1000

/** Whether the folder of `path`, or as much of it as exists, really is inside `root`. */
export function isInside(root: string, path: string): boolean {
  try {
    let folder = dirname(path)
    while (folder.length > root.length && !fs.existsSync(folder)) folder = dirname(folder)
    const realRoot = fs.realpathSync(root)
    const realFolder = fs.realpathSync(folder)
    return realFolder === realRoot || realFolder.startsWith(realRoot + sep)
  } catch {
    return false
  }
}

/** isInside for many files: what was found of a folder holds for a second. */
export class InsideCheck {
  readonly #safeUntilMs = new Map<string, number>()

  isInside(root: string, path: string): boolean {
    const folder = dirname(path)
    if (folder === root) return true
    const now = Date.now()
    if ((this.#safeUntilMs.get(folder) ?? 0) > now) return true
    if (!isInside(root, path)) return false
    if (this.#safeUntilMs.size >= keptFolders) this.#safeUntilMs.clear()
    this.#safeUntilMs.set(folder, now + keptMs)
    return true
  }
}
