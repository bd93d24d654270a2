/** One connection to the server that accepts writes. Its commits are numbered in a lane. */
import { randomBytes, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Client, ClientConfig, QueryArrayConfig } from 'pg'
import type { PostgresAddress } from '#config/metadata-url.ts'
import { ConnectionLost, sqlStateOf } from './failures.ts'
import { type SessionSettings, startSession } from './session.ts'
import type { Statement } from './statement.ts'

export class Connection {
  readonly #client: Client
  readonly #answerMs: number
  isLost = false
  /** A unique name, also shown in the server's list of connections. */
  readonly name: string
  /** The id of the lane; undefined until the first commit. */
  lane: string | undefined
  /** The number of the last commit in the lane. */
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

  /**
   * Tries the hosts in order. If none accepts writes, throws the error of the last. `isFlushed`: commits answer when
   * they survive a crash of the server, whatever its default is.
   */
  static async open(address: PostgresAddress, isFlushed = true): Promise<Connection> {
    let failure: unknown
    for (const place of address.hosts) {
      for (const ssl of await tlsChoices(address, place.host)) {
        try {
          return await Connection.#openAt(address, place, { ssl, isFlushed })
        } catch (error) {
          failure = error
          if (!hasRefusedTls(error)) break
        }
      }
    }
    throw failure
  }

  static async #openAt(
    address: PostgresAddress,
    place: { readonly host: string; readonly port: number },
    { ssl, isFlushed }: { readonly ssl: NonNullable<ClientConfig['ssl']>; readonly isFlushed: boolean },
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
    // Longer than the server's own limit: after this time the server or the network is gone.
    const connection = new Connection(client, name, statementTimeoutMs + 5000)
    try {
      await client.connect()
      await connection.#prepare({ statementTimeoutMs, isFlushed }, connectTimeoutMs)
      return connection
    } catch (error) {
      connection.destroy()
      throw error
    }
  }

  async #prepare(settings: SessionSettings, answerMs: number): Promise<void> {
    const [row = []] = await this.query(startSession(settings), answerMs)
    if (row[0] === true) throw new ConnectionLost('The server takes no writes.')
  }

  /** Returns the rows as arrays. Only one statement at a time. Throws ConnectionLost, or an error of the database. */
  async query(statement: Statement, answerMs = this.#answerMs): Promise<readonly unknown[][]> {
    if (this.isLost) throw new ConnectionLost('The connection is lost.')
    const query: QueryArrayConfig = { text: statement.text, rowMode: 'array' }
    if (statement.name !== undefined) query.name = statement.name
    if (statement.values !== undefined) query.values = [...statement.values]
    const silence = setTimeout(() => this.destroy(), answerMs).unref()
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

  /** Creates a lane for the commits of this connection if it has none. */
  async enterLane(schema: string): Promise<string> {
    if (this.lane !== undefined) return this.lane
    const lane = randomUUID()
    await this.query({
      text: `WITH old AS (DELETE FROM ${schema}.lanes WHERE id = ANY (ARRAY(
          SELECT id FROM ${schema}.lanes WHERE used_at < now() - interval '7 days' FOR UPDATE SKIP LOCKED
        )))
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

/** Parses results: bytes, integers, booleans and lists of integers. Other types stay text. */
function parserOf(oid: number): (text: string) => unknown {
  if (oid === 17) return (text) => Buffer.from(text.slice(2), 'hex')
  if (oid === 20 || oid === 23) return Number
  if (oid === 16) return (text) => text === 't'
  if (oid === 1007) return (text) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(Number))
  return (text) => text
}

/** A server that cannot be reached, or hangs, would do the same without TLS. */
function hasRefusedTls(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && typeof error.code === 'string') return /^(EPROTO|ERR_SSL_|ERR_TLS_)/.test(error.code)
  // As pg says it, without a code.
  return /does not support SSL|establishing an SSL connection/.test(error.message)
}

/**
 * Like libpq: `prefer` tries TLS, and without it where the server refuses it. `require` verifies the server only if a CA
 * is given.
 */
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
