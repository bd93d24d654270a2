/**
 * Every setting, one row each. Read from `.env`, the environment and flags, later ones winning; checked all at once.
 * The only reader of process.env.
 */
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import * as z from 'zod'
import { isBucketName } from '#model/bucket.ts'
import { anyRegion } from '#model/bucket-region.ts'
import { objectOwnerships } from '#model/object-ownership.ts'
import { wellKnownSecret } from '#model/well-known-secret.ts'
import { baseUrl, ipRanges, isLoopback, origin } from './addresses.ts'
import type { Gathered } from './minio.ts'
import { hosts, interval, list, listOf, logLevel, matching, onOff, rateLimit, size, wholeNumber } from './schemas.ts'
import { gatherSettings } from './sources.ts'

export const defaultCredential = wellKnownSecret

const text = z.string().min(1)
const bucketNames = list.pipe(z.array(z.string().refine(isBucketName)))

// Name: how it is read, its default, what is allowed ("must be ..."), what it means.
const variables = {
  MODE: row(z.enum(['both', 'api', 'ui']), 'both', 'both, api or ui', 'which servers to start'),
  APP_HOST: row(text, '127.0.0.1', 'an address of this machine', 'address to listen on (or --host)'),
  API_PORT: row(wholeNumber(0, 65_535), '5000', 'a port from 0 to 65535', 'port of the S3 API'),
  UI_PORT: row(wholeNumber(0, 65_535), '5100', 'a port from 0 to 65535', 'port of the console'),
  WORKERS: row(wholeNumber(1, 64), defaultWorkers(), 'a whole number from 1 to 64', 'API processes'),
  WORKER_TIMEOUT_SECONDS: row(
    wholeNumber(3, 3600),
    '60',
    'a whole number from 3 to 3600',
    'a process that does not answer for so long is replaced',
  ),
  TLS_CERT: row(text, undefined, 'a PEM file', 'certificate; both servers then speak HTTPS'),
  TLS_KEY: row(text, undefined, 'a PEM file', 'its key'),

  STORAGE_ROOT: row(text, './data', 'a folder', 'where everything is kept'),
  IAM_CONFIG: row(text, undefined, 'a file', 'users (under STORAGE_ROOT unless given)'),
  BUCKET_POLICY_PATH: row(text, undefined, 'a file', 'bucket policies (under STORAGE_ROOT unless given)'),
  MYFSIO_BUCKETS: row(bucketNames, '', 'bucket names, separated by commas', 'buckets to create at start'),
  DEFAULT_OBJECT_OWNERSHIP: row(
    z.enum(objectOwnerships),
    'BucketOwnerEnforced',
    objectOwnerships.join(', '),
    'of new buckets that do not say; BucketOwnerEnforced has no ACLs',
  ),
  DEFAULT_PUBLIC_ACCESS_BLOCK: row(onOff, 'off', 'on or off', 'whether new buckets block all public access'),
  DURABILITY: row(z.enum(['strict', 'relaxed', 'none']), 'strict', 'strict, relaxed or none', 'what a 2xx survives'),
  SCRUB_INTERVAL: row(
    interval(),
    '7 days',
    'off, or as 7 days',
    'how often every object is compared with its checksum',
  ),
  STORAGE_WATCH: row(onOff, 'on', 'on or off', 'notice files changed by hand at once'),
  VERIFY_READS: row(
    z.enum(['always', 'recent', 'small', 'off']),
    'recent',
    'always, recent, small or off',
    'which reads are compared with the checksum; recent: each file once a minute at most; small: up to 64 KiB',
  ),
  METADATA_ENGINE: row(z.enum(['lmdb', 'memory']), 'lmdb', 'lmdb or memory', 'memory forgets everything at exit'),
  MAX_UPLOAD_SIZE: row(size(), '1073741824', 'a size, as 1073741824 or 5GiB', 'largest body of one request'),
  UI_PAGE_SIZE: row(wholeNumber(1, 1000), '100', 'a whole number from 1 to 1000', 'rows of a page in the console'),

  ADMIN_ACCESS_KEY: row(matching(/^[\w.@-]{3,128}$/), undefined, '3 to 128 letters, digits or _.@-', 'the first user'),
  ADMIN_SECRET_KEY: row(z.string().min(8).max(256), undefined, '8 to 256 characters', 'the secret of the first user'),
  SECRET_KEY: row(
    z.string().min(12),
    undefined,
    'at least 12 characters',
    'protects sessions (generated unless given)',
  ),
  AWS_REGION: row(matching(/^[a-z0-9-]{1,63}$/), 'us-east-1', 'a region, as us-east-1', 'region of signatures'),
  REGIONS: row(
    listOf(/^(\*|[a-z0-9-]{1,63})$/),
    undefined,
    'regions, separated by commas, or *',
    'further regions that clients sign for and buckets are in; any (*), unless AWS_REGION is given',
  ),
  AWS_SERVICE: row(matching(/^[a-z0-9-]{1,63}$/), 's3', 'a service, as s3', 'service of signatures'),
  OIDC_PRIVATE_ISSUERS: row(
    onOff,
    'off',
    'on or off',
    'fetch the keys of token issuers on private addresses and without TLS too',
  ),
  API_BASE_URL: row(origin, undefined, 'an http or https address without a path', 'where clients reach the API'),
  UI_BASE_URL: row(
    baseUrl,
    undefined,
    'an http or https address, as https://host/path',
    'where browsers reach the console, behind a proxy',
  ),
  ALLOWED_HOSTS: row(hosts, '', 'hosts, separated by commas', 'further hosts that signatures may name'),
  VIRTUAL_HOST_DOMAINS: row(hosts, '', 'domains, separated by commas', 'where <bucket>.<domain> is a bucket'),
  PLAIN_KEY_AUTH: row(onOff, 'on', 'on or off', 'accept X-Access-Key and X-Secret-Key'),
  SIGNATURE_V2: row(
    z.enum(['off', 'presigned', 'on']),
    'presigned',
    'off, presigned or on',
    'accept the signatures of old clients; boto3 and aws still presign with them',
  ),
  AUTH_MAX_ATTEMPTS: row(wholeNumber(1, 10_000), '5', 'a whole number from 1 to 10000', 'failures before a lockout'),
  AUTH_LOCKOUT_MINUTES: row(wholeNumber(1, 10_000), '15', 'a whole number from 1 to 10000', 'minutes a lockout lasts'),
  SESSION_LIFETIME_DAYS: row(wholeNumber(1, 400), '30', 'a whole number from 1 to 400', 'days a console session lasts'),
  SESSION_IDLE_MINUTES: row(wholeNumber(1, 576_000), '720', 'a whole number from 1 to 576000', 'or so long unused'),
  ENFORCE: row(z.enum(['on', 'log']), 'on', 'on or log', 'log: record denials, let in whoever signed'),
  TRUSTED_PROXIES: row(
    ipRanges,
    '',
    'addresses or ranges as 10.0.0.0/8',
    'proxies whose X-Forwarded-* headers are believed',
  ),
  RATE_LIMIT_DEFAULT: row(rateLimit(), undefined, 'off, or as 200 per minute', 'requests a client address may make'),
  CORS_ORIGINS: row(
    listOf(/^(\*|null|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/i),
    '*',
    '* or origins as https://a.example, separated by commas',
    'web pages that may call the API',
  ),
  CORS_METHODS: row(
    listOf(/^[A-Z]+$/),
    'GET,HEAD,PUT,POST,DELETE',
    'methods, separated by commas',
    'what these pages may do',
  ),
  CORS_ALLOW_HEADERS: row(
    listOf(/^[\w*-]+$/),
    '*',
    '* or names of headers, separated by commas',
    'what these pages may send',
  ),
  CORS_ADMIN: row(onOff, 'off', 'on or off', 'these pages may also call IAM, STS, /presign, /bucket-policy and /_/'),

  ACTIVITY: row(onOff, undefined, 'on or off', 'keep the last requests for the console (on, unless MODE=api)'),
  LOG_LEVEL: row(logLevel(), 'info', 'debug, info, warn, error or off', 'least severity to log'),
  LOG_FORMAT: row(z.enum(['auto', 'json', 'pretty']), 'auto', 'json, pretty or auto', 'auto: pretty on a terminal'),
  LOG_DIR: row(text, undefined, 'a folder', 'write the log to a file there as well'),
  LOG_FILE: row(matching(/^[^/\\]+$/), 'app.log', 'a file name', 'name of that file'),
  LOG_MAX_BYTES: row(size(), '5242880', 'a size, as 5242880 or 5MiB', 'set it aside when larger'),
  LOG_BACKUP_COUNT: row(wholeNumber(0, 1000), '3', 'a whole number from 0 to 1000', 'how many set aside are kept'),
}

type Variables = typeof variables
type Name = keyof Variables
type Values = {
  [N in Name]: z.output<Variables[N]['schema']> | (Variables[N]['fallback'] extends string ? never : undefined)
}

const names = Object.keys(variables) as Name[]
const secrets: ReadonlySet<Name> = new Set(['ADMIN_SECRET_KEY', 'SECRET_KEY'])
const commands = ['check-config', 'show-config', 'reset-cred', 'version', 'help'] as const

export type Command = (typeof commands)[number] | 'fsck' | 'health' | 'start'
export type AppConfig = ReturnType<typeof assemble> & {
  /** What was given and has no effect, a sentence each. */
  readonly notes: readonly string[]
}

/** All mistakes found, a sentence each. */
export class ConfigError extends Error {
  readonly mistakes: readonly string[]

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'))
    this.name = 'ConfigError'
    this.mistakes = mistakes
  }
}

