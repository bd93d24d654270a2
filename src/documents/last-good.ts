/** The last valid state of a document, in a file beside it, for a process that starts while the document is invalid. */
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

export const lastGoodPath = (path: string): string => `${path}.last-good`

export function readLastGood(path: string): string | undefined {
  try {
    return readFileSync(lastGoodPath(path), 'utf8')
  } catch {
    return undefined
  }
}

/** It may hold secrets, and any process may write it. If the folder cannot be written, there is none. */
export function keepLastGood(path: string, text: string): void {
  if (readLastGood(path) === text) return
  const temporary = `${lastGoodPath(path)}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, text, { mode: 0o600 })
    renameSync(temporary, lastGoodPath(path))
  } catch {
    // Only a copy: the document itself is written.
  }
}

/** Puts it back if the document is missing: an editor may have moved it aside. False: there is none. */
export function restoreLastGood(path: string): boolean {
  if (!existsSync(lastGoodPath(path))) return false
  const temporary = `${path}.${process.pid}.tmp`
  copyFileSync(lastGoodPath(path), temporary)
  renameSync(temporary, path)
  return true
}
