/** The engine over a real PostgreSQL. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPostgresEngine } from '#metadata/postgres/engine.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { engineContract } from './engine-contract.ts'

describe.skipIf(noPostgres !== undefined)(
  `PostgreSQL${noPostgres === undefined ? '' : ` (skipped ${noPostgres})`}`,
  () => {
    let postgres: TestPostgres
    beforeAll(async () => {
      postgres = await startPostgres()
    }, 60_000)
    afterAll(() => postgres.close())

    engineContract(async () => ({
      engine: await openPostgresEngine({ address: postgres.address(), space: 'index' }),
      remove: async () => undefined,
    }))

    it('tells the time of the server', async () => {
      const engine = await openPostgresEngine({ address: postgres.address(), space: 'index' })
      const ask = async () =>
        Number((await postgres.query('SELECT extract(epoch FROM clock_timestamp()) * 1000'))[0]?.[0])
      const times = [await ask(), (await engine.timeMs?.()) ?? 0, await ask()].map(Math.round)
      expect(times).toEqual([...times].sort((one, other) => one - other))
      await engine.close()
    })
  },
)
