/**
 * Reads the settings of rows.ts from `.env`, the environment and flags, and checks them all together. The last one that
 * is given counts.
 */
import { join, resolve } from 'node:path'
import type { LogSettings } from '#lib/log/log.ts'
import { anyRegion } from '#model/bucket/bucket-region.ts'
import { wellKnownSecret } from '#model/well-known-secret.ts'
import { hostsOfWebsites, isLoopback } from './addresses.ts'
import { type Command, findCommand, flags, readyJson, switches } from './commands.ts'
import type { Gathered } from './minio.ts'
import { type Name, names, rows, secrets, type Values } from './rows.ts'
import { mistakesOf } from './schemas.ts'
import { gatherSettings, readSettingsFile } from './sources.ts'

export const defaultCredential = wellKnownSecret

export type AppConfig = ReturnType<typeof assemble> & {
  /** One sentence for each given setting that has no effect. */
  readonly notes: readonly string[]
  readonly readyJson: boolean
  readonly log: LogSettings
}

/** All mistakes found, one sentence each. */
export class ConfigError extends Error {
  readonly mistakes: readonly string[]

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'))
    this.name = 'ConfigError'
    this.mistakes = mistakes
  }
}

/** Reads the configuration. Throws ConfigError. */
export function loadConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
  cwd: string = process.cwd(),
  overrides: Readonly<Partial<Record<Name, string | undefined>>> = {},
): AppConfig {
  const gathered = gatherSettings(argv, { env, cwd, flags: flags(), switches })
  override(gathered, overrides)
  const { given, mistakes, notes } = gathered
  const values = Object.fromEntries(names.map((name) => [name, readValue(name, gathered)])) as Values
  mistakes.push(...disagreements(values, given, findCommand(argv)))
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  const config = assemble(values, given, cwd)
  const isJson = argv.includes(`--${readyJson}`)
  return { ...config, notes, readyJson: isJson, log: { ...config.log, descriptor: isJson ? 2 : 1 } }
}

/** The configuration with some settings replaced, for a second store. Undefined means not given. */
export const loadConfigWith = (
  argv: readonly string[],
  overrides: Readonly<Partial<Record<Name, string | undefined>>>,
): AppConfig => loadConfig(argv, process.env, process.cwd(), overrides)

function override({ given }: Gathered, overrides: Readonly<Partial<Record<Name, string | undefined>>>): void {
  for (const [name, value] of Object.entries(overrides)) {
    if (value === undefined) delete given[name]
    else given[name] = value
  }
}

/** Reads the settings of the KMS from a file of NAME=VALUE lines, for the same folder. Throws ConfigError. */
export function formerKeySettings(path: string, { storageRoot, configFolder }: AppConfig): AppConfig['kms'] {
  const mistakes: string[] = []
  const given = Object.entries(readSettingsFile(path, mistakes)).filter(([name]) => /^(KMS_|AWS_REGION$)/.test(name))
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  // That folder has no .env.
  return loadConfig([], { ...Object.fromEntries(given), STORAGE_ROOT: storageRoot }, configFolder).kms
}

/** The default if there is a mistake, so that the rest can be checked too. */
function readValue(name: Name, { given, origins, mistakes }: Gathered): unknown {
  const { schema, fallback, allowed } = rows[name]
  const value = given[name]
  const result = value === undefined ? undefined : schema.safeParse(value)
  if (result?.success) return result.data
  if (result !== undefined) {
    const origin = origins.get(name) ?? name
    const mayHavePassword = /:\/\/.*@/s.test(value ?? '')
    const problem =
      secrets.has(name) || mayHavePassword
        ? `The value of ${origin} is invalid`
        : `${origin} cannot be ${JSON.stringify(value)}`
    const exact = mistakesOf(result.error).map((mistake) => `${origin} ${mistake}`)
    mistakes.push(...(exact.length > 0 ? exact : [`${problem}: it must be ${allowed}.`]))
  }
  return fallback === undefined ? undefined : schema.parse(fallback)
}

