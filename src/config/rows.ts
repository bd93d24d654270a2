/**
 * Every setting: how it is read, its default, what is allowed ("must be ..."), what it means. The tables of the
 * documents are made from it.
 */
import { availableParallelism } from 'node:os'
import * as z from 'zod'
import { objectOwnerships } from '#model/access/object-ownership.ts'
import { isBucketName } from '#model/bucket/bucket.ts'
import { baseUrl, ipRanges, origin, origins, upstreamAddress, websiteDomains } from './addresses.ts'
import { metadataUrl } from './metadata-url.ts'
import { hosts, interval, list, listOf, logLevel, matching, onOff, rateLimit, size, wholeNumber } from './schemas.ts'

const text = z.string().min(1)
const bucketNames = list.pipe(z.array(z.string().refine(isBucketName)))

export const rows = {
  MODE: row(z.enum(['both', 'api', 'ui']), 'both', 'both, api or ui', 'which servers to start'),
  APP_HOST: row(text, '127.0.0.1', 'an address of this machine', 'address to listen on (or --host)'),
  API_PORT: row(wholeNumber(0, 65_535), '5000', 'a port from 0 to 65535', 'port of the S3 API'),
  UI_PORT: row(wholeNumber(0, 65_535), '5100', 'a port from 0 to 65535', 'port of the console'),
  WORKERS: row(wholeNumber(1, 64), defaultWorkers(), 'a whole number from 1 to 64', 'API processes'),
  WORKER_TIMEOUT_SECONDS: row(
    wholeNumber(3, 3600),
    '60',
    'a whole number from 3 to 3600',
    'a process that does not answer for this long is replaced',
  ),
  TLS_CERT: row(text, undefined, 'a PEM file', 'certificate; both servers then speak HTTPS'),
  TLS_KEY: row(text, undefined, 'a PEM file', 'its key'),

  STORAGE_ROOT: row(text, './data', 'a folder', 'the data folder'),
  IAM_CONFIG: row(
    text,
    undefined,
    'a file',
    'users and policies (default: under STORAGE_ROOT); with METADATA_URL only read at the first start',
  ),
  BUCKET_POLICY_PATH: row(
    text,
    undefined,
    'a file',
    'bucket policies (default: under STORAGE_ROOT); with METADATA_URL only read at the first start',
  ),
  MYFSIO_BUCKETS: row(bucketNames, '', 'bucket names, separated by commas', 'buckets to create at start'),
  DEFAULT_OBJECT_OWNERSHIP: row(
    z.enum(objectOwnerships),
    'BucketOwnerEnforced',
    objectOwnerships.join(', '),
    'object ownership of new buckets by default; BucketOwnerEnforced disables ACLs',
  ),
  DEFAULT_PUBLIC_ACCESS_BLOCK: row(onOff, 'off', 'on or off', 'whether new buckets block all public access'),
  DEFAULT_ENCRYPTION: row(
    z.enum(['none', 'AES256']),
    'none',
    'none or AES256',
    'encryption of new objects in buckets without a rule; none keeps them as plain files, AES256 is the default of AWS',
  ),
  DEFAULT_BLOCKED_ENCRYPTION: row(
    list.pipe(z.array(z.enum(['SSE-C']))),
    '',
    'SSE-C, or empty',
    'encryption methods that new buckets refuse; AWS has blocked SSE-C since April 2026',
  ),
  DURABILITY: row(
    z.enum(['strict', 'relaxed', 'none']),
    'strict',
    'strict, relaxed or none',
    'lost in a power loss: nothing (strict), the last second (relaxed), the index (none); with METADATA_URL none is as relaxed',
  ),
  SCRUB_INTERVAL: row(
    interval(),
    '7 days',
    'off, or such as 7 days',
    'how often every object is compared with its checksum',
  ),
  STORAGE_WATCH: row(onOff, 'on', 'on or off', 'detect files changed by hand at once'),
  VERIFY_READS: row(
    z.enum(['always', 'recent', 'small', 'off']),
    'recent',
    'always, recent, small or off',
    'which reads are compared with the checksum; recent: each file once a minute at most; small: up to 64 KiB',
  ),
  METADATA_ENGINE: row(z.enum(['lmdb', 'memory']), 'lmdb', 'lmdb or memory', 'memory loses all data at exit'),
  METADATA_URL: row(
    metadataUrl,
    undefined,
    'such as postgres://user:password@host/database',
    'a PostgreSQL that keeps the index, for several nodes (docs/postgresql.md); needs BLOBS_URL',
  ),
  BLOBS_URL: row(
    upstreamAddress,
    undefined,
    'an address such as s3://bucket/prefix?endpoint=https://host',
    'keep the bytes of objects over 64 KiB in this S3 store instead of plain files, the rest in the index',
  ),
  BLOBS_ACCESS_KEY_ID: row(
    text,
    undefined,
    'an access key',
    'the access key for BLOBS_URL (default: as the AWS SDK finds it)',
  ),
  BLOBS_SECRET_ACCESS_KEY: row(text, undefined, 'a secret', 'the secret of that access key'),
  MAX_UPLOAD_SIZE: row(size(), '1073741824', 'a size such as 1073741824 or 5GiB', 'largest body of one request'),
  UI_PAGE_SIZE: row(wholeNumber(1, 1000), '100', 'a whole number from 1 to 1000', 'rows on a page of the console'),

  ADMIN_ACCESS_KEY: row(matching(/^[\w.@-]{3,128}$/), undefined, '3 to 128 letters, digits or _.@-', 'the first user'),
  ADMIN_SECRET_KEY: row(z.string().min(8).max(256), undefined, '8 to 256 characters', 'the secret of the first user'),
  SECRET_KEY: row(
    z.string().min(12),
    undefined,
    'at least 12 characters',
    'encrypts secrets and signs sessions, the same on all nodes (default: generated)',
  ),
  KMS_ROOT_KEY: row(
    z.string().min(32),
    undefined,
    'at least 32 characters',
    'wraps the keys of the KMS (default: a generated file); without it encrypted objects are lost',
  ),
  KMS_ENDPOINT: row(
    origin,
    undefined,
    'an http or https address without a path',
    'another KMS; its key wraps the root key, instead of KMS_ROOT_KEY or a file',
  ),
  KMS_ENDPOINT_KEY_ID: row(text, undefined, 'an id, ARN or alias', 'its key'),
  KMS_ENDPOINT_REGION: row(matching(/^[a-z0-9-]{1,63}$/), undefined, 'a region', 'its region (default: AWS_REGION)'),
  KMS_ENDPOINT_ACCESS_KEY: row(text, undefined, 'an access key', 'the access key for KMS_ENDPOINT'),
  KMS_ENDPOINT_SECRET_KEY: row(text, undefined, 'a secret', 'the secret of that access key'),
  AWS_REGION: row(matching(/^[a-z0-9-]{1,63}$/), 'us-east-1', 'a region such as us-east-1', 'region of signatures'),
  REGIONS: row(
    listOf(/^(\*|[a-z0-9-]{1,63})$/),
    undefined,
    'regions, separated by commas, or *',
    'further regions of signatures and buckets; * is any (default: * unless AWS_REGION is set)',
  ),
  AWS_SERVICE: row(matching(/^[a-z0-9-]{1,63}$/), 's3', 'a service such as s3', 'service of signatures'),
  OIDC_PRIVATE_ISSUERS: row(
    onOff,
    'off',
    'on or off',
    'fetch keys of token issuers from private addresses and without TLS too',
  ),
  API_BASE_URL: row(origin, undefined, 'an http or https address without a path', 'where clients reach the API'),
  UI_BASE_URL: row(
    baseUrl,
    undefined,
    'an http or https address such as https://host/path',
    'where browsers reach the console, behind a proxy',
  ),
  ALLOWED_HOSTS: row(hosts, '', 'hosts, separated by commas', 'further hosts that signatures may cover'),
  VIRTUAL_HOST_DOMAINS: row(
    hosts,
    '',
    'domains, separated by commas',
    'domains under which <bucket>.<domain> addresses a bucket',
  ),
  WEBSITE_DOMAINS: row(
    websiteDomains,
    '',
    'domains such as www.example.com, www.example.com=bucket or *.example.com, separated by commas',
    'domains of bucket websites: of the bucket of that name, of another, or <bucket>.example.com',
  ),
  PLAIN_KEY_AUTH: row(onOff, 'on', 'on or off', 'accept X-Access-Key and X-Secret-Key'),
  SIGNATURE_V2: row(
    z.enum(['off', 'presigned', 'on']),
    'presigned',
    'off, presigned or on',
    'accept Signature Version 2 of old clients; boto3 and aws still presign with it',
  ),
  AUTH_MAX_ATTEMPTS: row(
    wholeNumber(1, 10_000),
    '5',
    'a whole number from 1 to 10000',
    'failed attempts before a lockout',
  ),
  AUTH_LOCKOUT_MINUTES: row(wholeNumber(1, 10_000), '15', 'a whole number from 1 to 10000', 'minutes a lockout lasts'),
  SESSION_LIFETIME_DAYS: row(
    wholeNumber(1, 400),
    '30',
    'a whole number from 1 to 400',
    'longest console session, in days',
  ),
  SESSION_IDLE_MINUTES: row(
    wholeNumber(1, 576_000),
    '720',
    'a whole number from 1 to 576000',
    'a console session ends after so many idle minutes',
  ),
  ENFORCE: row(z.enum(['on', 'log']), 'on', 'on or log', 'log: record denials, but allow every signed request'),
  TRUSTED_PROXIES: row(
    ipRanges,
    '',
    'addresses or ranges such as 10.0.0.0/8',
    'proxies with trusted X-Forwarded-* headers',
  ),
  RATE_LIMIT_DEFAULT: row(
    rateLimit(),
    undefined,
    'off, or such as 200 per minute',
    'requests per client address, counted by each process of each node',
  ),
  CORS_ORIGINS: row(
    origins,
    'local',
    '*, local, none, or origins such as https://a.example, separated by commas',
    'web pages that may use buckets without CORS rules; local: pages of localhost, 127.0.0.1 and [::1], at any port',
  ),
  CORS_METHODS: row(
    listOf(/^[A-Z]+$/),
    'GET,HEAD,PUT,POST,DELETE',
    'methods, separated by commas',
    'methods these pages may use',
  ),
  CORS_ALLOW_HEADERS: row(
    listOf(/^[\w*-]+$/),
    '*',
    '* or header names, separated by commas',
    'headers these pages may send',
  ),
  CORS_ADMIN: row(onOff, 'off', 'on or off', 'these pages may also call IAM, STS, /presign, /bucket-policy and /_/'),

  ACTIVITY: row(
    onOff,
    undefined,
    'on or off',
    'record the last requests for the console (default: on, unless MODE=api)',
  ),
  FROM_ACCESS_KEY_ID: row(
    text,
    undefined,
    'an access key',
    'the access key for `migrate --from` (default: as the AWS SDK finds it)',
  ),
  FROM_SECRET_ACCESS_KEY: row(text, undefined, 'a secret', 'the secret of that access key'),

  LOG_LEVEL: row(logLevel(), 'info', 'debug, info, warn, error or off', 'the lowest level that is logged'),
  LOG_FORMAT: row(z.enum(['auto', 'json', 'pretty']), 'auto', 'json, pretty or auto', 'auto: pretty on a terminal'),
  LOG_DIR: row(text, undefined, 'a folder', 'write the log to a file there as well'),
  LOG_FILE: row(matching(/^[^/\\]+$/), 'app.log', 'a file name', 'name of that file'),
  LOG_MAX_BYTES: row(size(), '5242880', 'a size such as 5242880 or 5MiB', 'rotate it when larger'),
  LOG_BACKUP_COUNT: row(wholeNumber(0, 1000), '3', 'a whole number from 0 to 1000', 'rotated files to keep'),
}

type Rows = typeof rows
export type Name = keyof Rows
export type Values = {
  [N in Name]: z.output<Rows[N]['schema']> | (Rows[N]['fallback'] extends string ? never : undefined)
}

export const names = Object.keys(rows) as Name[]
/** Masked where settings are shown. They have no flag, since all users of a machine can see command lines. */
export const secrets: ReadonlySet<Name> = new Set([
  'ADMIN_SECRET_KEY',
  'SECRET_KEY',
  'KMS_ROOT_KEY',
  'KMS_ENDPOINT_SECRET_KEY',
  'FROM_SECRET_ACCESS_KEY',
  'METADATA_URL',
  'BLOBS_SECRET_ACCESS_KEY',
])

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
