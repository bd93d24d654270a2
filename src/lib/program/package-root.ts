/** The folder of package.json, for the sources and for dist/. It contains views/ and public/. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const packageRoot = findRoot(import.meta.dirname)
/** How this program is started: from a package or an image, or from a checkout. */
export const ownCommand = import.meta.dirname === join(packageRoot, 'dist') ? 'myfsio' : 'npx tsx run.ts'
export const version = manifestIn(packageRoot)?.version ?? ''

function findRoot(folder: string): string {
  if (manifestIn(folder)?.name === 'myfsio') return folder
  const parent = dirname(folder)
  if (parent === folder) throw new Error(`There is no package.json above ${import.meta.dirname}`)
  return findRoot(parent)
}

function manifestIn(folder: string): { name?: string; version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  } catch {
    return undefined
  }
}