/** Mistakes in settings that are valid alone but not together. */
function disagreements(values: Values, given: Readonly<Record<string, string>>, command: Command): string[] {
  const found: string[] = []
  const { APP_HOST: host, API_PORT: api, UI_PORT: ui } = values
  if (values.ENFORCE === 'log' && !isLoopback(host))
    found.push(`ENFORCE=log is allowed on loopback addresses only, not on ${host}.`)
  if (values.MODE === 'both' && api === ui && api !== 0) {
    found.push(`API_PORT and UI_PORT cannot both be ${api}: give one of them another port.`)
  }
  if ((values.TLS_CERT === undefined) !== (values.TLS_KEY === undefined)) {
    found.push('TLS_CERT and TLS_KEY must be given together: a certificate and its key, as PEM files.')
  }
  const isGiven = (name: Name) => given[name] !== undefined
  // --reset-cred makes a secret for the access key.
  const mayLackSecret = command === 'reset-cred' && isGiven('ADMIN_ACCESS_KEY')
  if (isGiven('ADMIN_ACCESS_KEY') !== isGiven('ADMIN_SECRET_KEY') && !mayLackSecret) {
    found.push('ADMIN_ACCESS_KEY and ADMIN_SECRET_KEY must be given together.')
  }
  if (isGiven('FROM_ACCESS_KEY_ID') !== isGiven('FROM_SECRET_ACCESS_KEY')) {
    found.push('FROM_ACCESS_KEY_ID and FROM_SECRET_ACCESS_KEY must be given together.')
  }
  const outside = (
    ['KMS_ENDPOINT', 'KMS_ENDPOINT_KEY_ID', 'KMS_ENDPOINT_ACCESS_KEY', 'KMS_ENDPOINT_SECRET_KEY'] as const
  ).map(isGiven)
  if (outside.some((is) => is !== outside[0])) {
    found.push(
      'KMS_ENDPOINT, KMS_ENDPOINT_KEY_ID, KMS_ENDPOINT_ACCESS_KEY and KMS_ENDPOINT_SECRET_KEY must be given together.',
    )
  }
  if (isGiven('KMS_ENDPOINT') && isGiven('KMS_ROOT_KEY')) {
    found.push('KMS_ROOT_KEY and KMS_ENDPOINT cannot both be given: the root key has one origin.')
  }
  if (isGiven('BLOBS_ACCESS_KEY_ID') !== isGiven('BLOBS_SECRET_ACCESS_KEY')) {
    found.push('BLOBS_ACCESS_KEY_ID and BLOBS_SECRET_ACCESS_KEY must be given together.')
  }
  if (isGiven('BLOBS_URL') && values.METADATA_ENGINE === 'memory') {
    found.push('BLOBS_URL cannot be used with METADATA_ENGINE=memory: the index would be lost, and the bytes with it.')
  }
  if (values.METADATA_ENGINE === 'memory' && values.WORKERS > 1 && given.WORKERS !== undefined) {
    found.push('METADATA_ENGINE=memory needs WORKERS=1: processes cannot share it.')
  }
  if (isGiven('METADATA_URL') && given.BLOBS_URL === undefined) {
    found.push('METADATA_URL needs BLOBS_URL: plain files need an index on the same machine.')
  }
  if (isGiven('METADATA_URL') && values.METADATA_ENGINE === 'memory') {
    found.push('METADATA_URL and METADATA_ENGINE=memory cannot both be given: the index is in one place.')
  }
  if (!isLoopback(host) && values.SECRET_KEY === 'dev-secret-key') {
    found.push(`SECRET_KEY cannot be the well-known dev-secret-key when listening on ${host}: give another, or none.`)
  }
  const urls = [values.API_BASE_URL, values.UI_BASE_URL].flatMap((url) => url ?? [])
  const hosts = [host, ...urls.map((url) => new URL(url).host), ...values.ALLOWED_HOSTS, ...values.VIRTUAL_HOST_DOMAINS]
  for (const name of hostsOfWebsites(values.WEBSITE_DOMAINS, hosts)) {
    found.push(
      `WEBSITE_DOMAINS cannot include ${name}, which is a host of the API or the console: pages of buckets would run there.`,
    )
  }
  return found
}

