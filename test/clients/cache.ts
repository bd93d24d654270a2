/**
 * Clients that are installed for their test alone, from the registries of their languages, into a folder of the user's
 * cache.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { cp, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const installTimeoutMs = 20 * 60_000

// The only tests that read the environment: where this user keeps what can be fetched again.
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'myfsio', 'clients')

/** The sources beside this file. */
const here = fileURLToPath(new URL('.', import.meta.url))

export interface Installation {
  /** Such as `minio-go-7.4.1`: the name of the folder, which changes with the version. */
  readonly name: string
  /** Programs that the machine must have; without them the client is skipped. */
  readonly needs: string
  /** The source that is built, in a folder beside this file: it is built again when it has changed. */
  readonly source?: string
  install(folder: string): Promise<void>
}

/**
 * The folder, or undefined if it is not installed and `mayInstall` is false, or cannot be installed: the reason is
 * printed.
 */
export async function findInstalled({ name, needs, source, install }: Installation, mayInstall: boolean) {
  const folder = join(cache, source === undefined ? name : `${name}-${digestOf(join(here, source))}`)
  const complete = join(folder, 'complete')
  if (await exists(complete)) return folder
  if (!mayInstall) return undefined
  try {
    await run(needs, [needs === 'go' ? 'version' : '--version'])
  } catch {
    console.log(`  ${name} needs ${needs}, which is not on this machine`)
    return undefined
  }
  try {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    await install(folder)
    await writeFile(complete, '')
    return folder
  } catch (error) {
    console.log(`  ${name} cannot be installed: ${error instanceof Error ? error.message.slice(-500) : String(error)}`)
    return undefined
  }
}

/** A Python environment with these packages; its interpreter is `bin/python`. */
export function pythonPackages(name: string, packages: readonly string[]): Installation {
  return {
    name,
    needs: 'python3',
    install: async (folder) => {
      await installing('python3', ['-m', 'venv', folder])
      await installing(join(folder, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...packages])
    },
  }
}

/** A program out of a Go module: `bin/<last part of the path>`. */
export function goProgram(name: string, packageAtVersion: string): Installation {
  return {
    name,
    needs: 'go',
    install: (folder) => installing('go', ['install', packageAtVersion], { GOBIN: join(folder, 'bin') }),
  }
}

/**
 * A module of ours out of a folder beside this file, against one version of another module. `build` are Go's parameters
 * that make
 * `client`.
 */
export function goSource(name: string, source: string, module: string, build: readonly string[]): Installation {
  return {
    name,
    needs: 'go',
    source,
    install: async (folder) => {
      await cp(join(here, source), folder, { recursive: true })
      const go = (...parameters: string[]) => installing('go', parameters, {}, folder)
      await go('mod', 'init', 'client')
      await go('get', module)
      await go('mod', 'tidy')
      await go(...build, '-o', 'client', '.')
    },
  }
}

/** A Maven project out of a folder beside this file, with its dependencies in `jars`. */
export function mavenProject(name: string, source: string): Installation {
  return {
    name,
    needs: 'mvn',
    source,
    install: async (folder) => {
      await cp(join(here, source), folder, { recursive: true })
      const jars = ['dependency:copy-dependencies', '-DoutputDirectory=jars']
      await installing('mvn', ['-q', '-B', 'compile', ...jars], {}, folder)
    },
  }
}

async function installing(
  program: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  cwd = cache,
): Promise<void> {
  const options = { cwd, env: { ...process.env, ...environment }, timeout: installTimeoutMs, maxBuffer: 2 ** 26 }
  await run(program, [...parameters], options)
}

function digestOf(folder: string): string {
  const hash = createHash('sha256')
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) hash.update(readFileSync(join(entry.parentPath, entry.name)))
  }
  return hash.digest('hex').slice(0, 8)
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
