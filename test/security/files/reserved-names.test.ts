/** A bucket named like a route of the server would hide that route. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openEngine } from '#app/open-store.ts'
import { encodeJson, rowKey } from '#metadata/tables.ts'
import { startTestApi, type TestApi } from '../../input/api.ts'

const root = mkdtempSync(join(tmpdir(), 'reserved-'))
let api: TestApi
beforeAll(async () => {
  // A bucket made before its name was reserved.
  const engine = openEngine({ root, durability: 'strict', engine: 'lmdb' })
  const kept = {
    name: 'presign',
    createdAtMs: Date.now(),
    ownerId: 'owner',
    region: 'us-east-1',
    versioning: 'Unversioned',
  }
  await engine.commit({ checks: [], writes: [{ key: rowKey('b', 'presign'), value: encodeJson(kept) }] })
  await engine.close()
  mkdirSync(join(root, 'healthz'))
  writeFileSync(join(root, 'healthz/file'), 'x')
  mkdirSync(join(root, 'found'))
  api = await startTestApi({ STORAGE_ROOT: root, MYFSIO_BUCKETS: 'bucket' })
})
afterAll(async () => {
  await api.close()
  rmSync(root, { recursive: true, force: true })
})

it.each(['bucket-policy', 'healthz'])('no new bucket is named %s', async (name) => {
  const created = await api.ask({ line: `PUT /${name}` })
  expect([created.status, created.code]).toEqual([400, 'InvalidBucketName'])
  expect((await api.ask({ line: 'GET /' })).body).not.toContain(`<Name>${name}<`)
})

it('names that only begin so are free', async () => {
  expect((await api.ask({ line: 'PUT /presign-2' })).status).toBe(200)
})

it('a bucket that has such a name keeps it', async () => {
  expect((await api.ask({ line: 'PUT /presign' })).code).toBe('BucketAlreadyExists')
  expect((await api.ask({ line: 'GET /' })).status).toBe(200)
})

it('a folder of such a name is not adopted as a bucket', async () => {
  await expect.poll(async () => (await api.ask({ line: 'HEAD /found' })).status, { timeout: 10_000 }).toBe(200)
  expect((await api.ask({ line: 'GET /' })).body).not.toContain('<Name>healthz<')
})
