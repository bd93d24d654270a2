import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch } from '../launcher/launcher.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { testSecretKey } from '../support/program.ts'

describe.skipIf(noPostgres !== undefined)(`a database that cannot be used ${noPostgres ?? ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'myfsio-unusable-'))
  let postgres: TestPostgres

  beforeAll(async () => {
    postgres = await startPostgres()
  }, 60_000)
  afterAll(async () => {
    await postgres.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  it.each([
    ['a start', []],
    ['documents export', ['documents', 'export', join(folder, 'out')]],
    ['--reset-cred', ['--reset-cred']],
    ['rotate-root-key', ['rotate-root-key']],
    ['migrate --to-folder', ['migrate', '--to-folder', join(folder, 'target')]],
  ])('is reported by %s in one sentence', async (_, flags) => {
    const url = new URL(postgres.url)
    url.pathname = '/missing'
    const launched = launch(flags, {
      METADATA_URL: url.href,
      BLOBS_URL: 's3://bucket?endpoint=http://127.0.0.1:1',
      STORAGE_ROOT: join(folder, 'data'),
      SECRET_KEY: testSecretKey,
      KMS_ROOT_KEY: 'a root key that all nodes have the same',
      API_PORT: '0',
      UI_PORT: '0',
    })
    expect(await launched.exited).toBe(1)
    expect(launched.output()).toMatch(/^The database of METADATA_URL \(.*\) cannot be used: .*"missing".*\n$/)
  })
})
