/** What tests of a lost or cut off PostgreSQL share: an engine at given hosts, and a commit that applies only once. */
import { parsePostgresUrl } from '#config/metadata-url.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { openPostgresEngine } from '#metadata/postgres/engine.ts'
import type { TestPostgres } from '../support/postgres.ts'

const bytes = (text: string) => Buffer.from(text)

export async function openIndexAt(
  postgres: TestPostgres,
  hosts: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<MetadataEngine> {
  const { schema } = postgres.address(parameters)
  const query = new URLSearchParams({ ...parameters, schema })
  const address = parsePostgresUrl(`postgres://myfsio:secret-of-tests@${hosts}/postgres?${query}`)
  if (address === undefined) throw new Error('no address')
  return openPostgresEngine({ address, space: 'index' })
}

export const commitOnce = (engine: MetadataEngine, key: string) =>
  engine.commit({
    checks: [{ key: bytes(key), is: undefined }],
    writes: [
      { key: bytes(key), value: bytes('1') },
      { key: bytes('c'), add: { count: 1 } },
      { append: bytes('e\0b'), value: bytes(key) },
    ],
  })
