/**
 * Who has the index open: each process holds a shared lock on a file beside it. The system lets go of it when the process ends,
 * whatever its end, and whatever container it is in.
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { libc } from '#lib/libc.ts'

const triesMax = 3

const openUsers = (folder: string): number =>
  fs.openSync(join(folder, 'users'), fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644)

/** Before LMDB is opened; waits for one who has it alone. Close it after LMDB. Undefined where there are no locks. */
export function joinUsers(folder: string): number | undefined {
  if (!libc.canLockFiles()) return undefined
  const fd = openUsers(folder)
  // Where there are no such locks on this file system nobody gets it alone either. A signal may interrupt the waiting.
  for (let tries = 0; tries < triesMax && !libc.lockFile(fd, 'shared', true); ) tries++
  return fd
}

/** Keeps all others out, until the descriptor is closed; undefined if another has the index open, in this process or any other. */
export function lockAlone(folder: string): number | undefined {
  if (!libc.canLockFiles()) return undefined
  const fd = openUsers(folder)
  if (libc.lockFile(fd, 'alone', false)) return fd
  fs.closeSync(fd)
  return undefined
}

/**
 * The lock that every process with LMDB open has on its lock file, taken alone: an older program knows of no other. To close any
 * descriptor of that file lets go of it, also of one that LMDB holds in this very process: so LMDB must not be open here.
 */
export function lockLmdbAlone(folder: string): number | undefined {
  if (isOpenHere(join(folder, 'data.mdb'))) return undefined
  const fd = fs.openSync(join(folder, 'lock.mdb'), fs.constants.O_RDWR | fs.constants.O_CREAT, 0o664)
  if (libc.lockFirstByte(fd)) return fd
  fs.closeSync(fd)
  return undefined
}

function isOpenHere(path: string): boolean {
  const real = fs.realpathSync(path)
  return fs.readdirSync('/proc/self/fd').some((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`) === real
    } catch {
      return false
    }
  })
}
