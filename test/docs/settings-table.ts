/** README's table of settings, from the rows that the program reads them by. */
import { describeFlags } from '#config/config.ts'
import { code, table } from './markdown.ts'

/** Defaults that depend on other settings, or on the machine. */
const computed: Readonly<Record<string, string>> = {
  WORKERS: '`2`, or `1` on one processor',
  RATE_LIMIT_DEFAULT: '`off` on loopback, else `1000 per second`',
}

export function settingsTable(): string {
  const rows = describeFlags().map(({ variable, means, fallback }) => [
    code(variable),
    computed[variable] ?? code(fallback),
    means.replaceAll('<', '&lt;'),
  ])
  return table(['Setting', 'Default', 'Meaning'], rows)
}
