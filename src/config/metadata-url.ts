/** METADATA_URL: `postgres://user:password@host1,host2:5433/database?sslmode=verify-full`, read as libpq does. */
import * as z from 'zod'
import { parameter, readParameters } from './parameters.ts'
import { address, matching, wholeNumber } from './schemas.ts'

export const sslModes = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type SslMode = (typeof sslModes)[number]

/** A PostgreSQL server, or several of which one takes writes. */
export interface PostgresAddress {
  /** A host that starts with a slash is the folder of a Unix socket. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[]
  readonly user: string
  readonly password: string
  readonly database: string
  readonly schema: string
  readonly sslMode: SslMode
  /** PEM files. */
  readonly sslFiles: { readonly ca?: string; readonly certificate?: string; readonly key?: string }
  /** The number of connections of one process. */
  readonly poolSize: number
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  /** How long a request waits for a lost database before it is answered with 503. */
  readonly retryMs: number
  readonly applicationName: string
}

export const metadataUrl: z.ZodType<PostgresAddress, string> = address(parsePostgresUrl)

const seconds = (max: number, fallback: number) =>
  parameter(wholeNumber(1, max).default(fallback), `a whole number of seconds from 1 to ${max}`)
const path = parameter(z.string().min(1).optional(), 'the path of a PEM file')
const parameters = {
  host: parameter(z.string().min(1).optional(), 'a host or the folder of a socket'),
  sslmode: parameter(z.enum(sslModes).default('prefer'), sslModes.join(', ').replace(/, (?=[^,]*$)/, ' or ')),
  sslrootcert: path,
  sslcert: path,
  sslkey: path,
  schema: parameter(
    matching(/^[a-z_][a-z0-9_]{0,40}$/).default('myfsio'),
    'up to 41 small letters, digits or underscores, and not start with a digit',
  ),
  pool_size: parameter(wholeNumber(2, 100).default(4), 'a whole number from 2 to 100'),
  connect_timeout: seconds(60, 5),
  statement_timeout: parameter(
    wholeNumber(1000, 600_000).default(30_000),
    'a whole number of milliseconds from 1000 to 600000',
  ),
  retry_timeout: seconds(300, 15),
  application_name: parameter(z.string().max(50).default('myfsio'), 'up to 50 characters'),
  target_session_attrs: parameter(z.enum(['read-write', 'primary']).default('read-write'), 'read-write or primary'),
}

/** `mistakes` gets what is wrong with its parameters. */
export function parsePostgresUrl(url: string, mistakes: string[] = []): PostgresAddress | undefined {
  const found = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^@/?#]*)\/([^/?#]+)(?:\?([^#]*))?$/.exec(url)
  const [, login = '', hostList = '', database = '', query = ''] = found ?? []
  const [user, password] = splitOnce(login, ':').map(decodeText)
  const name = decodeText(database)
  if (found === null || !user || password === undefined || !name) return undefined
  const data = readParameters(query, parameters, mistakes)
  if (data === undefined) return undefined
  const hosts = (data.host ?? hostList).split(',').map(parseHost)
  if (hosts.some((host) => host === undefined)) return undefined
  if ((data.sslcert === undefined) !== (data.sslkey === undefined)) {
    mistakes.push('cannot have only one of sslcert and sslkey: they must be given together.')
    return undefined
  }
  return {
    hosts: hosts.flatMap((host) => host ?? []),
    user,
    password,
    database: name,
    schema: data.schema,
    sslMode: data.sslmode,
    sslFiles: {
      ...(data.sslrootcert !== undefined && { ca: data.sslrootcert }),
      ...(data.sslcert !== undefined && { certificate: data.sslcert }),
      ...(data.sslkey !== undefined && { key: data.sslkey }),
    },
    poolSize: data.pool_size,
    connectTimeoutMs: data.connect_timeout * 1000,
    statementTimeoutMs: data.statement_timeout,
    retryMs: data.retry_timeout * 1000,
    applicationName: data.application_name,
  }
}

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** `host`, `host:5433`, `[::1]:5433`, `/folder/of/a/socket`, and the same with its slashes encoded. */
function parseHost(text: string): { host: string; port: number } | undefined {
  const [, inBrackets, plain = '', port = '5432'] =
    /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i.exec(text) ?? []
  const host = inBrackets ?? decodeText(plain)
  return host && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined
}

function decodeText(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
