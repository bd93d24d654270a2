/**
 * The native module of koffi for this platform, without the package around it, whose 2 MB are sources for platforms
 * that have none. The versions of both are the same in package.json: koffi has the types.
 */
import { createRequire } from 'node:module'
import { getSystemErrorName } from 'node:util'

const require = createRequire(import.meta.url)

type Koffi = typeof import('koffi')

export interface CLibrary {
  readonly func: ReturnType<Koffi['load']>['func']
  /** The error of the last call that failed, and was not in a thread. */
  lastError(): string
}

/** Throws an error where there is no module for this platform. */
export function loadCLibrary(): CLibrary {
  const koffi: Koffi = require(`@koromix/koffi-${process.platform}-${process.arch}`)
  const library = koffi.load(null)
  return { func: library.func.bind(library), lastError: () => getSystemErrorName(-koffi.errno()) }
}
