/** Reads and commits when the database, or the connection to it, is lost. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type PostgresAddress, parsePostgresUrl } from '#config/metadata-url.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { Connection } from '#metadata/postgres/connections/connection.ts'
import { openPostgresEngine } from '#metadata/postgres/engine.ts'
import { decodeJson, rowsOf } from '#metadata/tables.ts'
import { ApiError } from '#model/errors.ts'
import { findViolation, type Operation, type Value } from '../linearizability/checker.ts'
import { randomFrom } from '../random.ts'
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.ts'
import { freePort } from '../support/free-port.ts'
import { giveToServer, noPostgres, startPostgres, type TestPostgres, type TestServer } from '../support/postgres.ts'
import { commitOnce, openIndexAt } from './one-index.ts'

const skipped = noPostgres ?? (process.env.TEST_POSTGRES_URL ? 'with a server that the tests may not stop' : undefined)
const bytes = (text: string) => Buffer.from(text)
const text = (value: Uint8Array | undefined) => (value === undefined ? undefined : Buffer.from(value).toString())

describe.skipIf(skipped !== undefined)(`PostgreSQL lost${skipped === undefined ? '' : ` (skipped ${skipped})`}`, () => {
  let postgres: TestPostgres
  let server: TestServer
  const open: { close(): Promise<void> }[] = []

  beforeAll(async () => {
    postgres = await startPostgres()
    server = postgres.server as TestServer
  }, 60_000)
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close()
  })
  afterAll(() => postgres.close())

  async function openAt(hosts: string, parameters: Readonly<Record<string, string>> = {}): Promise<MetadataEngine> {
    const engine = await openIndexAt(postgres, hosts, parameters)
    open.push(engine)
    return engine
  }

  async function startProxy(): Promise<CuttingProxy> {
    const proxy = await startCuttingProxy(server.port)
    open.push(proxy)
    return proxy
  }

  for (const [when, what] of [
    ['after', 'that took effect'],
    ['before', 'that never reached the server'],
  ] as const) {
    it(`finds out about a commit ${what} when its answer is lost, and applies it exactly once`, async () => {
      const proxy = await startProxy()
      const engine = await openAt(`127.0.0.1:${proxy.port}`)
      await commitOnce(engine, 'first')
      const cut = proxy.cutAt(bytes('second'), when)
      const committed = commitOnce(engine, 'second')
      await cut
      expect(await committed).toBeDefined()
      expect(text(await engine.get(bytes('second')))).toBe('1')
      expect(decodeJson((await engine.get(bytes('c'))) ?? bytes('0'))).toEqual({ count: 2 })
      const events = await engine.scan(rowsOf('e', 'b'))
      expect(events.map(({ value }) => text(value))).toEqual(['first', 'second'])
      // Its connection is replaced, and it continues.
      expect(await commitOnce(engine, 'third')).toBeDefined()
    })

    it(`answers that a commit ${what} was refused when that answer is lost`, async () => {
      const proxy = await startProxy()
      const engine = await openAt(`127.0.0.1:${proxy.port}`)
      await commitOnce(engine, 'taken')
      const cut = proxy.cutAt(bytes('taken'), when)
      const committed = commitOnce(engine, 'taken')
      await cut
      expect(await committed).toBeUndefined()
      expect(decodeJson((await engine.get(bytes('c'))) ?? bytes('0'))).toEqual({ count: 1 })
    })
  }

  it('ends a commit that waits for a lock when its connection was lost, and applies it once', async () => {
    const proxy = await startProxy()
    const schema = postgres.address().schema
    const engine = await openAt(`127.0.0.1:${proxy.port}`, { schema })
    await commitOnce(engine, 'first')
    const other = await Connection.open(postgres.address({ schema }))
    open.push(other)
    await other.query({ text: 'BEGIN' })
    await other.query({ text: `LOCK TABLE ${schema}.index_rows IN SHARE MODE` })
    const cut = proxy.cutAt(bytes('second'), 'after')
    const committed = commitOnce(engine, 'second')
    await cut
    const waiting = `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`
    await vi.waitFor(async () => expect(await postgres.query(waiting)).toEqual([[1]]), { timeout: 20_000 })
    await other.query({ text: 'COMMIT' })
    expect(await committed).toBeDefined()
    expect(decodeJson((await engine.get(bytes('c'))) ?? bytes('0'))).toEqual({ count: 2 })
  })

  it('keeps the histories of two nodes linearizable while their connections are lost', async () => {
    const proxies = [await startProxy(), await startProxy()]
    const { schema } = postgres.address()
    const nodes = await Promise.all(
      proxies.map(({ port }) => openAt(`127.0.0.1:${port}`, { schema, retry_timeout: '60' })),
    )
    const random = randomFrom(2211)
    const histories = new Map<string, Operation[]>()
    const keys = ['x', 'y', 'z']
    let cuts = 0
    let isOver = false
    let done = 0
    const cutting = proxies.map(async (proxy) => {
      for (let next = 10; !isOver; next = done + 10) {
        await vi.waitFor(() => expect(isOver || done > next).toBe(true), { timeout: 60_000, interval: 5 })
        if (isOver) return
        await proxy.cutAt(Buffer.alloc(0), random() < 0.5 ? 'before' : 'after')
        cuts++
      }
    })
    const client = async (engine: MetadataEngine, name: string) => {
      for (let count = 0; count < 60; count++) {
        const key = keys[Math.floor(random() * keys.length)] as string
        const startMs = performance.now()
        const operation = await operate(engine, key, random() < 0.4 ? undefined : `${name}.${count}`)
        histories.set(key, [...(histories.get(key) ?? []), { startMs, endMs: performance.now(), ...operation }])
        done++
      }
    }
    await Promise.all(nodes.flatMap((engine, node) => [1, 2, 3].map((index) => client(engine, `${node}${index}`))))
    isOver = true
    // One more statement of each ends the waiting for it.
    await Promise.all(nodes.map((engine) => engine.get(bytes('x'))))
    await Promise.all(cutting)
    expect(cuts).toBeGreaterThan(5)
    for (const history of histories.values()) expect(findViolation(history)).toBeUndefined()
  }, 60_000)

  /** A read, or the replacement of what is read. */
  async function operate(engine: MetadataEngine, key: string, value: string | undefined) {
    const is = await engine.get(bytes(key))
    const read = text(is)
    if (value === undefined) return { name: `read ${read}`, apply: (state: Value) => state === read && { state } }
    // The read took effect before the commit: only its check counts.
    const startMs = performance.now()
    const checks = [{ key: bytes(key), is }]
    const committed = await engine.commit({ checks, writes: [{ key: bytes(key), value: bytes(value) }] })
    const apply = (state: Value) =>
      committed === undefined ? state !== read && { state } : state === read && { state: value }
    return { startMs, name: `${committed === undefined ? 'refused' : 'wrote'} ${value} over ${read}`, apply }
  }

  for (const mode of ['immediate', 'fast'] as const) {
    it(`loses nothing that was acknowledged when the server is restarted under load (${mode})`, async () => {
      const schema = postgres.address().schema
      const engines = await Promise.all(
        [1, 2].map(() => openAt(`127.0.0.1:${server.port}`, { schema, retry_timeout: '60' })),
      )
      let isOver = false
      let acknowledged = 0
      const write = async (engine: MetadataEngine, name: string) => {
        for (let count = 0; !isOver; count++) {
          if ((await commitOnce(engine, `k${name}-${count}`)) === undefined) throw new Error('refused')
          acknowledged++
        }
      }
      const writers = engines.flatMap((engine, node) =>
        Array.from({ length: 8 }, (_, index) => write(engine, `${node}-${index}`)),
      )
      const enough = (count: number) =>
        vi.waitFor(() => expect(acknowledged).toBeGreaterThan(count), { timeout: 20_000 })
      for (let round = 0; round < 3; round++) {
        await enough(acknowledged + 100)
        await server.stop(mode)
        await server.start()
      }
      await enough(acknowledged + 100)
      isOver = true
      await Promise.all(writers)
      const [engine] = engines as [MetadataEngine]
      const rows = await engine.scan({ start: bytes('k'), end: bytes('l') })
      expect(rows).toHaveLength(acknowledged)
      expect(decodeJson((await engine.get(bytes('c'))) ?? bytes('0'))).toEqual({ count: acknowledged })
      const events = await engine.scan(rowsOf('e', 'b'))
      expect(new Set(events.map(({ value }) => text(value))).size).toBe(acknowledged)
      expect(text(events.at(-1)?.key)).toBe(`e\0b\0${String(acknowledged - 1).padStart(14, '0')}`)
    }, 60_000)
  }

  it('answers 503 with Retry-After while the server is gone, and serves again when it is back', async () => {
    const engine = await openAt(`127.0.0.1:${server.port}`, { retry_timeout: '1' })
    await commitOnce(engine, 'first')
    await server.stop('fast')
    const failures = await Promise.allSettled([
      engine.get(bytes('first')),
      engine.scan({ start: bytes('a'), end: bytes('z') }),
      commitOnce(engine, 'second'),
    ])
    for (const failure of failures) {
      const error = failure.status === 'rejected' ? (failure.reason as unknown) : undefined
      expect(error).toBeInstanceOf(ApiError)
      const { status, headers, message, stack } = error as ApiError
      expect([status, headers]).toEqual([503, { 'retry-after': '2' }])
      expect(`${message}${stack}`).not.toContain('secret-of-tests')
    }
    await server.start()
    expect(text(await engine.get(bytes('first')))).toBe('1')
    expect(await commitOnce(engine, 'third')).toBeDefined()
  })

  it('answers all commits that wait for a database that hangs, and not one after the other', async () => {
    const { schema } = postgres.address()
    const engine = await openAt(`127.0.0.1:${server.port}`, { schema, retry_timeout: '1', statement_timeout: '1000' })
    await commitOnce(engine, 'first')
    const other = await Connection.open(postgres.address({ schema }))
    open.push(other)
    await other.query({ text: 'BEGIN' })
    await other.query({ text: `LOCK TABLE ${schema}.index_rows IN SHARE MODE` })
    const failures = await Promise.allSettled(
      Array.from({ length: 60 }, (_, index) =>
        engine.commit({ checks: [], writes: [{ key: bytes(`k${index}`), value: bytes('1') }] }),
      ),
    )
    for (const failure of failures) expect(failure).toMatchObject({ status: 'rejected', reason: { status: 503 } })
    await other.query({ text: 'COMMIT' })
    expect(await commitOnce(engine, 'second')).toBeDefined()
  }, 20_000)

  it('goes to the next host when one is gone or takes no writes', async () => {
    const standby = await startPostgres({ default_transaction_read_only: 'on' })
    open.push(standby)
    const hosts = `127.0.0.1:${await freePort()},127.0.0.1:${standby.server?.port},127.0.0.1:${server.port}`
    const engine = await openAt(hosts)
    expect(await commitOnce(engine, 'first')).toBeDefined()
  })

  it('speaks TLS, and asks who answers where it is told to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'))
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate]
    execFileSync('openssl', [...make, ...subject], { stdio: 'ignore' })
    // The server reads its files below a folder that only we may open otherwise.
    chmodSync(folder, 0o711)
    for (const file of [key, certificate]) giveToServer(file)
    const secure = await startPostgres({ ssl: 'on', ssl_cert_file: certificate, ssl_key_file: key })
    open.push(secure)
    const connect = async (host: string, parameters: Readonly<Record<string, string>>) => {
      const { schema } = secure.address()
      const query = new URLSearchParams({ schema, retry_timeout: '1', ...parameters })
      const address = parsePostgresUrl(`postgres://myfsio@${host}:${secure.server?.port}/postgres?${query}`)
      const connection = await Connection.open(address as PostgresAddress)
      open.push(connection)
      const [[isSecure] = []] = await connection.query({
        text: 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      })
      return isSecure
    }
    expect(await connect('127.0.0.1', {})).toBe(true)
    expect(await connect('127.0.0.1', { sslmode: 'disable' })).toBe(false)
    expect(await connect('127.0.0.1', { sslmode: 'require' })).toBe(true)
    expect(await connect('localhost', { sslmode: 'verify-full', sslrootcert: certificate })).toBe(true)
    expect(await connect('127.0.0.1', { sslmode: 'verify-ca', sslrootcert: certificate })).toBe(true)
    await expect(connect('127.0.0.1', { sslmode: 'verify-full', sslrootcert: certificate })).rejects.toThrow()
    await expect(connect('localhost', { sslmode: 'verify-full' })).rejects.toThrow()
    const plain = parsePostgresUrl(`postgres://myfsio@127.0.0.1:${server.port}/postgres?sslmode=require`)
    await expect(Connection.open(plain as PostgresAddress)).rejects.toThrow('does not support SSL')
  })

  it('says why it does not start, without the password', async () => {
    const port = await freePort()
    const gone = openAt(`127.0.0.1:${port}`, { retry_timeout: '1' })
    const where = `The database of METADATA_URL (127.0.0.1:${port}) cannot be used: `
    await expect(gone).rejects.toThrow(`${where}connect ECONNREFUSED 127.0.0.1:${port}.`)
    await expect(gone).rejects.not.toThrow('secret-of-tests')
    const { schema } = postgres.address()
    const address = parsePostgresUrl(
      `postgres://stranger:secret-of-tests@127.0.0.1:${server.port}/postgres?schema=${schema}`,
    )
    const refused = openPostgresEngine({ address: address as PostgresAddress, space: 'index' })
    await expect(refused).rejects.toThrow(/ cannot be used: role "stranger" does not exist\.$/)
  })
})
