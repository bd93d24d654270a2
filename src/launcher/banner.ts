/** Texts for the terminal: at start, and for --help and --show-config. Colours are used on terminals only. */
import type { AppConfig } from '#config/config.ts'
import { describeConfig, describeFlags } from '#config/describe.ts'
import { ownCommand } from '#lib/program/package-root.ts'
import type { Prepared } from './start/first-start.ts'

export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly accent: (text: string) => string
}

export function styleFor(stream: { isTTY?: boolean }, noColor: boolean): Style {
  const paint = (code: string) => (text: string) =>
    stream.isTTY === true && !noColor ? `\u001b[${code}m${text}\u001b[0m` : text
  return { bold: paint('1'), dim: paint('2'), accent: paint('36') }
}

export interface Started {
  readonly version: string
  readonly apiPort: number | undefined
  readonly uiPort: number | undefined
  readonly seconds: number
}

export function formatBanner(prepared: Prepared, started: Started, style: Style): string {
  const { config } = prepared
  const { apiPort, uiPort } = started
  const api = apiPort === undefined ? undefined : (config.apiBaseUrl ?? urlOf(config, apiPort))
  const workers = `${config.workers} worker${config.workers === 1 ? '' : 's'}, ${config.durability} durability`
  const rows: [string, string, string][] = []
  if (api !== undefined) rows.push(['S3 API', style.accent(api), workers])
  if (uiPort !== undefined)
    rows.push(['Console', style.accent(`${(config.uiBaseUrl ?? urlOf(config, uiPort)).replace(/\/+$/, '')}/ui`), ''])
  else if (config.mode === 'both')
    rows.push(['Console', 'none', 'not with METADATA_ENGINE=memory, which only its own process can read'])
  rows.push(['Data', config.storageRoot, ''])
  if (api !== undefined) rows.push(userRow(prepared))
  // Shown at every log level.
  if (config.enforce === 'log')
    rows.push(['ENFORCE', style.bold('log: NOTHING IS DENIED to requests signed with a valid key'), ''])
  const lines = rows.map(
    ([name, value, note]) => `  ${style.dim(name.padEnd(9))}${value}${note && `  ${style.dim(note)}`}`,
  )
  const title = `  ${style.bold('MyFSIO')} ${started.version}  ${style.dim(`ready in ${started.seconds.toFixed(2)} s`)}`
  const attempt = api === undefined ? [] : ['', ...formatAttempt(prepared, api, style)]
  return ['', title, '', ...lines, ...attempt, ''].join('\n')
}

/**
 * The line of --ready-json, for a program that has started this one. It contains a secret only if the secret may be
 * printed.
 */
export function formatReadyJson({ config, hint }: Prepared, { apiPort, uiPort }: Started): string {
  const { accessKey: accessKeyId, secretKey: secretAccessKey } = hint
  return JSON.stringify({
    endpoint: apiPort === undefined ? undefined : (config.apiBaseUrl ?? urlOf(config, apiPort)),
    region: config.region,
    credentials: { accessKeyId, secretAccessKey },
    consoleUrl: uiPort === undefined ? undefined : `${urlOf(config, uiPort)}/ui`,
  })
}

/** The same as a line of the log. It contains no secret, since logs are kept and read by many people. */
export function formatReadyLine(
  { config, secretIn, hint }: Prepared,
  { version, apiPort, uiPort, seconds }: Started,
): string {
  return JSON.stringify({
    level: 30,
    time: Date.now(),
    name: 'launcher',
    pid: process.pid,
    version,
    api: apiPort === undefined ? undefined : (config.apiBaseUrl ?? urlOf(config, apiPort)),
    console: uiPort === undefined ? undefined : `${urlOf(config, uiPort)}/ui`,
    data: config.storageRoot,
    workers: config.workers,
    durability: config.durability,
    enforce: config.enforce,
    user: hint.accessKey,
    secretIn,
    startedInMs: Math.round(seconds * 1000),
    msg: 'ready',
  })
}

