/** Where settings come from: flags and the file `.env`. Mistakes are collected, as sentences. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'dotenv'

type Given = Record<string, string>

export function readDotenv(cwd: string, mistakes: string[]): Given {
  try {
    return withoutEmpty(parse(readFileSync(join(cwd, '.env'))))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ENOENT') mistakes.push(`The file .env cannot be read: ${code ?? error}.`)
    return {}
  }
}

/** `NAME=` means not given, as in compose files. */
export function withoutEmpty(env: Readonly<Record<string, string | undefined>>): Given {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : [])))
}

/** `--flag value` and `--flag=value`. `names` maps a flag to its variable; `switches` stand alone. */
export function readFlags(
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
      mistakes.push(`${argument} is not known: --help lists what is.`)
      // The word after a flag is most likely its value, and no mistake of its own.
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
