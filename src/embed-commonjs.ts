/**
 * The package for `require`. The program consists of ES modules with top-level await, which `require` refuses, so it is
 * imported.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { MyFSIO, MyFSIOOptions } from './embed-types.ts'
import { importProgram } from './import-program.ts'

declare const __dirname: string

const loading = importProgram(pathToFileURL(join(__dirname, 'embed.js')).href)
// Calls of startMyFSIO throw the failure.
loading.catch(() => undefined)

export async function startMyFSIO(options?: MyFSIOOptions): Promise<MyFSIO> {
  const embed = await loading
  return embed.startMyFSIO(options)
}