/** What the flags ask for; looks at no setting, so that --help works whatever they are. */
export function findCommand(argv: readonly string[]): Command {
  if (argv.includes('-h')) return 'help'
  const [word] = argv
  if ((word === 'fsck' || word === 'health') && !argv.includes('--help')) return word
  return commands.findLast((command) => argv.includes(`--${command}`)) ?? 'start'
}

/** ConfigError. */
export function loadConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
  cwd: string = process.cwd(),
): AppConfig {
  const gathered = gatherSettings(argv, { env, cwd, flags: flags(), switches: commands })
  const { given, mistakes, notes } = gathered
  const values = Object.fromEntries(names.map((name) => [name, readValue(name, gathered)])) as Values
  mistakes.push(...disagreements(values, given))
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return { ...assemble(values, given, cwd), notes }
}

/**
 * What children inherit beside the rest: threads enough for the disk, an Express that keeps its templates, and a glibc that keeps no
 * memory for each thread of its own, and does not give that of each piece of a body back to the system, only to ask for it again
 * (mallopt(3)).
 */
export function prepareChildEnvironment(): void {
  process.env.UV_THREADPOOL_SIZE ??= '16'
  process.env.NODE_ENV ??= 'production'
  process.env.MALLOC_ARENA_MAX ??= '2'
  process.env.MALLOC_TRIM_THRESHOLD_ ??= String(32 * 1024 * 1024)
}

