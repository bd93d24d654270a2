/** METADATA_URL: `postgres://user:password@host1,host2:5433/database?sslmode=verify-full`, read as libpq does. */
import * as z from 'zod'

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

export const metadataUrl: z.ZodType<PostgresAddress, string> = z.string().transform((url, context) => {
  const address = parsePostgresUrl(url)
  if (address !== undefined) return address
  context.addIssue('not understood')
  return z.NEVER
})

const seconds = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
const parameters = z.strictObject({
  host: z.string().min(1).optional(),
  sslmode: z.enum(sslModes).default('prefer'),
  sslrootcert: z.string().min(1).optional(),
  sslcert: z.string().min(1).optional(),
  sslkey: z.string().min(1).optional(),
  schema: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,40}$/)
    .default('myfsio'),
  pool_size: z.coerce.number().int().min(2).max(100).default(4),
  connect_timeout: seconds(1, 60).default(5),
  /** Milliseconds, as in PostgreSQL. */
  statement_timeout: z.coerce.number().int().min(1000).max(600_000).default(30_000),
  retry_timeout: seconds(1, 300).default(15),
  application_name: z.string().max(50).default('myfsio'),
  target_session_attrs: z.enum(['read-write', 'primary']).default('read-write'),
})

export function parsePostgresUrl(url: string): PostgresAddress | undefined {
  const found = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^@/?#]*)\/([^/?#]+)(?:\?([^#]*))?$/.exec(url)
  const [, login = '', hostList = '', database = '', query = ''] = found ?? []
  const given = parameters.safeParse(Object.fromEntries(new URLSearchParams(query)))
  const [user, password] = splitOnce(login, ':').map(decodeText)
  const hosts = (given.data?.host ?? hostList).split(',').map(parseHost)
  const name = decodeText(database)
  if (found === null || !given.success || !user || password === undefined || !name) return undefined
  if (hosts.some((host) => host === undefined)) return undefined
  const { data } = given
  if ((data.sslcert === undefined) !== (data.sslkey === undefined)) return undefined
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
