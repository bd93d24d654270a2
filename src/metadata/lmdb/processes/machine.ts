import fs from 'node:fs'
import { bootId } from '#lib/system/boot-id.ts'
import { dataFile } from '#metadata/lmdb/meta.ts'

/**
 * Stays the same as long as LMDB's file holds all that any process has written to it: the start of this machine, since the
 * system's memory of a file survives every process, and the file itself, of which a copy may not have reached the disk.
 */
export function machineOf(folder: string): string {
  const file = fs.statSync(dataFile(folder), { throwIfNoEntry: false })
  return `${bootId()}:${file?.dev}:${file?.ino}`
}
