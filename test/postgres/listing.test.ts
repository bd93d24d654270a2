/**
 * Pages of a listing over PostgreSQL, which skips common prefixes itself, and over the memory engine, which does not.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MetadataEngine, ScanOptions } from '#metadata/engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { newOrder } from '#metadata/order.ts'
import { openPostgresEngine } from '#metadata/postgres/engine.ts'
import { rowKey, rowsOf, rowsWithPrefix } from '#metadata/tables.ts'
import type { StoreContext } from '#store/context.ts'
import { listObjects, listVersions } from '#store/reads/listing.ts'
import { type Random, randomFrom } from '../random.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { versionRow } from './version-row.ts'

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T

describe.skipIf(noPostgres !== undefined)(
  `PostgreSQL lists${noPostgres === undefined ? '' : ` (skipped ${noPostgres})`}`,
  () => {
    const memory = openMemoryEngine()
    const random = randomFrom(23)
    let postgres: TestPostgres
    let engine: MetadataEngine
    const scans: (ScanOptions | undefined)[] = []

    beforeAll(async () => {
      postgres = await startPostgres()
      engine = await openPostgresEngine({ address: postgres.address(), space: 'index' })
      const pieces = ['a', 'b', '/', '0', 'é', '\u{1f600}', 'photos/']
      const keys = Array.from({ length: 700 }, () =>
        Array.from({ length: 1 + Math.floor(random() * 6) }, () => pick(random, pieces)).join(''),
      )
      // A folder that is worth passing over.
      keys.push(...Array.from({ length: 300 }, (_, index) => `photos/${index}/x`))
      const writes = keys.flatMap((key) => {
        const rows = [{ key: rowKey('o', 'bucket', key), value: versionRow(key, newOrder(undefined)) }]
        for (let older = Math.floor(random() * 3); older > 0; older--) {
          const order = newOrder(undefined)
          rows.push({ key: rowKey('v', 'bucket', key, order), value: versionRow(key, order) })
        }
        return rows
      })
      for (const to of [memory, engine]) await to.commit({ checks: [], writes })
    }, 60_000)
    afterAll(async () => {
      await engine.close()
      await postgres.close()
    })

    const contextOf = (of: MetadataEngine) => {
      const scan: MetadataEngine['scan'] = (range, options) => {
        scans.push(options)
        return of.scan(range, options)
      }
      const isRemote = of.isRemote === true
      return { engine: { get: (key: Buffer) => of.get(key), scan, isRemote } } as unknown as StoreContext
    }

    const queryOf = () => ({
      bucket: 'bucket',
      prefix: pick(random, ['', 'a', 'photos/', 'a/', 'é', 'none']),
      delimiter: pick(random, ['/', '', 'b', '0', 'é', 'photos/', 'a/']),
      limit: pick(random, [1, 2, 3, 7, 50, 1000]),
    })

    it('the same objects and common prefixes, whatever is asked', async () => {
      for (let round = 0; round < 150; round++) {
        const query = {
          ...queryOf(),
          after: pick(random, ['', 'a', 'a/b', 'photos/', 'photos/1', 'é']),
          isMarker: random() < 0.5,
        }
        const pages = [await listObjects(contextOf(engine), query), await listObjects(contextOf(memory), query)]
        expect([query, pages[0]]).toEqual([query, pages[1]])
      }
    })

    it('the same versions, whatever is asked', async () => {
      for (let round = 0; round < 150; round++) {
        const query = {
          ...queryOf(),
          keyMarker: pick(random, ['', 'a', 'a/b', 'photos/', 'photos/1', 'é']),
          versionIdMarker: undefined,
        }
        const pages = [await listVersions(contextOf(engine), query), await listVersions(contextOf(memory), query)]
        expect([query, pages[0]]).toEqual([query, pages[1]])
      }
    })

    it('a page with a delimiter in one round trip, without the rows that it passes over', async () => {
      scans.length = 0
      const query = { bucket: 'bucket', prefix: 'photos/', delimiter: '/', limit: 1000, after: '' }
      const { commonPrefixes } = await listObjects(contextOf(engine), query)
      expect(commonPrefixes.length).toBeGreaterThan(300)
      expect(scans).toHaveLength(1)
      const range = rowsWithPrefix('o', 'bucket\0')
      const fold = { skip: rowsOf('o', 'bucket').start.length, delimiter: Buffer.from('/'), ignored: 0 }
      const folded = await engine.scan(range, { fold })
      expect(folded.filter(({ key }) => key.toString().startsWith('o\0bucket\0photos/'))).toHaveLength(1)
    })
  },
)
