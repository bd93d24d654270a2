/**
 * Programs that run in a separate process or thread, as files for plain node. A build puts them beside the code that
 * starts them. From the sources they are bundled into a cache that is keyed by their content: children need no compiler
 * in memory, and a second start compiles nothing.
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
import { bundle } from './bundle.ts'
import { packageRoot } from './package-root.ts'

export const programs = {
  child: 'src/launcher/processes/child.ts',
  'lane-worker': 'src/lib/digest/lane-worker.ts',
  'spares-worker': 'src/blobs/files/staging/spares-worker.ts',
  'read-index': 'src/metadata/lmdb/read-index.ts',
} as const

const keptMs = 7 * 24 * 60 * 60 * 1000
let folderFromSources: string | undefined

export function programFile(name: keyof typeof programs): string {
  const built = join(import.meta.dirname, `${name}.js`)
  if (existsSync(built)) return built
  folderFromSources ??= bundleSources()
  return join(folderFromSources, `${name}.js`)
}

function bundleSources(): string {
  const cache = join(packageRoot, 'node_modules', '.cache', 'myfsio')
  try {
    mkdirSync(cache, { recursive: true })
    return bundleInto(cache)
  } catch (error) {
    if (!isUnwritable(error)) throw error
    return bundleAside()
  }
}

function bundleInto(cache: string): string {
  const folder = join(cache, contentKey())
  if (existsSync(folder)) return folder
  const draft = mkdtempSync(`${folder}-`)
  try {
    bundle(packageRoot, programs, draft)
    // Another start may have been faster; its result is the same.
    if (!existsSync(folder)) renameSync(draft, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  removeOld(cache)
  return folder
}

/** For a read-only package: a fresh private folder, since anyone may write into a known one. */
function bundleAside(): string {
  const folder = mkdtempSync(join(tmpdir(), 'myfsio-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'))
  bundle(packageRoot, programs, folder)
  return folder
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

/** Recent folders stay: a launcher that still runs starts its children from the one it found. */
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
