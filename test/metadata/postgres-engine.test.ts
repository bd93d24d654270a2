/** The engine over a real PostgreSQL. */
import { afterAll, beforeAll, describe } from 'vitest'
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
  },
)
