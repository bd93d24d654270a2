/** The last valid state of a document in a second file, for processes that start while the document is invalid. */
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

export const lastGoodPath = (path: string): string => `${path}.last-good`

export function readLastGood(path: string): string | undefined {
  try {
    return readFileSync(lastGoodPath(path), 'utf8')
  } catch {
    return undefined
  }
}

/** The text may contain secrets. Any process may write the file. There is none if the folder is not writable. */
export function keepLastGood(path: string, text: string): void {
  if (readLastGood(path) === text) return
  const temporary = `${lastGoodPath(path)}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, text, { mode: 0o600 })
    renameSync(temporary, lastGoodPath(path))
  } catch {
    // Ignored: this is only a copy, and the document itself was written.
  }
}

/** Restores a missing document: an editor may have moved it. Returns false if there is no copy. */
export function restoreLastGood(path: string): boolean {
  if (!existsSync(lastGoodPath(path))) return false
  const temporary = `${path}.${process.pid}.tmp`
  copyFileSync(lastGoodPath(path), temporary)
  renameSync(temporary, path)
  return true
}
