/** The last state of a document that was valid, beside the document: a process that starts while a hand is at it takes that. */
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

export const lastGoodPath = (path: string): string => `${path}.last-good`

export function readLastGood(path: string): string | undefined {
  try {
    return readFileSync(lastGoodPath(path), 'utf8')
  } catch {
    return undefined
  }
}

/** It may hold secrets, and any process may write it. Where the folder cannot be written, there is none. */
export function keepLastGood(path: string, text: string): void {
  if (readLastGood(path) === text) return
  const temporary = `${lastGoodPath(path)}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, text, { mode: 0o600 })
    renameSync(temporary, lastGoodPath(path))
  } catch {
    // The document itself is what counts.
  }
}

/** In the place of a document that is gone, which an editor may have moved aside. False: there is none. */
export function restoreLastGood(path: string): boolean {
  if (!existsSync(lastGoodPath(path))) return false
  const temporary = `${path}.${process.pid}.tmp`
  copyFileSync(lastGoodPath(path), temporary)
  renameSync(temporary, path)
  return true
}
