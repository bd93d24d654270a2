import fs from 'node:fs'
import { bootId } from '#lib/system/boot-id.ts'
import { dataFile } from '#metadata/lmdb/meta.ts'

/**
 * A value that stays the same while LMDB's file contains all that any process has written to it. It names the start of
 * this machine, since the system's cache of a file survives every process, and the file itself, since a copy of it may
 * not be complete on disk.
 */
export function machineOf(folder: string): string {
  const file = fs.statSync(dataFile(folder), { throwIfNoEntry: false })
  return `${bootId()}:${file?.dev}:${file?.ino}`
}
