/**
 * A call of Linux that Node does not offer, by way of koffi. The library is loaded when it is first needed: that takes a hundredth of
 * a second.
 */
import { createRequire } from 'node:module'
import { getSystemErrorName } from 'node:util'

const atWorkingFolder = -100
const renameExchange = 2

export const libc = {
  /**
   * Gives each of two names the file of the other, in one step (renameat2(2) with RENAME_EXCHANGE). Throws an error with the `code` of
   * the system; ENOSYS where there is no such call.
   */
  exchange(path: string, other: string): void {
    renameat2 ??= load()
    if (path.includes('\0') || other.includes('\0')) throw failure('EINVAL')
    if (renameat2.call(atWorkingFolder, path, atWorkingFolder, other, renameExchange) !== 0)
      throw failure(renameat2.error())
  },
}

interface LoadedCall {
  call(fromFolder: number, from: string, toFolder: number, to: string, flags: number): number
  /** Of the last call that failed. */
  error(): string
}

let renameat2: LoadedCall | undefined

const missing: LoadedCall = { call: () => -1, error: () => 'ENOSYS' }

function load(): LoadedCall {
  if (process.platform !== 'linux') return missing
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const call = koffi.load(null).func('int renameat2(int, const char *, int, const char *, unsigned int)')
    return { call, error: () => getSystemErrorName(-koffi.errno()) }
  } catch {
    // No program of koffi's for this processor, or a C library that does not have the call.
    return missing
  }
}

const failure = (code: string) => Object.assign(new Error(`renameat2: ${code}`), { code })
