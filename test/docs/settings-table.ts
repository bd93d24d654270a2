/** README's table of settings, from the rows that the program reads them by. */
import { names, rows } from '#config/rows.ts'
import { code, table } from './markdown.ts'

/** Defaults that depend on other settings, or on the machine. */
const computed: Readonly<Record<string, string>> = {
  WORKERS: '`2`, or `1` on one processor',
  RATE_LIMIT_DEFAULT: '`off` on loopback, else `1000 per second`',
}

export function settingsTable(): string {
  const cells = names.map((name) => {
    const { fallback, allowed, means } = rows[name]
    return [code(name), computed[name] ?? code(fallback ?? ''), allowed, means.replaceAll('<', '&lt;')]
  })
  return table(['Setting', 'Default', 'Value', 'Meaning'], cells)
}