/** Undefined if this process has the root key of the KMS. */
function kmsEndpoint({ AWS_REGION, ...values }: Values) {
  const { KMS_ENDPOINT: url, KMS_ENDPOINT_KEY_ID: keyId, KMS_ENDPOINT_REGION: region = AWS_REGION } = values
  const { KMS_ENDPOINT_ACCESS_KEY: accessKeyId, KMS_ENDPOINT_SECRET_KEY: secretAccessKey } = values
  if (url === undefined || keyId === undefined || accessKeyId === undefined || secretAccessKey === undefined) {
    return undefined
  }
  return { url, keyId, region, accessKeyId, secretAccessKey }
}

/** If undefined, the credentials of the SDK's default chain are used. */
function importCredentials(values: Values) {
  const { FROM_ACCESS_KEY_ID: accessKeyId, FROM_SECRET_ACCESS_KEY: secretAccessKey } = values
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  return { accessKeyId, secretAccessKey }
}

/** Undefined if bytes are plain files on this machine. */
function upstreamOf({ AWS_REGION, ...values }: Values) {
  const { BLOBS_URL: address, BLOBS_ACCESS_KEY_ID: accessKeyId, BLOBS_SECRET_ACCESS_KEY: secretAccessKey } = values
  if (address === undefined) return undefined
  const credentials =
    accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey }
  return { ...address, region: address.region ?? AWS_REGION, credentials }
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
    defaultEncryption: values.DEFAULT_ENCRYPTION,
    defaultBlockedEncryption: values.DEFAULT_BLOCKED_ENCRYPTION,
    durability: values.DURABILITY,
    storageWatch: values.STORAGE_WATCH,
    scrubIntervalMs: values.SCRUB_INTERVAL || undefined,
    verifyReads: values.VERIFY_READS,
    metadataEngine: values.METADATA_ENGINE,
    /** Undefined if the index is on this machine. */
    metadataAddress: values.METADATA_URL,
    upstream: upstreamOf(values),
    maxUploadBytes: values.MAX_UPLOAD_SIZE,
    uiPageSize: values.UI_PAGE_SIZE,
    adminAccessKey: values.ADMIN_ACCESS_KEY,
    adminSecretKey: values.ADMIN_SECRET_KEY,
    secretKey: values.SECRET_KEY,
    kms: {
      keysPath: join(configFolder, 'kms_keys.json'),
      rootKey: values.KMS_ROOT_KEY,
      endpoint: kmsEndpoint(values),
      rootKeyFiles: {
        path: join(configFolder, 'kms_root.key'),
        copyPath: join(storageRoot, '.myfsio.sys', 'keys', 'kms_root.key'),
      },
    },
    importFrom: importCredentials(values),
    region: values.AWS_REGION,
    // As in MinIO: without AWS_REGION every region is accepted.
    regions: values.REGIONS ?? (given.AWS_REGION === undefined ? [anyRegion] : []),
    service: values.AWS_SERVICE,
    sts: { allowPrivateIssuers: values.OIDC_PRIVATE_ISSUERS },
    apiBaseUrl: values.API_BASE_URL,
    uiBaseUrl: values.UI_BASE_URL,
    allowedHosts: values.ALLOWED_HOSTS,
    virtualHostDomains: values.VIRTUAL_HOST_DOMAINS,
    websiteDomains: values.WEBSITE_DOMAINS,
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
    /** The settings as given, for --show-config. */
    given: Object.fromEntries(Object.entries(given).filter(([name]) => name in rows)),
  }
}
