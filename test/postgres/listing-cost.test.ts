/** A page of a listing with a delimiter costs the same over PostgreSQL, whatever number of keys is in each folder. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asBuffer, type KeyRange, type MetadataEngine, type ScanOptions } from '#metadata/engine.ts'
import { newOrder } from '#metadata/order.ts'
import { Connection } from '#metadata/postgres/connections/connection.ts'
import { openPostgresEngine } from '#metadata/postgres/engine.ts'
import { foldFunctionName } from '#metadata/postgres/tables/fold-function.ts'
import { rowsOf } from '#metadata/tables.ts'
import type { StoreContext } from '#store/context.ts'
import { listObjects, listVersions } from '#store/reads/listing.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { versionRow } from './version-row.ts'

const folders = 100
/** Buckets, and the number of keys in each of their folders. */
const perFolder = { few: 4, many: 400 }
const inFolder = 'folder-020/object-003'
const afterFolder = 'folder-020/'

describe.skipIf(noPostgres !== undefined)(
  `a page with a delimiter reads as much of a large bucket as of a small one${noPostgres === undefined ? '' : ` (skipped ${noPostgres})`}`,
  () => {
    let postgres: TestPostgres
    let engine: MetadataEngine
    let connection: Connection
    let schema: string
    let context: StoreContext
    const order = newOrder(undefined)
    const scans: { readonly range: KeyRange; readonly options: ScanOptions | undefined }[] = []

    beforeAll(async () => {
      postgres = await startPostgres()
      const address = postgres.address()
      schema = address.schema
      engine = await openPostgresEngine({ address, space: 'index' })
      connection = await Connection.open(address)
      for (const [bucket, count] of Object.entries(perFolder)) {
        await fill(rowsOf('o', bucket).start, count, '')
        await fill(rowsOf('v', bucket).start, count, `\0${order}`)
      }
      await connection.query({ text: `VACUUM ANALYZE ${schema}.index_rows` })
      const scan: MetadataEngine['scan'] = (range, options) => {
        scans.push({ range, options })
        return engine.scan(range, options)
      }
      context = { engine: { scan, isRemote: true } } as unknown as StoreContext
    }, 60_000)
    afterAll(async () => {
      await connection?.close()
      await engine?.close()
      await postgres?.close()
    })

    /** Keys `folder-001/object-001`. */
    async function fill(start: Uint8Array, count: number, ending: string): Promise<void> {
      const numbered = (name: string, number: string) => `'${name}-' || lpad(${number}::text, 3, '0')`
      await connection.query({
        text: `INSERT INTO ${schema}.index_rows
          SELECT $1::bytea || convert_to(${numbered('folder', 'f')} || '/' || ${numbered('object', 'n')}, 'UTF8') || $2::bytea, $3::bytea
          FROM generate_series(1, ${folders}) AS f, generate_series(1, ${count}) AS n`,
        values: [asBuffer(start), Buffer.from(ending), versionRow(inFolder, order)],
      })
    }

    /** Pages of tables and indexes that the scans touch. */
    async function countBuffers(): Promise<number> {
      let buffers = 0
      for (const { range, options } of scans) {
        const { fold, limit } = options ?? {}
        if (fold === undefined) throw new Error('a scan that does not skip')
        const text = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
          SELECT * FROM ${foldFunctionName(schema, 'index')}($1, $2, $3, $4, $5, $6)`
        const ends = [asBuffer(range.start), asBuffer(range.end)]
        const values = [...ends, limit, fold.skip, asBuffer(fold.delimiter), fold.ignored]
        // The first call of a connection also reads the catalog.
        await connection.query({ text, values })
        const [[plan] = []] = await connection.query({ text, values })
        const [{ Plan: root }] = JSON.parse(plan as string)
        buffers += root['Shared Hit Blocks'] + root['Shared Read Blocks']
      }
      return buffers
    }

    const ofObjects = (after: string, isMarker = false) => ({
      scanCount: 1,
      list: (bucket: string) =>
        listObjects(context, { bucket, prefix: '', delimiter: '/', limit: 1000, after, isMarker }),
    })
    const ofVersions = (keyMarker: string) => ({
      scanCount: 2,
      list: (bucket: string) =>
        listVersions(context, {
          bucket,
          prefix: '',
          delimiter: '/',
          limit: 1000,
          keyMarker,
          versionIdMarker: undefined,
        }),
    })

    it.each([
      ['the first', { first: 1, ...ofObjects('') }],
      ['after a folder', { first: 21, ...ofObjects(afterFolder) }],
      ['after a key in a folder', { first: 20, ...ofObjects(inFolder) }],
      ['after a marker in a folder', { first: 21, ...ofObjects(inFolder, true) }],
      ['the first of versions', { first: 1, ...ofVersions('') }],
      ['of versions after a folder', { first: 21, ...ofVersions(afterFolder) }],
      ['of versions after a key in a folder', { first: 21, ...ofVersions(inFolder) }],
    ] as const)('%s', async (_, { first, scanCount, list }) => {
      const costs: number[] = []
      for (const bucket of Object.keys(perFolder)) {
        scans.length = 0
        const { commonPrefixes } = await list(bucket)
        expect(commonPrefixes).toHaveLength(folders - first + 1)
        expect(commonPrefixes[0]).toBe(`folder-${String(first).padStart(3, '0')}/`)
        expect(scans).toHaveLength(scanCount)
        costs.push(await countBuffers())
      }
      const [few = 0, many = 0] = costs
      expect(few).toBeGreaterThan(0)
      expect(many).toBeLessThan(2 * few)
    })
  },
)
