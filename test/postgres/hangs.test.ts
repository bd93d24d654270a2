/** Nodes whose packets to PostgreSQL are lost: the server has their connections, and what they had half sent. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { parsePostgresUrl } from '#config/metadata-url.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { Connection } from '#metadata/postgres/connections/connection.ts'
import { decodeJson } from '#metadata/tables.ts'
import { type HangingProxy, startHangingProxy } from '../support/hanging-proxy.ts'
import { noPostgres, startPostgres, type TestPostgres, type TestServer } from '../support/postgres.ts'
import { commitOnce, openIndexAt } from './one-index.ts'

const skipped = noPostgres ?? (process.env.TEST_POSTGRES_URL ? 'with a server that has other sessions' : undefined)
const bytes = (text: string) => Buffer.from(text)
const holds = (part: string) => (data: Buffer) => data.includes(part)
const text = (value: Uint8Array | undefined) => (value === undefined ? undefined : Buffer.from(value).toString())

describe.skipIf(skipped !== undefined)(
  `PostgreSQL cut off${skipped === undefined ? '' : ` (skipped ${skipped})`}`,
  () => {
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

    async function startProxy(): Promise<HangingProxy> {
      const proxy = await startHangingProxy(server.port)
      open.push(proxy)
      return proxy
    }

    const sessionsThat = (state: string) => async () =>
      expect(await postgres.query(`SELECT count(*) FROM pg_stat_activity WHERE ${state}`)).toEqual([[1]])
    /** The server has executed a statement and waits for the message that ends it: Sync, of five bytes. */
    const halfSent = sessionsThat(`state = 'active' AND wait_event = 'ClientRead'`)
    const syncBytes = 5

    it('commits although another node was cut off between the execution of its commit and its end', async () => {
      const proxy = await startProxy()
      const { schema } = postgres.address()
      const cutOff = await openAt(`127.0.0.1:${proxy.port}`, { schema })
      const other = await openAt(`127.0.0.1:${server.port}`, { schema })
      await commitOnce(cutOff, 'first')
      const hanging = proxy.hangAt(holds('second'), syncBytes)
      const committed = commitOnce(cutOff, 'second')
      await hanging
      await vi.waitFor(halfSent, { timeout: 20_000 })
      expect(await commitOnce(other, 'second')).toBeDefined()
      proxy.goOn('deliver')
      expect(await committed).toBeUndefined()
      expect(decodeJson((await other.get(bytes('c'))) ?? bytes('0'))).toEqual({ count: 2 })
    }, 60_000)

    it('finds out about a commit although it was cut off when it had half asked', async () => {
      const proxy = await startProxy()
      const engine = await openAt(`127.0.0.1:${proxy.port}`, { retry_timeout: '60', statement_timeout: '1000' })
      await commitOnce(engine, 'first')
      const hanging = proxy.hangAt(holds('second'), 0)
      const committed = commitOnce(engine, 'second')
      await hanging
      const hangingAgain = proxy.hangAt(holds('is_closed = true'), syncBytes)
      proxy.goOn('drop')
      await hangingAgain
      await vi.waitFor(halfSent, { timeout: 20_000 })
      proxy.goOn('drop')
      expect(await committed).toBeDefined()
      expect(decodeJson((await engine.get(bytes('c'))) ?? bytes('0'))).toEqual({ count: 2 })
    }, 60_000)

    it('starts although another node was cut off while it made the tables', async () => {
      const proxy = await startProxy()
      const { schema } = postgres.address()
      const hanging = proxy.hangAt(holds('CREATE FUNCTION'), 0)
      const cutOff = openAt(`127.0.0.1:${proxy.port}`, { schema })
      await hanging
      await vi.waitFor(sessionsThat(`state = 'idle in transaction'`), { timeout: 20_000 })
      const other = await openAt(`127.0.0.1:${server.port}`, { schema })
      expect(await commitOnce(other, 'first')).toBeDefined()
      proxy.goOn('deliver')
      expect(text(await (await cutOff).get(bytes('first')))).toBe('1')
    }, 60_000)

    it('waits once for a host that hangs, and goes to the next', async () => {
      let connections = 0
      const hanging = createServer((socket) => {
        connections++
        socket.on('error', () => undefined).resume()
      }).listen(0, '127.0.0.1')
      await once(hanging, 'listening')
      open.push({ close: () => promisify(hanging.close.bind(hanging))() })
      const { port } = hanging.address() as AddressInfo
      const parameters = { sslmode: 'prefer', connect_timeout: '1', schema: postgres.address().schema }
      const hosts = `127.0.0.1:${port},127.0.0.1:${server.port}`
      const address = parsePostgresUrl(
        `postgres://myfsio:secret-of-tests@${hosts}/postgres?${new URLSearchParams(parameters)}`,
      )
      if (address === undefined) throw new Error('no address')
      open.push(await Connection.open(address))
      expect(connections).toBe(1)
    }, 20_000)

    it('waits for the database as long for a read that joins an older one', async () => {
      const proxy = await startProxy()
      const parameters = { retry_timeout: '4', connect_timeout: '1' }
      const engine = await openAt(`127.0.0.1:${proxy.port}`, parameters)
      await commitOnce(engine, 'first')
      proxy.hang()
      proxy.goOn('drop')
      proxy.hang()
      // Afterwards no connection is left that a read could use.
      await setTimeout(200)
      const older = expect(engine.get(bytes('other'))).rejects.toMatchObject({ code: 'SlowDown' })
      await setTimeout(2000)
      const younger = expect(engine.get(bytes('first'))).resolves.toEqual(bytes('1'))
      await older
      proxy.goOn('drop')
      await younger
    }, 20_000)

    it('asks the server to notice a machine that is gone', async () => {
      const connection = await Connection.open(postgres.address())
      open.push(connection)
      const [seconds = []] = await connection.query({
        text: `SELECT current_setting('tcp_keepalives_idle')::int4 + current_setting('tcp_keepalives_interval')::int4
        * current_setting('tcp_keepalives_count')::int4`,
      })
      expect(seconds).toEqual([25])
    })
  },
)
