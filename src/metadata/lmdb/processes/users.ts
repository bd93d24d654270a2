/**
 * Who has the index open: each process holds a shared lock on a file beside it. The system lets go of it when the process ends,
 * whatever its end, and whatever container it is in.
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { shareLock, tryToLock, tryToLockFirstByte } from '#lib/files/file-lock.ts'
import { privateFileMode } from '#lib/files/private-files.ts'

const openUsers = (folder: string): number =>
  fs.openSync(join(folder, 'users'), fs.constants.O_RDWR | fs.constants.O_CREAT, privateFileMode)

/** Before LMDB is opened; waits for one who has it alone. Close it after LMDB. Undefined where there are no locks. */
export function joinUsers(folder: string): number | undefined {
  const fd = openUsers(folder)
  if (shareLock(fd) === 'locked') return fd
  // Then no process gets exclusive access either.
  fs.closeSync(fd)
  return undefined
}

/** Keeps all others out, until the descriptor is closed; undefined if another has the index open, in this process or any other. */
export function lockAlone(folder: string): number | undefined {
  const fd = openUsers(folder)
  if (tryToLock(fd) === 'locked') return fd
  fs.closeSync(fd)
  return undefined
}

/**
 * The lock that every process with LMDB open has on its lock file, taken alone: an older program knows of no other. To close any
 * descriptor of that file lets go of it, also of one that LMDB holds in this very process: so LMDB must not be open here.
 */
export function lockLmdbAlone(folder: string): number | undefined {
  if (isOpenHere(join(folder, 'data.mdb'))) return undefined
  const fd = fs.openSync(join(folder, 'lock.mdb'), fs.constants.O_RDWR | fs.constants.O_CREAT, privateFileMode)
  if (tryToLockFirstByte(fd) === 'locked') return fd
  fs.closeSync(fd)
  return undefined
}

/** Whether any process has LMDB open, in whatever namespace; false where there are no locks that tell. */
export function isLmdbOpen(folder: string): boolean {
  if (fs.existsSync(ownFiles) && isOpenHere(join(folder, 'data.mdb'))) return true
  const path = join(folder, 'lock.mdb')
  if (!fs.existsSync(path)) return false
  const fd = fs.openSync(path, 'r+')
  try {
    return tryToLockFirstByte(fd) === 'held'
  } finally {
    fs.closeSync(fd)
  }
}

const ownFiles = '/proc/self/fd'

function isOpenHere(path: string): boolean {
  const real = fs.realpathSync(path)
  return fs.readdirSync(ownFiles).some((fd) => {
    try {
      return fs.readlinkSync(join(ownFiles, fd)) === real
    } catch {
      return false
    }
  })
}
