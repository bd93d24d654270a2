import { flagOf } from './commands.ts'
import type { AppConfig } from './config.ts'
import { names, rows, secrets } from './rows.ts'

/** The settings in force for --show-config, secrets masked. */
export function describeConfig(config: AppConfig): [name: string, value: string][] {
  return names.map((name) => {
    const value = config.given[name] ?? rows[name].fallback ?? ''
    return [name, secrets.has(name) && value !== '' ? '********' : value]
  })
}

/** The lines of --help. */
export function describeFlags(): { flag: string; variable: string; means: string; fallback: string }[] {
  return names.map((name) => ({
    flag: secrets.has(name) ? '' : flagOf(name),
    variable: name,
    means: rows[name].means,
    fallback: rows[name].fallback ?? '',
  }))
}