/**
 * What one child inherits. API workers have a number, as those of node:cluster have: that is how scripts and monitors tell them from
 * the console.
 */
export function childEnvironment(worker: number | undefined): NodeJS.ProcessEnv {
  return worker === undefined ? process.env : { ...process.env, NODE_UNIQUE_ID: String(worker) }
}

/** https://no-color.org */
export function isColorUnwanted(): boolean {
  return Boolean(process.env.NO_COLOR)
}

/** For --show-config: what is in force, with secrets masked. */
export function describeConfig(config: AppConfig): [name: string, value: string][] {
  return names.map((name) => {
    const value = config.given[name] ?? variables[name].fallback ?? ''
    return [name, secrets.has(name) && value !== '' ? '********' : value]
  })
}

/** For --help. */
export function describeFlags(): { flag: string; variable: string; means: string; fallback: string }[] {
  return names.map((name) => ({
    flag: secrets.has(name) ? '' : flagOf(name),
    variable: name,
    means: variables[name].means,
    fallback: variables[name].fallback ?? '',
  }))
}

function row<T, F extends string | undefined>(
  schema: z.ZodType<T, string>,
  fallback: F,
  allowed: string,
  means: string,
) {
  return { schema, fallback, allowed, means }
}

function defaultWorkers(): string {
  return String(Math.min(2, availableParallelism()))
}

function flagOf(name: Name): string {
  return `--${name.toLowerCase().replaceAll('_', '-')}`
}

/** Secrets have none: the command line of a process is for all to see. */
function flags(): Map<string, string> {
  const named = names
    .filter((name) => !secrets.has(name))
    .map((name): [string, string] => [flagOf(name).slice(2), name])
  return new Map([...named, ['host', 'APP_HOST']])
}

/** The default where a mistake was made, so that the rest can be checked as well. */
function readValue(name: Name, { given, origins, mistakes }: Gathered): unknown {
  const { schema, fallback, allowed } = variables[name]
  const value = given[name]
  const result = value === undefined ? undefined : schema.safeParse(value)
  if (result?.success) return result.data
  if (result !== undefined) {
    const shown = secrets.has(name) ? 'what is given' : JSON.stringify(value)
    mistakes.push(`${origins.get(name) ?? name} cannot be ${shown}: it must be ${allowed}.`)
  }
  return fallback === undefined ? undefined : schema.parse(fallback)
}

/** Settings that are fine alone but not together. */
function disagreements(values: Values, given: Readonly<Record<string, string>>): string[] {
  const found: string[] = []
  const { APP_HOST: host, API_PORT: api, UI_PORT: ui } = values
  if (values.ENFORCE === 'log' && !isLoopback(host)) found.push(`ENFORCE=log is refused off loopback, as on ${host}.`)
  if (values.MODE === 'both' && api === ui && api !== 0) {
    found.push(`API_PORT and UI_PORT cannot both be ${api}: give one of them another port.`)
  }
  if ((values.TLS_CERT === undefined) !== (values.TLS_KEY === undefined)) {
    found.push('TLS_CERT and TLS_KEY must be given together: a certificate and its key, as PEM files.')
  }
  const isGiven = (name: Name) => given[name] !== undefined
  if (isGiven('ADMIN_ACCESS_KEY') !== isGiven('ADMIN_SECRET_KEY')) {
    found.push('ADMIN_ACCESS_KEY and ADMIN_SECRET_KEY must be given together.')
  }
  if (values.METADATA_ENGINE === 'memory' && values.WORKERS > 1 && given.WORKERS !== undefined) {
    found.push('METADATA_ENGINE=memory needs WORKERS=1: processes cannot share it.')
  }
  if (!isLoopback(host) && values.SECRET_KEY === 'dev-secret-key') {
    found.push(`SECRET_KEY cannot be the well-known dev-secret-key when listening on ${host}: give another, or none.`)
  }
  return found
}

