/**
 * `npm run test:cluster` runs tests that need PostgreSQL or an S3 store. `faults`: two nodes under load (test/cluster).
 * `stores`: the index in PostgreSQL, nodes, upstream stores, and moves between stores. `operations`: S3 operations over
 * PostgreSQL and an S3 store (this program). With the name of a part, it runs only that part. Tests are skipped if
 * PostgreSQL is missing.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { root } from '../bench/servers/own-server.ts'
import { noPostgres, startPostgres } from '../support/postgres.ts'

/** Tests that check only answers. */
const operations = [
  'listings',
  'locks/object-lock.test',
  'locks/object-lock-input',
  'objects/conditional',
  'objects/copy-source',
  'objects/delete-objects',
  'objects/metadata',
  'objects/multipart-checksums',
  'objects/optional-attributes',
  'encryption/encrypted-objects',
].map((name) => `test/s3/${name}`)

async function run(files: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<boolean> {
  const command = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...files]
  const child = spawn(process.execPath, command, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code === 0
}

async function runOperations(): Promise<boolean> {
  const postgres = await startPostgres({ max_connections: '300' })
  try {
    const env = { TEST_BLOBS: 'upstream', TEST_INDEX: 'postgres', TEST_POSTGRES_URL: postgres.url }
    return await run(operations, env)
  } finally {
    await postgres.close()
  }
}

const parts = {
  faults: () => run(['test/cluster']),
  stores: () => run(['test/postgres', 'test/nodes', 'test/upstream', 'test/migrate']),
  operations: async () => noPostgres !== undefined || (await runOperations()),
}

const [only] = process.argv.slice(2)
if (only !== undefined && !(only in parts)) {
  console.error(`There is no part ${only}. Parts are ${Object.keys(parts).join(', ')}.`)
  process.exitCode = 1
}
for (const [name, runPart] of Object.entries(parts)) {
  if ((only === undefined || only === name) && !(await runPart())) process.exitCode = 1
}
