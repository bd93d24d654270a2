/**
 * Locks that end with the process that holds them, whatever its id and its namespace (flock(2), which Node does not offer, by way of
 * koffi). A lock belongs to the open file: a second descriptor of the same process is refused like any other.
 */
import { createRequire } from 'node:module'
import { getSystemErrorName } from 'node:util'

const require = createRequire(import.meta.url)

const exclusive = 2
const withoutWaiting = 4

/** `unsupported`: neither the platform nor the file system has such locks, so that nothing can be said. */
export type LockResult = 'locked' | 'held' | 'unsupported'

/** Locks the open file or folder, until it is closed. `held`: another descriptor has the lock. */
export function tryToLock(fd: number): LockResult {
  const call = load()
  if (call === undefined) return 'unsupported'
  if (call.flock(fd, exclusive | withoutWaiting) === 0) return 'locked'
  return ['EWOULDBLOCK', 'EAGAIN'].includes(call.lastError()) ? 'held' : 'unsupported'
}

interface Flock {
  flock(fd: number, operation: number): number
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
    const koffi = require('koffi') as typeof import('koffi')
    const flock = koffi.load(null).func('int flock(int, int)')
    return { flock, lastError: () => getSystemErrorName(-koffi.errno()) }
  } catch {
    // No program of koffi's for this processor, or a C library without this call.
    return undefined
  }
}
