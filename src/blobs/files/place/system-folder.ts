import fs from 'node:fs'
import { DiskReserve } from '#lib/files/disk-reserve.ts'
import { closeFilesToOthers, makePrivateFolder } from '#lib/files/private-files.ts'
import type { Layout } from './layout.ts'

/** So much a process needs to start, and to end what was interrupted. */
const startBytes = 2 * 1024 * 1024
const startInodes = 16

/** Makes the folder of the index, with the room that a start needs. Also in one of an older release, whose folder was open to all. */
export function prepareSystemFolder(layout: Layout): DiskReserve {
  fs.mkdirSync(layout.root, { recursive: true })
  makePrivateFolder(layout.system())
  closeFilesToOthers(layout.system('config'))
  const reserve = new DiskReserve(layout.system('reserve'))
  // The lock file of LMDB is memory: where it finds no room, the process ends.
  reserve.ensureFree(startBytes, startInodes)
  fs.mkdirSync(layout.system('index'), { recursive: true })
  return reserve
}
