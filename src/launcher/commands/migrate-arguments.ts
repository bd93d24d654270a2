/** The words of `myfsio migrate`. */

import { StartError } from '#launcher/protocol.ts'
import { type Omission, omissions } from '#migrate/import/context.ts'
import { parseSourceAddress, type SourceAddress } from '#migrate/source/source-address.ts'

export const isImport = (argv: readonly string[]): boolean => argv.some((one) => /^--from(=|$)/.test(one))

export interface ImportArguments {
  readonly address: SourceAddress
  readonly into: string | undefined
  readonly without: ReadonlySet<Omission>
  readonly isDry: boolean
  readonly atOnceMax: number
  /** The flags of settings. */
  readonly rest: readonly string[]
}

/** StartError. */
export function parseImportArguments(argv: readonly string[]): ImportArguments {
  const { values, rest } = takeFlags(argv, ['from', 'into', 'without', 'parallel'])
  const isDry = rest.includes(dryRun)
  const address = readAddress(values.get('from') ?? '')
  const into = values.get('into')
  if (into !== undefined && address.bucket === undefined) throw new StartError('--into needs one bucket in --from.')
  return {
    address,
    into,
    without: readOmissions(values.get('without')),
    isDry,
    atOnceMax: readParallel(values.get('parallel')),
    rest: rest.filter((argument) => argument !== dryRun),
  }
}

const dryRun = '--dry-run'

/** Objects at the same time. */
export function readParallel(text = '8'): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text)
  throw new StartError('--parallel is a number from 1 to 999.')
}

function readAddress(text: string): SourceAddress {
  try {
    return parseSourceAddress(text)
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error))
  }
}

function readOmissions(text: string | undefined): Set<Omission> {
  const names = text === undefined ? [] : text.split(',').map((name) => name.trim())
  const known = names.flatMap((name) => omissions.find((one) => one === name) ?? [])
  if (known.length < names.length) throw new StartError(`--without knows ${omissions.join(', ')}.`)
  return new Set(known)
}

/** `--flag value` and `--flag=value` of these names; StartError without a value. The others stay as they are. */
export function takeFlags(argv: readonly string[], names: readonly string[]) {
  const values = new Map<string, string>()
  const rest: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? ''
    const [, name = '', inline] = /^--([a-z-]+)(?:=(.*))?$/s.exec(argument) ?? []
    if (!names.includes(name)) {
      rest.push(argument)
      continue
    }
    const value = inline ?? argv[++at]
    if (value === undefined || value === '' || value.startsWith('--')) throw new StartError(`--${name} needs a value.`)
    values.set(name, value)
  }
  return { values, rest }
}
