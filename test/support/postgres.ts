/**
 * A PostgreSQL for tests: the server of TEST_POSTGRES_URL, or one from Debian's package, started on a free port in a
 * temporary folder. Each test has its own schema.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PostgresAddress, parsePostgresUrl } from '#config/metadata-url.ts'
import { Connection } from '#metadata/postgres/connections/connection.ts'
import { freePort } from './free-port.ts'
import { until } from './until.ts'

const packages = '/usr/lib/postgresql'
const programs = existsSync(packages)
  ? readdirSync(packages)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(packages, version, 'bin'))
      .find((folder) => existsSync(join(folder, 'initdb')))
  : undefined

/** Undefined: there is one. For the names of tests that are skipped. */
export const noPostgres: string | undefined =
  process.env.TEST_POSTGRES_URL || programs !== undefined
    ? undefined
    : "without a PostgreSQL: install Debian's package postgresql, or set TEST_POSTGRES_URL"

export interface TestPostgres {
  /** Without parameters. */
  readonly url: string
  /** Undefined: it runs elsewhere, and cannot be stopped. */
  readonly server: TestServer | undefined
  /** In a schema that no other test has. */
  address(parameters?: Readonly<Record<string, string>>): PostgresAddress
  /** Runs a statement in a separate connection. */
  query(text: string, values?: readonly unknown[]): Promise<readonly unknown[][]>
  close(): Promise<void>
}

export interface TestServer {
  readonly port: number
  start(): Promise<void>
  /** `fast` ends connections at once; `immediate` is a crash. */
  stop(mode: 'fast' | 'immediate'): Promise<void>
}

export async function startPostgres(settings: Readonly<Record<string, string>> = {}): Promise<TestPostgres> {
  const elsewhere = process.env.TEST_POSTGRES_URL
  const own = elsewhere ? undefined : await startServer(settings)
  const url = elsewhere ?? `postgres://myfsio:secret-of-tests@127.0.0.1:${own?.port}/postgres`
  const schemas: string[] = []
  const address = (parameters: Readonly<Record<string, string>> = {}) => {
    const schema = parameters.schema ?? `test_${randomBytes(6).toString('hex')}`
    schemas.push(schema)
    const query = new URLSearchParams({ ...parameters, schema })
    const parsed = parsePostgresUrl(`${url}${url.includes('?') ? '&' : '?'}${query}`)
    if (parsed === undefined) throw new Error('the address of the PostgreSQL of the tests is not understood')
    return parsed
  }
  const query = async (text: string, values?: readonly unknown[]) => {
    const connection = await Connection.open(address({ schema: 'public' }))
    try {
      return await connection.query({ text, ...(values && { values }) })
    } finally {
      await connection.close()
    }
  }
  return {
    url,
    server: own,
    address,
    query,
    async close() {
      if (own !== undefined) return own.remove()
      for (const schema of schemas) if (schema !== 'public') await query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
    },
  }
}

/** Makes a file readable only for the server, which requires this for its key. */
export function giveToServer(path: string): void {
  const { uid, gid } = userOfServer()
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid)
  chmodSync(path, 0o600)
}

/** PostgreSQL does not run as root. */
function userOfServer(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

async function startServer(
  settings: Readonly<Record<string, string>>,
): Promise<TestServer & { remove(): Promise<void> }> {
  const user = userOfServer()
  const folder = mkdtempSync(join(tmpdir(), 'myfsio-postgres-'))
  if (user.uid !== undefined && user.gid !== undefined) {
    chownSync(folder, user.uid, user.gid)
    // It has to reach its folder, which is in that of all tests.
    chmodSync(tmpdir(), statSync(tmpdir()).mode | 0o011)
  }
  const data = join(folder, 'data')
  const program = (name: string) => join(programs ?? '', name)
  const options = {
    ...user,
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8' },
    stdio: 'ignore',
  } as const
  execFileSync(program('initdb'), ['-D', data, '-U', 'myfsio', '-A', 'trust', '-E', 'UTF8', '--no-sync'], options)
  const port = await freePort()
  const flags = Object.entries({
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: folder,
    ...settings,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  let server: ChildProcess | undefined
  // Nothing of an interrupted run stays.
  const kill = () => void server?.kill('SIGQUIT')
  process.once('exit', kill)
  const start = async () => {
    server = spawn(program('postgres'), ['-D', data, ...flags], options)
    const isReady = () => execFileSync(program('pg_isready'), ['-h', '127.0.0.1', '-p', String(port)], options)
    await until(isReady)
  }
  const stop = async (mode: 'fast' | 'immediate') => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await ended
  }
  await start()
  return {
    port,
    start,
    stop,
    async remove() {
      process.off('exit', kill)
      await stop('immediate')
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
