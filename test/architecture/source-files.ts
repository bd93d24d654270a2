/** The files of src/. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

export const source = join(import.meta.dirname, '../../src')

export function* files(folder: string): Iterable<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) yield* files(join(folder, entry.name))
    else if (entry.name.endsWith('.ts')) yield join(folder, entry.name)
  }
}
