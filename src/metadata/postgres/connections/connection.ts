/** One connection to the server that takes writes, and the lane that its commits are numbered in. */
import { randomBytes, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Client, ClientConfig, QueryArrayConfig } from 'pg'
import type { PostgresAddress } from '#config/metadata-url.ts'
import { ConnectionLost, sqlStateOf } from './failures.ts'

export interface Statement {
  /** Prepared once by this name in each connection. Without: it runs once. */
  readonly name?: string
  readonly text: string
  readonly values?: readonly unknown[]
}

export class Connection {
  readonly #client: Client
  readonly #answerMs: number
  isLost = false
  /** Tells this connection from all others, in the server's list of them too. */
  readonly name: string
  /** Names the lane; undefined until the first commit. */
  lane: string | undefined
  /** Of the last commit of the lane. */
  commitNumber = 0

  private constructor(client: Client, name: string, answerMs: number) {
    this.#client = client
    this.name = name
    this.#answerMs = answerMs
    client.on('error', () => {
      this.isLost = true
    })
    client.on('end', () => {
      this.isLost = true
    })
  }

  /** Tries the hosts in their order; the error of the last if none takes writes. */
  static async open(address: PostgresAddress): Promise<Connection> {
    let failure: unknown
    for (const place of address.hosts) {
      for (const ssl of await tlsChoices(address, place.host)) {
        try {
          return await Connection.#openAt(address, place, ssl)
        } catch (error) {
          failure = error
          if (sqlStateOf(error) !== undefined) break
        }
      }
    }
    throw failure
  }

  static async #openAt(
    address: PostgresAddress,
    place: { readonly host: string; readonly port: number },
    ssl: NonNullable<ClientConfig['ssl']>,
  ): Promise<Connection> {
    const { default: pg } = await import('pg')
    const { user, password, database, connectTimeoutMs, statementTimeoutMs, applicationName } = address
    const name = `${applicationName}:${randomBytes(6).toString('hex')}`
    const client = new pg.Client({
      ...place,
      user,
      password,
      database,
      ssl,
      application_name: name,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      types: { getTypeParser: (oid: number) => parserOf(oid) },
    })
    // Beyond the server's own limit: the server or the network is gone.
    const connection = new Connection(client, name, statementTimeoutMs + 5000)
    try {
      await client.connect()
      await connection.#prepare(statementTimeoutMs)
      return connection
    } catch (error) {
      connection.destroy()
      throw error
    }
  }

  /**
   * Each statement is a transaction of its own, whose plan is made once: by the primary key, however few rows there are
   * when it is made. A commit survives a crash of the server when it has answered, whatever its default is.
   */
  async #prepare(statementTimeoutMs: number): Promise<void> {
    const settings = {
      statement_timeout: String(statementTimeoutMs),
      default_transaction_isolation: 'read committed',
      plan_cache_mode: 'force_generic_plan',
      jit: 'off',
      enable_seqscan: 'off',
      enable_bitmapscan: 'off',
      enable_hashjoin: 'off',
      enable_mergejoin: 'off',
      enable_hashagg: 'off',
      client_min_messages: 'error',
      bytea_output: 'hex',
    }
    const sets = Object.entries(settings).map(([name, value]) => `set_config('${name}', '${value}', false)`)
    const [row = []] = await this.query({
      text: `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on', ${sets.join(', ')},
        CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END`,
    })
    if (row[0] === true) throw new ConnectionLost('The server takes no writes.')
  }

  /** The rows, as arrays. ConnectionLost, or an error of the database. One statement at a time. */
  async query(statement: Statement): Promise<readonly unknown[][]> {
    if (this.isLost) throw new ConnectionLost('The connection is lost.')
    const query: QueryArrayConfig = { text: statement.text, rowMode: 'array' }
    if (statement.name !== undefined) query.name = statement.name
    if (statement.values !== undefined) query.values = [...statement.values]
    const silence = setTimeout(() => this.destroy(), this.#answerMs).unref()
    try {
      const { rows } = await this.#client.query<unknown[]>(query)
      return rows
    } catch (error) {
      if (sqlStateOf(error) !== undefined) throw error
      this.destroy()
      throw new ConnectionLost('The connection is lost.', { cause: error })
    } finally {
      clearTimeout(silence)
    }
  }

  /** Names a lane for the commits of this connection, if there is none yet. */
  async enterLane(schema: string): Promise<string> {
    if (this.lane !== undefined) return this.lane
    const lane = randomUUID()
    await this.query({
      text: `WITH old AS (DELETE FROM ${schema}.lanes WHERE used_at < now() - interval '7 days')
        INSERT INTO ${schema}.lanes (id, number, refused, is_closed, used_at) VALUES ($1, 0, '{}', false, now())`,
      values: [lane],
    })
    this.lane = lane
    this.commitNumber = 0
    return lane
  }

  destroy(): void {
    this.isLost = true
    this.#client.end().catch(() => undefined)
    const { connection } = this.#client as unknown as { connection: { stream: { destroy(): void } } }
    connection.stream.destroy()
  }

  async close(): Promise<void> {
    if (this.isLost) return
    this.isLost = true
    await this.#client.end().catch(() => undefined)
  }
}

/** Of the results: bytes, whole numbers, flags and lists of numbers. The rest is text. */
function parserOf(oid: number): (text: string) => unknown {
  if (oid === 17) return (text) => Buffer.from(text.slice(2), 'hex')
  if (oid === 20 || oid === 23) return Number
  if (oid === 16) return (text) => text === 't'
  if (oid === 1007) return (text) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(Number))
  return (text) => text
}

/** As libpq: `prefer` tries TLS, then without; `require` does not ask who answers, unless it is told whom to trust. */
async function tlsChoices(
  { sslMode, sslFiles }: PostgresAddress,
  host: string,
): Promise<NonNullable<ClientConfig['ssl']>[]> {
  if (sslMode === 'disable' || host.startsWith('/')) return [false]
  const read = async (path: string | undefined) => (path === undefined ? undefined : await readFile(path, 'utf8'))
  const [ca, cert, key] = await Promise.all([sslFiles.ca, sslFiles.certificate, sslFiles.key].map(read))
  const isVerified = sslMode.startsWith('verify-') || ca !== undefined
  const tls = {
    rejectUnauthorized: isVerified,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(isVerified && sslMode !== 'verify-full' && { checkServerIdentity: () => undefined }),
  }
  return sslMode === 'prefer' ? [tls, false] : [tls]
}
