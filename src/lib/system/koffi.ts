/**
 * The native module of koffi for this platform, without the package around it: its 2 MB are sources for platforms
 * without a module. Both have the same version in package.json: koffi has the types.
 */
import { createRequire } from 'node:module'
import { getSystemErrorName } from 'node:util'

const require = createRequire(import.meta.url)

type Koffi = typeof import('koffi')

export interface CLibrary {
  readonly func: ReturnType<Koffi['load']>['func']
  /** The error of the last failed call that did not run in a thread. */
  lastError(): string
}

/** Throws an error where there is no module for this platform. */
export function loadCLibrary(): CLibrary {
  const koffi: Koffi = require(`@koromix/koffi-${process.platform}-${process.arch}`)
  const library = koffi.load(null)
  return { func: library.func.bind(library), lastError: () => getSystemErrorName(-koffi.errno()) }
}
