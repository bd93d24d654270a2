/**
 * The file that children run under plain node: beside us in dist/, else bundled from the sources into a cache that is keyed by
 * their content. So children need no compiler in memory, and a second start compiles nothing.
 */
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from './package-root.ts'

const entry = { child: 'src/launcher/child.ts' }
const keptMs = 7 * 24 * 60 * 60 * 1000

export async function prepareChildProgram(): Promise<string> {
  const built = join(import.meta.dirname, 'child.js')
  if (existsSync(built)) return built
  const cache = join(packageRoot, 'node_modules', '.cache', 'myfsio')
  try {
    mkdirSync(cache, { recursive: true })
    return await bundleInto(cache)
  } catch (error) {
    if (!isUnwritable(error)) throw error
    return bundleAside()
  }
}

async function bundleInto(cache: string): Promise<string> {
  const folder = join(cache, contentKey())
  const program = join(folder, 'child.js')
  if (existsSync(program)) return program
  const draft = mkdtempSync(`${folder}-`)
  try {
    await bundleEntry(draft)
    // Another start may have been faster; its result is the same.
    if (!existsSync(program)) renameSync(draft, folder)
  } catch (error) {
    if (!existsSync(program)) throw error
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  removeOld(cache)
  return program
}

/** Where the package is read-only: a fresh private folder, since anyone may write into a known one. */
async function bundleAside(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'myfsio-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'))
  await bundleEntry(folder)
  return join(folder, 'child.js')
}

async function bundleEntry(folder: string): Promise<void> {
  const { bundle } = await import('./bundle.ts')
  await bundle(packageRoot, entry, folder)
}

function contentKey(): string {
  const hash = createHash('sha256')
  const files = readdirSync(join(packageRoot, 'src'), { recursive: true, encoding: 'utf8' })
  for (const file of files.filter((name) => name.endsWith('.ts')).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(packageRoot, 'src', file)))
  }
  return hash
    .update(readFileSync(join(packageRoot, 'package.json')))
    .digest('hex')
    .slice(0, 24)
}

/** Not at once: a launcher that still runs starts its children from what it found. */
function removeOld(cache: string): void {
  for (const name of readdirSync(cache)) {
    const folder = join(cache, name)
    const modified = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - modified > keptMs) rmSync(folder, { recursive: true, force: true })
  }
}

function isUnwritable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['EACCES', 'EROFS', 'EPERM'].includes(String(error.code))
}
