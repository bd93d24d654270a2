/**
 * Locks that end with their process, whatever its id and namespace: flock(2), which Node does not offer, through koffi.
 * A lock belongs to the open file: a second descriptor of the same process is refused like any other.
 */
import { loadCLibrary } from '#lib/system/koffi.ts'

const shared = 1
const exclusive = 2
const withoutWaiting = 4
/** The operation of lockf(3). */
const testAndLock = 2

/** `unsupported`: the platform or the file system has no such locks, so that nothing is known. */
export type LockResult = 'locked' | 'held' | 'unsupported'

/** Locks the open file or folder, until it is closed. `held`: another descriptor has the lock. */
export function tryToLock(fd: number): LockResult {
  const call = load()
  if (call === undefined) return 'unsupported'
  return resultOf(call, call.flock(fd, exclusive | withoutWaiting))
}

/** Like `tryToLock`, but shared; waits for an exclusive lock. */
export function shareLock(fd: number): LockResult {
  const call = load()
  if (call === undefined) return 'unsupported'
  for (;;) {
    const result = call.flock(fd, shared)
    if (result === 0 || call.lastError() !== 'EINTR') return resultOf(call, result)
  }
}

/** The kind of lock that LMDB uses (lockf(3)): this process has it until it closes any descriptor of the file. */
export function tryToLockFirstByte(fd: number): LockResult {
  const call = load()
  return call === undefined ? 'unsupported' : resultOf(call, call.lockf(fd, testAndLock, 1))
}

function resultOf(call: Flock, result: number): LockResult {
  if (result === 0) return 'locked'
  return ['EWOULDBLOCK', 'EAGAIN', 'EACCES'].includes(call.lastError()) ? 'held' : 'unsupported'
}

interface Flock {
  flock(fd: number, operation: number): number
  lockf(fd: number, operation: number, bytes: number): number
  lastError(): string
}

let loaded: { readonly call: Flock | undefined } | undefined

function load(): Flock | undefined {
  loaded ??= { call: find() }
  return loaded.call
}

function find(): Flock | undefined {
  if (process.platform === 'win32') return undefined
  try {
    const library = loadCLibrary()
    const flock = library.func('int flock(int, int)')
    const lockf = library.func('int lockf(int, int, long)')
    return { flock, lockf, lastError: library.lastError }
  } catch {
    // koffi has no binary for this processor, or the C library lacks this call.
    return undefined
  }
}
