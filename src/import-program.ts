import { constants, Script } from 'node:vm'

/**
 * Imports the program in Node's main context. Jest runs tests in other contexts: there `import()` needs a flag of Node,
 * and `instanceof Error` is false for the errors of Node's modules.
 */
export function importProgram(url: string): Promise<typeof import('./embed.ts')> {
  if (new Script('globalThis').runInThisContext() === globalThis) return import(url)
  const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
  return new Script(`import(${JSON.stringify(url)})`, { importModuleDynamically }).runInThisContext()
}
