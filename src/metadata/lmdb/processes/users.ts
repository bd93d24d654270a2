/**
 * The processes that have the index open: each holds a shared lock on a file beside it. The system releases the lock
 * when the process ends, for any reason and in any container.
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { shareLock, tryToLock, tryToLockFirstByte } from '#lib/files/file-lock.ts'
import { privateFileMode } from '#lib/files/private-files.ts'

const openUsers = (folder: string): number =>
  fs.openSync(join(folder, 'users'), fs.constants.O_RDWR | fs.constants.O_CREAT, privateFileMode)

/**
 * Called before LMDB is opened; waits for a process with exclusive access. Close it after LMDB. Undefined if there are
 * no locks.
 */
export function joinUsers(folder: string): number | undefined {
  const fd = openUsers(folder)
  if (shareLock(fd) === 'locked') return fd
  // Then no process gets exclusive access either.
  fs.closeSync(fd)
  return undefined
}

/**
 * Excludes all others until the descriptor is closed; undefined if any process has the index open, including this one.
 */
export function lockAlone(folder: string): number | undefined {
  const fd = openUsers(folder)
  if (tryToLock(fd) === 'locked') return fd
  fs.closeSync(fd)
  return undefined
}

/**
 * Takes exclusively the lock that every process with LMDB open has on its lock file, since an older program knows no
 * other. Closing any descriptor of that file releases it, also for LMDB in this process. So LMDB must not be open here.
 */
export function lockLmdbAlone(folder: string): number | undefined {
  if (isOpenHere(join(folder, 'data.mdb'))) return undefined
  const fd = fs.openSync(join(folder, 'lock.mdb'), fs.constants.O_RDWR | fs.constants.O_CREAT, privateFileMode)
  if (tryToLockFirstByte(fd) === 'locked') return fd
  fs.closeSync(fd)
  return undefined
}

/** Whether any process has LMDB open, in any namespace; false if there are no locks to show it. */
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
