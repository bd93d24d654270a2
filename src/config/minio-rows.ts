/** MinIO's variables and flags with the settings that replace them, one row each. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export type Settings = Readonly<Record<string, string>>

export interface MinioRow {
  /** Names of our settings. */
  readonly settings: readonly string[]
  /** Completes "it must be ...". */
  readonly allowed: string
  /** Undefined if the value is not allowed. */
  read(value: string): Settings | undefined
}

const apiAddress = address(({ host, port }) => ({ APP_HOST: host, API_PORT: port }))
// Both servers listen on the same host.
const consoleAddress = address(({ port }) => ({ UI_PORT: port }))
const certificates: MinioRow = { settings: ['TLS_CERT', 'TLS_KEY'], allowed: 'a folder', read: certificatesIn }

/** The argument of `server`. */
export const minioFolder: MinioRow = {
  settings: ['STORAGE_ROOT'],
  allowed: 'one folder, since MyFSIO keeps objects in one folder',
  read: (value) => (/\s|\{.*\.\.\..*\}|^https?:/.test(value) ? undefined : { STORAGE_ROOT: value }),
}

export const minioVariables: Readonly<Record<string, MinioRow>> = {
  MINIO_ACCESS_KEY: as('ADMIN_ACCESS_KEY'),
  MINIO_SECRET_KEY: as('ADMIN_SECRET_KEY'),
  MINIO_ROOT_USER: as('ADMIN_ACCESS_KEY'),
  MINIO_ROOT_PASSWORD: as('ADMIN_SECRET_KEY'),
  MINIO_REGION_NAME: as('AWS_REGION'),
  MINIO_REGION: as('AWS_REGION'),
  MINIO_SITE_REGION: as('AWS_REGION'),
  MINIO_DOMAIN: as('VIRTUAL_HOST_DOMAINS'),
  MINIO_SERVER_URL: as('API_BASE_URL'),
  MINIO_BROWSER_REDIRECT_URL: as('UI_BASE_URL'),
  MINIO_BROWSER: { settings: ['MODE'], allowed: 'on or off', read: modeOf },
  MINIO_API_CORS_ALLOW_ORIGIN: as('CORS_ORIGINS'),
  MINIO_VOLUMES: minioFolder,
  MINIO_ADDRESS: apiAddress,
  MINIO_CONSOLE_ADDRESS: consoleAddress,
}

/** Variables that can be read from a file: then the name ends in `_FILE`. */
export const minioSecrets = ['MINIO_ACCESS_KEY', 'MINIO_SECRET_KEY', 'MINIO_ROOT_USER', 'MINIO_ROOT_PASSWORD'] as const

/** Flags of `server` with a value. */
export const minioFlags: Readonly<Record<string, MinioRow>> = {
  '--address': apiAddress,
  '--console-address': consoleAddress,
  '--certs-dir': certificates,
  '-S': certificates,
}

/** Flags of `server` without a value. */
export const minioSwitches: Readonly<Record<string, Settings>> = {
  '--json': { LOG_FORMAT: 'json' },
  '--quiet': {},
  '--anonymous': {},
}

/** Flags of `server` with a value that have no counterpart here. */
export const flagsWithoutCounterpart: readonly string[] = [
  ...['--config', '--listeners', '--ftp', '--sftp', '--interface', '--crossdomain-xml', '--memlimit'],
  ...['--idle-timeout', '--shutdown-timeout', '--read-header-timeout', '--conn-read-deadline', '--conn-write-deadline'],
  ...['--conn-user-timeout', '--dns-cache-ttl', '--max-idle-conns-per-host', '--send-buf-size', '--recv-buf-size'],
  ...['--log-size', '--log-prefix'],
]

/** The defaults of MinIO's `server`. */
export const minioDefaults: Settings = { APP_HOST: '0.0.0.0', API_PORT: '9000', UI_PORT: '9001' }

function as(setting: string): MinioRow {
  return { settings: [setting], allowed: 'given', read: (value) => ({ [setting]: value }) }
}

function modeOf(value: string): Settings | undefined {
  const mode = { on: 'both', off: 'api' }[value.toLowerCase()]
  return mode === undefined ? undefined : { MODE: mode }
}

function address(settingsOf: (address: { host: string; port: string }) => Settings): MinioRow {
  return {
    settings: Object.keys(settingsOf({ host: '', port: '' })),
    allowed: 'an address and a port such as :9000 or 127.0.0.1:9000',
    read(value) {
      const [, host, port] = /^\[?([^[\]]*?)\]?:(\d+)$/.exec(value) ?? []
      return port === undefined ? undefined : settingsOf({ host: host || '0.0.0.0', port })
    },
  }
}

/** A folder without certificates means plain HTTP, as in MinIO. */
function certificatesIn(folder: string): Settings {
  const [certificate, key] = [join(folder, 'public.crt'), join(folder, 'private.key')]
  return existsSync(certificate) ? { TLS_CERT: certificate, TLS_KEY: key } : {}
}
