/** The commands and switches of the command line; the other flags are settings. */
import { type Name, names, secrets } from './rows.ts'

export const commands = ['check-config', 'show-config', 'reset-cred', 'version', 'help'] as const

/** Writes one line of JSON to standard output when the servers are ready; all other output goes to standard error. */
export const readyJson = 'ready-json'

/** Flags without a value. */
export const switches: readonly string[] = [...commands, readyJson]

/** Words that come first and have their own parameters. */
const words = ['documents', 'fsck', 'health', 'migrate', 'rotate-root-key', 'where'] as const
type Word = (typeof words)[number]

export type Command = (typeof commands)[number] | Word | 'start'

/** Reads no setting, so that --help works even with invalid settings. */
export function findCommand(argv: readonly string[]): Command {
  if (argv.includes('-h')) return 'help'
  const [word] = argv
  if (isWord(word) && !argv.includes('--help')) return word
  return commands.findLast((command) => argv.includes(`--${command}`)) ?? 'start'
}

const isWord = (word: string | undefined): word is Word => words.some((known) => known === word)

export function flagOf(name: Name): string {
  return `--${name.toLowerCase().replaceAll('_', '-')}`
}

/** Maps each flag to its setting. */
export function flags(): Map<string, string> {
  const named = names
    .filter((name) => !secrets.has(name))
    .map((name): [string, string] => [flagOf(name).slice(2), name])
  return new Map([...named, ['host', 'APP_HOST']])
}
