/** Several nodes over one PostgreSQL: each engine here is one. */
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PostgresAddress } from '#config/metadata-url.ts'
import type { Check, Commit, MetadataEngine, Write } from '#metadata/engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { Connection } from '#metadata/postgres/connections/connection.ts'
import { openPostgresEngine } from '#metadata/postgres/engine.ts'
import { slotLocks } from '#metadata/postgres/tables/commit-function.ts'
import { migrations } from '#metadata/postgres/tables/schema.ts'
import { decodeJson, rowKey, rowsOf } from '#metadata/tables.ts'
import { randomFrom } from '../random.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'

const bytes = (text: string) => Buffer.from(text)
const text = (value: Uint8Array | undefined) => (value === undefined ? undefined : Buffer.from(value).toString())
const everything = { start: bytes('\0'), end: bytes('\xff') }

describe.skipIf(noPostgres !== undefined)(
  `PostgreSQL shared${noPostgres === undefined ? '' : ` (skipped ${noPostgres})`}`,
  () => {
    let postgres: TestPostgres
    let address: PostgresAddress
    let nodes: MetadataEngine[]
    let first: MetadataEngine
    let second: MetadataEngine

    beforeAll(async () => {
      postgres = await startPostgres({ synchronous_commit: 'off', fsync: 'off' })
    }, 60_000)
    afterAll(() => postgres.close())
    beforeEach(async () => {
      address = postgres.address()
      nodes = await Promise.all([1, 2].map(() => openPostgresEngine({ address, space: 'index' })))
      ;[first, second] = nodes as [MetadataEngine, MetadataEngine]
    })
    afterEach(async () => {
      for (const node of nodes) await node.close()
    })

    const commit = async (engine: MetadataEngine, writes: readonly Write[], checks: readonly Check[] = []) =>
      (await engine.commit({ checks, writes })) !== undefined
    const put = (key: Buffer, value = '1'): Write => ({ key, value: bytes(value) })
    const numbersOf = async (key: Buffer) => decodeJson((await first.get(key)) ?? bytes('{}'))

    it('makes the tables once when many nodes start at the same time', async () => {
      const fresh = postgres.address()
      const engines = await Promise.all([1, 2, 3, 4].map(() => openPostgresEngine({ address: fresh, space: 'index' })))
      expect(await commit(engines[0] as MetadataEngine, [put(bytes('a'))])).toBe(true)
      for (const engine of engines) await engine.close()
      const steps = await postgres.query(`SELECT version FROM ${fresh.schema}.migrations`)
      expect(steps).toEqual(migrations.map((_, index) => [index + 1]))
    })

    it('refuses a schema of a newer release', async () => {
      await postgres.query(`INSERT INTO ${address.schema}.migrations (version) VALUES (99)`)
      await expect(openPostgresEngine({ address, space: 'index' })).rejects.toThrow(
        `The schema "${address.schema}" of the database has version 99, and this program knows ${migrations.length} at most`,
      )
    })

    it('refuses a database whose advisory locks have no effect', async ({ skip }) => {
      if (postgres.server === undefined) skip()
      await postgres.query(`CREATE SCHEMA no_locks;
        CREATE FUNCTION no_locks.pg_advisory_xact_lock(int8) RETURNS int4 LANGUAGE sql AS 'SELECT 1';
        ALTER ROLE CURRENT_USER SET search_path = no_locks, pg_catalog`)
      try {
        await expect(openPostgresEngine({ address, space: 'index' })).rejects.toThrow('advisory locks')
      } finally {
        await postgres.query('ALTER ROLE CURRENT_USER RESET search_path; DROP SCHEMA no_locks CASCADE')
      }
    })

    it('refuses a database whose statements do not see what was committed while they waited for a lock', async () => {
      // As a database that runs READ COMMITTED with one snapshot for each transaction.
      const { schema } = address
      await postgres.query(`ALTER FUNCTION ${schema}.sees_after_lock_1(int8, uuid) STABLE`)
      await expect(openPostgresEngine({ address, space: 'index' })).rejects.toThrow('READ COMMITTED')
      await postgres.query(`ALTER FUNCTION ${schema}.sees_after_lock_1(int8, uuid) VOLATILE`)
    })

    it('never lets a row come into a range that another commit requires to be empty', async () => {
      for (let round = 0; round < 60; round++) {
        const name = `bucket-${round}`
        const bucket = rowKey('b', name)
        await commit(first, [put(bucket)])
        // They touch different rows, except for the range.
        const [isRemoved, ...arePut] = await Promise.all([
          commit(first, [put(rowKey('x', name))], [{ empty: rowsOf('o', name) }]),
          ...[1, 2, 3].map((index) =>
            commit(second, [put(rowKey('o', name, `key-${index}`))], [{ key: rowKey('x', name), is: undefined }]),
          ),
        ])
        const isPut = arePut.includes(true)
        expect([isRemoved, isPut]).not.toEqual([true, true])
        expect([isRemoved, isPut]).not.toEqual([false, false])
      }
    })

    it('does not refuse writes to neighbouring rows of one another', async () => {
      const writes = Array.from({ length: 400 }, (_, index) => {
        const key = rowKey('o', 'bucket', String(index).padStart(5, '0'))
        return commit(nodes[index % 2] as MetadataEngine, [put(key)], [{ key, is: undefined }])
      })
      expect(new Set(await Promise.all(writes))).toEqual(new Set([true]))
    })

    it('lets one of two nodes win that expect the same state, and never both by what the other is about to change', async () => {
      for (let round = 0; round < 60; round++) {
        const [a, b] = [bytes(`a${round}`), bytes(`b${round}`)]
        const won = await Promise.all([
          commit(first, [put(a)], [{ key: b, is: undefined }]),
          commit(second, [put(b)], [{ key: a, is: undefined }]),
        ])
        expect(won.filter((one) => one)).toHaveLength(1)
      }
    })

    it('holds counters to a number across nodes', async () => {
      const key = rowKey('c', 'bucket')
      const commits = Array.from({ length: 60 }, (_, index) =>
        commit(
          nodes[index % 2] as MetadataEngine,
          [{ key, add: { count: 1 } }],
          [{ counter: key, atMost: { count: 24 } }],
        ),
      )
      expect((await Promise.all(commits)).filter((one) => one)).toHaveLength(25)
      expect(await numbersOf(key)).toEqual({ count: 25 })
    })

    it('spreads what is added to a counter over rows, and shows the sum', async () => {
      const key = rowKey('c', 'bucket')
      const add = (engine: MetadataEngine, index: number) =>
        commit(engine, [put(rowKey('o', 'bucket', String(index))), { key, add: { count: 1, size: index } }])
      await add(first, 0)
      await Promise.all(Array.from({ length: 300 }, (_, index) => add(nodes[index % 2] as MetadataEngine, index + 1)))
      expect(await numbersOf(key)).toEqual({ count: 301, size: (300 * 301) / 2 })
      const rows = await first.scan(rowsOf('c'))
      expect(rows.map((row) => [text(row.key), decodeJson(row.value)])).toEqual([[text(key), await numbersOf(key)]])
      // Like another commit that adds to it, and has not ended yet.
      const other = await Connection.open(address)
      await other.query({ text: 'SELECT pg_advisory_lock($1, 0)', values: [slotLocks] })
      await add(first, 301)
      await other.close()
      const slots = await postgres.query(`SELECT slot FROM ${address.schema}.index_counts ORDER BY slot`)
      expect(slots.map(([slot]) => slot)).toEqual(expect.arrayContaining([0, 1]))
      expect(await numbersOf(key)).toEqual({ count: 302, size: (301 * 302) / 2 })
    })

    it('compares a counter with its sum, and with nobody adding meanwhile', async () => {
      const [left, right] = [bytes('left'), bytes('right')]
      const zero = bytes('{"count":0}')
      const add = (key: Buffer, count: number): Write => ({ key, add: { count } })
      for (let round = 0; round < 40; round++) {
        await commit(first, [put(left, '{"count":0}'), put(right, '{"count":0}')])
        await commit(first, [add(left, 0), add(right, 0)])
        const won = await Promise.all([
          commit(first, [add(left, 1)], [{ key: right, is: zero }]),
          commit(second, [add(right, 1)], [{ key: left, is: zero }]),
        ])
        expect(won.filter((one) => one)).toHaveLength(1)
      }
    })

    it('shows the rows of a sequence without a gap that is filled later', async () => {
      const counter = rowKey('e', 'bucket')
      let isOver = false
      const appended = Promise.all(
        Array.from({ length: 300 }, (_, index) =>
          commit(nodes[index % 2] as MetadataEngine, [{ append: counter, value: bytes(String(index)) }]),
        ),
      ).then(() => {
        isOver = true
      })
      while (!isOver) {
        const rows = await second.scan(rowsOf('e', 'bucket'))
        const numbers = rows.map(({ key }) => Number(text(key)?.slice(-14)))
        expect(numbers).toEqual(numbers.map((_, index) => index))
      }
      await appended
      expect(await numbersOf(counter)).toEqual({ next: 300 })
    })

    it('applies a commit that cannot be applied to none, and the others of its group all the same', async () => {
      const tooLong = randomBytes(6000)
      const commits = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) => commit(first, [put(index === 7 ? tooLong : bytes(`k${index}`))])),
      )
      expect(commits.map(({ status }) => status)).toEqual(
        commits.map((_, index) => (index === 7 ? 'rejected' : 'fulfilled')),
      )
      expect(await first.scan(everything)).toHaveLength(19)
    })

    it('applies a commit with more rows than there is room for locks', async () => {
      const keys = Array.from({ length: 1000 }, (_, index) => rowKey('o', 'bucket', String(index)))
      const writes = keys.map((key) => put(key))
      const checks = keys.map((key) => ({ key, is: undefined }))
      expect(await Promise.all([commit(first, writes, checks), commit(second, writes, checks)])).toContain(false)
      expect(await first.scan(rowsOf('o'))).toHaveLength(1000)
    })

    it('compares large values too', async () => {
      const key = bytes('large')
      const large = 'x'.repeat(100_000)
      await commit(first, [put(key, large)])
      expect(await commit(first, [put(key)], [{ key, is: bytes(`${large}x`) }])).toBe(false)
      expect(await commit(first, [put(key)], [{ key, is: bytes(large) }])).toBe(true)
    })

    it('does what the memory engine does, whatever the commits', async () => {
      const memory = openMemoryEngine()
      const random = randomFrom(22)
      const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
      const names = ['a', 'b', 'a\0x', 'a\0y', 'b\0x']
      const key = () => bytes(pick(names))
      const value = () => bytes(JSON.stringify(pick([{ count: 1 }, { count: 2, size: 5 }, { next: 3 }])))
      const write = (): Write =>
        pick<() => Write>([
          () => ({ key: key(), value: value() }),
          () => ({ key: key(), value: undefined }),
          () => ({ key: key(), add: pick([{ count: 1 }, { size: -2, count: 3 }]) }),
          () => ({ append: bytes('s'), value: value() }),
        ])()
      const check = async (): Promise<Check> => {
        const at = key()
        return pick<() => Check>([
          () => ({ key: at, is: memory.get(at) as Uint8Array | undefined }),
          () => ({ key: at, is: value() }),
          () => ({ empty: pick([rowsOf('a' as 'b'), rowsOf('c'), { start: bytes('b'), end: bytes('c') }]) }),
          () => ({ counter: at, atMost: { count: pick([0, 3, 10]) } }),
        ])()
      }
      for (let step = 0; step < 400; step++) {
        const many = async <T>(most: number, make: () => T | Promise<T>): Promise<T[]> =>
          Promise.all(Array.from({ length: Math.floor(random() * (most + 1)) }, make))
        const one: Commit = { checks: await many(2, check), writes: [write(), ...(await many(2, write))] }
        const results = [await memory.commit(one), await first.commit(one)]
        expect([step, one, results[1] !== undefined]).toEqual([step, one, results[0] !== undefined])
        const shown = async (engine: MetadataEngine) =>
          (await engine.scan(everything)).map((row) => [text(row.key), decodeJson(row.value)])
        expect([step, one, await shown(first)]).toEqual([step, one, await shown(memory)])
      }
    })
  },
)
