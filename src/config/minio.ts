/**
 * MinIO's environment and command line as settings, so that this image can replace MinIO's. Variables and flags without
 * a counterpart are reported at start.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'dotenv'
import {
  flagsWithoutCounterpart,
  type MinioRow,
  minioDefaults,
  minioFlags,
  minioFolder,
  minioSecrets,
  minioSwitches,
  minioVariables,
  type Settings,
} from './minio-rows.ts'

const configFile = 'MINIO_CONFIG_ENV_FILE'
const secretsFolder = '/run/secrets'

/** Settings as they are gathered, later ones replacing earlier ones. */
export interface Gathered {
  readonly given: Record<string, string>
  /** The name that the user wrote for a setting, if it is another one. */
  readonly origins: Map<string, string>
  readonly mistakes: string[]
  /** One sentence for each given value without effect. */
  readonly notes: string[]
}

export function gatherMinioVariables(env: Settings, gathered: Gathered): void {
  const { mistakes, notes } = gathered
  const found: Record<string, string> = { ...env, ...parse(readNamedFile(configFile, env, mistakes) ?? '') }
  const known = new Set([...Object.keys(minioVariables), configFile])
  for (const name of minioSecrets) {
    const secret = readNamedFile(`${name}_FILE`, found, mistakes)
    if (secret !== undefined) found[name] ??= secret
    known.add(`${name}_FILE`)
  }
  for (const [name, row] of Object.entries(minioVariables)) {
    const value = found[name]
    if (value !== undefined) take(name, value, row, gathered)
  }
  const others = Object.keys(found).filter((name) => name.startsWith('MINIO_') && !known.has(name))
  notes.push(...others.sort().map(noEffect))
}

/**
 * `argv` comes after the word `server`. Returns the flags that are not MinIO's. `switches` are flags without a value.
 */
export function gatherMinioCommand(argv: readonly string[], switches: readonly string[], gathered: Gathered): string[] {
  const { given, notes } = gathered
  for (const [name, value] of Object.entries(minioDefaults)) given[name] ??= value
  const folders: string[] = []
  const rest: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? ''
    const [, flag, inline] = /^(-[^=]+)(?:=(.*))?$/s.exec(argument) ?? []
    if (flag === undefined) {
      folders.push(argument)
      continue
    }
    // MinIO accepts one dash instead of two.
    const name = flag.replace(/^-(?=[a-z])/, '--')
    const row = minioFlags[name]
    const standsAlone = inline !== undefined || name in minioSwitches || switches.includes(name.slice(2))
    if (row !== undefined) take(name, inline ?? argv[at + 1] ?? '', row, gathered)
    else if (name in minioSwitches) Object.assign(given, minioSwitches[name])
    else if (flagsWithoutCounterpart.includes(name)) notes.push(noEffect(name))
    else rest.push(...argv.slice(at, at + (standsAlone ? 1 : 2)))
    if (!standsAlone) at++
  }
  if (folders.length > 0) take('server', folders.join(' '), minioFolder, gathered)
  return rest
}

const noEffect = (name: string): string => `${name} has no effect: MyFSIO has no such setting.`

function take(name: string, value: string, { allowed, read }: MinioRow, gathered: Gathered): void {
  const settings = value === '' ? undefined : read(value)
  if (settings === undefined) gathered.mistakes.push(`${name} cannot be "${value}": it must be ${allowed}.`)
  for (const [setting, text] of Object.entries(settings ?? {})) {
    gathered.given[setting] = text
    gathered.origins.set(setting, name)
  }
}

/** Reads the file that a variable names: by its path, or by its name among the secrets of the container. */
function readNamedFile(variable: string, env: Settings, mistakes: string[]): string | undefined {
  const file = env[variable]
  if (file === undefined) return undefined
  for (const path of [file, join(secretsFolder, file)]) {
    try {
      return readFileSync(path, 'utf8').trim()
    } catch {
      // The next path is tried. If that fails too, it is a mistake.
    }
  }
  mistakes.push(`${variable}: the file ${file} cannot be read, neither as a path nor in ${secretsFolder}.`)
  return undefined
}