const defaultRate = { requests: 1000, windowMs: 1000 }

function assemble(values: Values, given: Readonly<Record<string, string>>, cwd: string) {
  const storageRoot = resolve(cwd, values.STORAGE_ROOT)
  const configFolder = join(storageRoot, '.myfsio.sys', 'config')
  const path = (file: string | undefined, name: string) => (file ? resolve(cwd, file) : join(configFolder, name))
  const { TLS_CERT: certificate, TLS_KEY: key } = values
  const rate = values.RATE_LIMIT_DEFAULT ?? (isLoopback(values.APP_HOST) ? false : defaultRate)
  return {
    mode: values.MODE,
    host: values.APP_HOST,
    isLoopback: isLoopback(values.APP_HOST),
    apiPort: values.API_PORT,
    uiPort: values.UI_PORT,
    workers: values.METADATA_ENGINE === 'memory' ? 1 : values.WORKERS,
    answerTimeoutMs: values.WORKER_TIMEOUT_SECONDS * 1000,
    tls: certificate && key ? { certPath: resolve(cwd, certificate), keyPath: resolve(cwd, key) } : undefined,
    storageRoot,
    configFolder,
    iamPath: path(values.IAM_CONFIG, 'iam.json'),
    bucketPolicyPath: path(values.BUCKET_POLICY_PATH, 'bucket_policies.json'),
    buckets: values.MYFSIO_BUCKETS,
    defaultObjectOwnership: values.DEFAULT_OBJECT_OWNERSHIP,
    defaultPublicAccessBlock: values.DEFAULT_PUBLIC_ACCESS_BLOCK,
    durability: values.DURABILITY,
    storageWatch: values.STORAGE_WATCH,
    scrubIntervalMs: values.SCRUB_INTERVAL || undefined,
    verifyReads: values.VERIFY_READS,
    metadataEngine: values.METADATA_ENGINE,
    maxUploadBytes: values.MAX_UPLOAD_SIZE,
    uiPageSize: values.UI_PAGE_SIZE,
    adminAccessKey: values.ADMIN_ACCESS_KEY,
    adminSecretKey: values.ADMIN_SECRET_KEY,
    secretKey: values.SECRET_KEY,
    region: values.AWS_REGION,
    // As MinIO has it: who names no region accepts each, who names one means it.
    regions: values.REGIONS ?? (given.AWS_REGION === undefined ? [anyRegion] : []),
    service: values.AWS_SERVICE,
    sts: { allowPrivateIssuers: values.OIDC_PRIVATE_ISSUERS },
    apiBaseUrl: values.API_BASE_URL,
    uiBaseUrl: values.UI_BASE_URL,
    allowedHosts: values.ALLOWED_HOSTS,
    virtualHostDomains: values.VIRTUAL_HOST_DOMAINS,
    plainKeyAuth: values.PLAIN_KEY_AUTH,
    enforce: values.ENFORCE,
    activity: values.ACTIVITY ?? values.MODE !== 'api',
    trustedProxies: values.TRUSTED_PROXIES,
    signatureV2: values.SIGNATURE_V2,
    authMaxAttempts: values.AUTH_MAX_ATTEMPTS,
    authLockoutMinutes: values.AUTH_LOCKOUT_MINUTES,
    sessionLifetimeMs: values.SESSION_LIFETIME_DAYS * 24 * 60 * 60 * 1000,
    sessionIdleMs: values.SESSION_IDLE_MINUTES * 60 * 1000,
    rateLimit: rate,
    cors: { origins: values.CORS_ORIGINS, methods: values.CORS_METHODS, allowHeaders: values.CORS_ALLOW_HEADERS },
    corsAdmin: values.CORS_ADMIN,
    log: {
      level: values.LOG_LEVEL,
      format: values.LOG_FORMAT,
      file: values.LOG_DIR === undefined ? undefined : join(resolve(cwd, values.LOG_DIR), values.LOG_FILE),
      maxBytes: values.LOG_MAX_BYTES,
      backupCount: values.LOG_BACKUP_COUNT,
    },
    /** As given, for --show-config. */
    given: Object.fromEntries(Object.entries(given).filter(([name]) => name in variables)),
  }
}