function userRow({ secretIn, hint }: Prepared): [string, string, string] {
  if (hint.secretKey === undefined) {
    return ['User', hint.accessKey || 'none', `secret in ${secretIn}`]
  }
  const note = hint.isNew ? 'shown only this once: keep it' : ''
  return ['User', `${hint.accessKey} / ${hint.secretKey}`, note]
}

function formatAttempt({ config, hint }: Prepared, api: string, style: Style): string[] {
  const account = `AWS_ACCESS_KEY_ID=${hint.accessKey} AWS_SECRET_ACCESS_KEY=${hint.secretKey ?? '...'}`
  return [
    style.dim('  Try it:'),
    `  export ${account} AWS_DEFAULT_REGION=${config.region}`,
    `  aws --endpoint-url ${api} s3 ls`,
  ]
}

/** The URL for clients on this machine. */
export function urlOf(config: AppConfig, port: number): string {
  const host = /^(0\.0\.0\.0|::)$/.test(config.host) ? '127.0.0.1' : config.host
  return `${config.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

export function formatSettings(config: AppConfig): string {
  const rows = describeConfig(config)
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd()).join('\n')
}

export function formatHelp(version: string, style: Style): string {
  const rows = describeFlags()
  const width = Math.max(...rows.map(({ variable }) => variable.length))
  const settings = rows.map(({ flag, variable, means, fallback }) => {
    const names = `  ${variable.padEnd(width)}  ${flag.padEnd(width + 2)}`
    return `${names}  ${means}${fallback && style.dim(` [${fallback}]`)}`
  })
  return [
    `${style.bold('MyFSIO')} ${version}: an S3-compatible object store on plain files`,
    '',
    `Usage: ${ownCommand} [flags]`,
    `       ${ownCommand} documents export|import [FOLDER] [--force] [flags]`,
    `       ${ownCommand} fsck [--repair] [--rebuild]`,
    `       ${ownCommand} health [flags]`,
    `       ${ownCommand} rotate-root-key [--from FILE] [flags]`,
    `       ${ownCommand} where BUCKET KEY [VERSION-ID] [flags]`,
    `       ${ownCommand} migrate --from s3://BUCKET?endpoint=URL [--into BUCKET] [--without LIST] [--dry-run]`,
    `       ${ownCommand} migrate --to METADATA_URL,BLOBS_URL | --to-folder FOLDER | --from-folder FOLDER`,
    `       ${ownCommand} server FOLDER [--address :9000] [--console-address :9001]`,
    '',
    '  documents       with METADATA_URL: write users, bucket policies and keys as files, or take them from there;',
    '                  --force takes them over changes that were made since the export',
    '  fsck            compare index and files while no server runs; --repair adopts files, removes records',
    '                  without bytes, and sets leftovers aside in .myfsio.sys/lost+found; --rebuild makes the',
    '                  index anew from the files in the bucket folders',
    '  health          check the running server; status 1 if it does not answer',
    '  where           print the file that has the bytes of an object, and why it is not under its own name',
    '  migrate --from  import buckets of any store that speaks S3 (docs/migrate.md); what is here already is',
    '                  skipped, so the same command goes on after an interruption; status 1 if anything failed',
    '  migrate --to    move this stopped store to a database and an S3 store, to another folder, or from one; also',
    '                  goes on after an interruption; --leave-uploads leaves unfinished uploads behind',
    '  rotate-root-key wrap the keys of the KMS with another root key, from the settings or generated, while no',
    '                  server runs; --from names a file with the previous KMS settings, if they have changed',
    "  server          MinIO's command line; its variables are understood as well",
    '  --check-config  check the settings and keys, and print which keys objects still use',
    '  --show-config   print all settings, secrets masked',
    '  --reset-cred    give the administrator a new secret, and print it',
    '  --version       print the version',
    '  --ready-json    print one line of JSON when the servers answer; everything else goes to standard error',
    '  --help          print this',
    '',
    'Settings: from .env, the environment and flags; the later wins.',
    '',
    ...settings,
  ].join('\n')
}
