/**
 * Checks an LMDB file in a process of its own. If the file is truncated or damaged, LMDB may read outside of it, and
 * the system ends the process (SIGBUS, SIGSEGV), or it may loop forever.
 */
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import { programFile } from '#lib/program/program-file.ts'
import { dataFile, pagesNeeded, readMeta } from './meta.ts'
import { machineOf } from './processes/machine.ts'
import { findOutdated } from './restore.ts'

const silenceMaxMs = 20_000

/** The problem of the index in this folder; undefined if it has none, or does not exist. */
export function findDamage(folder: string): Promise<string | undefined> {
  if (!fs.existsSync(dataFile(folder))) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    let isSilent = false
    const child = execFile(process.execPath, [programFile('read-index'), folder], (error, _, stderr) => {
      clearTimeout(watchdog)
      if (error === null) resolve(undefined)
      else if (isSilent) resolve('reading it does not end')
      else if (child.signalCode !== null) resolve(`reading it was ended by ${child.signalCode}`)
      else resolve(/Error: (.*)/.exec(stderr)?.[1] ?? 'it cannot be opened')
    })
    const giveUp = () => {
      isSilent = true
      child.kill('SIGKILL')
    }
    let watchdog = setTimeout(giveUp, silenceMaxMs)
    child.stdout?.on('data', () => {
      clearTimeout(watchdog)
      watchdog = setTimeout(giveUp, silenceMaxMs)
    })
  })
}

/**
 * Whether the file is too short for its pages, or not LMDB's, so that it must be checked before it is opened. Takes no
 * time. After a power loss, or in a copy, only the pages of the last checkpoint count, since a start returns to it
 * (restore.ts).
 */
export function isSuspect(folder: string): boolean {
  const path = dataFile(folder)
  const sizeBytes = fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (sizeBytes === 0) return false
  const file = fs.openSync(path, 'r')
  try {
    return pagesNeeded(findOutdated(folder, () => machineOf(folder))?.meta ?? readMeta(file)) > sizeBytes
  } catch {
    return true
  } finally {
    fs.closeSync(file)
  }
}
