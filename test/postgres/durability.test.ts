/** How far commits of the index wait for the disk of the database, as DURABILITY says. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openIndex, openJournalEngine } from '#app/open-index.ts'
import { loadConfig } from '#config/config.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'

const key = Buffer.from('key')

describe.skipIf(noPostgres !== undefined)(`commits to a PostgreSQL ${noPostgres ?? ''}`, () => {
  let postgres: TestPostgres

  beforeAll(async () => {
    postgres = await startPostgres()
  }, 60_000)
  afterAll(() => postgres.close())

  /** synchronous_commit in the transaction of a commit. */
  async function settingOf(
    durability: string,
    space: 'index' | 'journal' = 'index',
    server?: string,
  ): Promise<unknown> {
    const { schema } = postgres.address()
    const options = server === undefined ? '' : `ALTER ROLE myfsio SET synchronous_commit = ${server}`
    if (options !== '') await postgres.query(options)
    const url = `${postgres.url}${postgres.url.includes('?') ? '&' : '?'}schema=${schema}`
    const config = loadConfig([], { METADATA_URL: url, BLOBS_URL: 's3://unused', DURABILITY: durability }, '/tmp')
    const engine: MetadataEngine = await (space === 'index' ? openIndex(config) : openJournalEngine(config))
    try {
      await postgres.query(`CREATE TABLE ${schema}.seen (setting text)`)
      await postgres.query(`CREATE FUNCTION ${schema}.see() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO ${schema}.seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$`)
      await postgres.query(
        `CREATE TRIGGER see BEFORE INSERT ON ${schema}.${space}_rows FOR EACH ROW EXECUTE FUNCTION ${schema}.see()`,
      )
      await engine.commit({ checks: [], writes: [{ key, value: key }] })
      return (await postgres.query(`SELECT setting FROM ${schema}.seen`)).flat()
    } finally {
      await engine.close()
      if (options !== '') await postgres.query('ALTER ROLE myfsio RESET synchronous_commit')
    }
  }

  it.each([
    ['strict', 'on'],
    ['relaxed', 'off'],
    ['none', 'off'],
  ])('with %s have synchronous_commit=%s', async (durability, setting) => {
    expect(await settingOf(durability)).toEqual([setting])
  })

  it.runIf(process.env.TEST_POSTGRES_URL === undefined)(
    'with strict are flushed whatever the default of the server is',
    async () => {
      expect(await settingOf('strict', 'index', 'off')).toEqual(['on'])
      expect(await settingOf('strict', 'index', 'local')).toEqual(['local'])
    },
  )

  it('of the journal are always flushed', async () => {
    expect(await settingOf('relaxed', 'journal')).toEqual(['on'])
  })
})
