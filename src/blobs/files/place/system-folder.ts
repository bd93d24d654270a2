import fs from 'node:fs'
import { DiskReserve } from '#lib/files/disk-reserve.ts'
import { closeFilesToOthers, makePrivateFolder } from '#lib/files/private-files.ts'
import type { Layout } from './layout.ts'

/** The room that a process needs to start and to finish interrupted writes. */
const startBytes = 2 * 1024 * 1024
const startInodes = 16

/**
 * Creates the index folder, and ensures the room that a start needs. Restricts the folder of an older release, which
 * all users could read.
 */
export function prepareSystemFolder(layout: Layout): DiskReserve {
  fs.mkdirSync(layout.root, { recursive: true })
  makePrivateFolder(layout.system())
  closeFilesToOthers(layout.system('config'))
  const reserve = new DiskReserve(layout.system('reserve'))
  // LMDB maps its lock file into memory: without room on the disk, writing to it ends the process.
  reserve.ensureFree(startBytes, startInodes)
  fs.mkdirSync(layout.system('index'), { recursive: true })
  return reserve
}
