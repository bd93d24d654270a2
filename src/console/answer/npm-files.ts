/**
 * Files of npm packages that browsers fetch. A build copies them beside the program; in a checkout the packages are
 * installed.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

export const npmFiles: Readonly<Record<string, string>> = {
  'highlight.js': '@highlightjs/cdn-assets/es/highlight.min.js',
  'pdf.mjs': 'pdfjs-dist/build/pdf.min.mjs',
  'pdf.worker.mjs': 'pdfjs-dist/build/pdf.worker.min.mjs',
}

/** Where a build puts the copies, from the folder of the program. */
export const npmFilesFolder = 'browser'

export function findNpmFile(packageRoot: string, name: string): string | undefined {
  const source = npmFiles[name]
  if (source === undefined) return undefined
  const copy = join(import.meta.dirname, npmFilesFolder, name)
  return existsSync(copy) ? copy : createRequire(join(packageRoot, 'package.json')).resolve(source)
}
