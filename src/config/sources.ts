/** Gathers settings from the file `.env`, the environment and flags. Mistakes are collected, as sentences. */
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse } from 'dotenv'
import { type Gathered, gatherMinioCommand, gatherMinioVariables } from './minio.ts'

type Given = Record<string, string>

interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Maps each flag to its setting. */
  readonly flags: ReadonlyMap<string, string>
  /** Flags without a value. */
  readonly switches: readonly string[]
}

export function gatherSettings(argv: readonly string[], { env, cwd, flags, switches }: Sources): Gathered {
  const gathered: Gathered = { given: {}, origins: new Map(), mistakes: [], notes: [] }
  const variables = { ...readDotenv(cwd, gathered.mistakes), ...withoutEmpty(env) }
  gatherMinioVariables(variables, gathered)
  replace(gathered, variables)
  // MinIO's image is started with or without the name of its program.
  const [word, ...others] = argv[0] === 'minio' ? argv.slice(1) : argv
  const own = word === 'server' ? gatherMinioCommand(others, switches, gathered) : argv
  replace(gathered, readFlags(own, flags, switches, gathered.mistakes))
  return gathered
}

function replace({ given, origins }: Gathered, later: Given): void {
  for (const name of Object.keys(later)) origins.delete(name)
  Object.assign(given, later)
}

function readDotenv(cwd: string, mistakes: string[]): Given {
  const path = join(cwd, '.env')
  return existsSync(path) ? readSettingsFile(path, mistakes) : {}
}

export function readSettingsFile(path: string, mistakes: string[]): Given {
  try {
    return withoutEmpty(parse(readFileSync(path)))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    mistakes.push(`The file ${basename(path)} cannot be read: ${code ?? error}.`)
    return {}
  }
}

/** `NAME=` counts as not given, as in compose files. */
function withoutEmpty(env: Readonly<Record<string, string | undefined>>): Given {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : [])))
}

/** `--flag value` and `--flag=value`. `names` maps a flag to its variable; `switches` have no value. */
function readFlags(
  argv: readonly string[],
  names: ReadonlyMap<string, string>,
  switches: readonly string[],
  mistakes: string[],
): Given {
  const given: Given = {}
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? ''
    const [, flag = '', inline] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? []
    if (switches.includes(flag) && inline === undefined) continue
    const name = names.get(flag)
    if (name === undefined) {
      mistakes.push(`${argument} is not known: --help lists all flags.`)
      // The word after an unknown flag is most likely its value, not another mistake.
      if (flag !== '' && inline === undefined && argv[at + 1]?.startsWith('-') === false) at++
      continue
    }
    const next = argv[at + 1]
    const value = inline ?? (next?.startsWith('--') ? undefined : next)
    if (value === undefined || value === '') mistakes.push(`--${flag} needs a value.`)
    else given[name] = value
    if (inline === undefined && value !== undefined) at++
  }
  return given
}
