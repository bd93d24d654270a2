/** The package for `require`. The program is made of ES modules that wait at their top, which `require` refuses: it is imported. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { constants, Script } from 'node:vm'
import type { MyFSIO, MyFSIOOptions } from './embed-types.ts'

declare const __dirname: string

const program = pathToFileURL(join(__dirname, 'embed.js')).href
const loading: Promise<typeof import('./embed.ts')> = import(program).catch(importFromOutside)
// Calls of startMyFSIO get the failure.
loading.catch(() => undefined)

/** Jest runs tests in contexts without `import()`, unless a flag of Node is given: Node's own context has it. */
function importFromOutside(error: Error & { code?: string }): Promise<typeof import('./embed.ts')> {
  if (error.code !== 'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG') throw error
  const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
  return new Script(`import(${JSON.stringify(program)})`, { importModuleDynamically }).runInThisContext()
}

export async function startMyFSIO(options?: MyFSIOOptions): Promise<MyFSIO> {
  const embed = await loading
  return embed.startMyFSIO(options)
}
