/**
 * `npm run test:cluster` runs the tests of node processes (test/cluster), and S3 operation tests over PostgreSQL and an
 * S3 store (this program). `-- nodes` or `-- operations` runs only these. Without PostgreSQL all are skipped.
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

const [only] = process.argv.slice(2)
const areNodesRight = only === 'operations' || (await run(['test/cluster']))
const areOperationsRight = only === 'nodes' || noPostgres !== undefined || (await runOperations())
if (!areNodesRight || !areOperationsRight) process.exitCode = 1
