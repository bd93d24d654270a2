import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadConfig } from '#config/config.ts'
import { findIndexDamage } from '#launcher/start/index-damage.ts'
import { openLmdbEngine } from '#metadata/lmdb/engine.ts'
import { launch } from './launcher.ts'

it('says of an index that is cut off what is wrong with it and what to do, and does not start', async () => {
  const root = fs.mkdtempSync(join(tmpdir(), 'myfsio-damage-'))
  const folder = join(root, '.myfsio.sys', 'index')
  fs.mkdirSync(folder, { recursive: true })
  const engine = openLmdbEngine({ path: folder, flush: 'each' })
  for (let i = 0; i < 100; i++) {
    const writes = [{ key: Buffer.from(`b${i}`), value: Buffer.alloc(1500) }]
    await engine.commit({ checks: [], writes })
  }
  await engine.close()
  const file = join(folder, 'data.mdb')
  fs.truncateSync(file, fs.statSync(file).size / 2)
  const launched = launch(['--api-port', '0', '--ui-port', '0'], { STORAGE_ROOT: root })
  expect(await launched.exited).toBe(1)
  expect(launched.output()).toMatch(/data\.mdb is damaged: .*\. Restore .* npx tsx run\.ts fsck --rebuild/)
  // With METADATA_URL the index is elsewhere, and this one is of an earlier time.
  const elsewhere = { METADATA_URL: 'postgres://user:password@127.0.0.1/database', BLOBS_URL: 's3://bucket' }
  expect(await findIndexDamage(loadConfig([], { STORAGE_ROOT: root }, root))).toMatch(/is damaged/)
  expect(await findIndexDamage(loadConfig([], { STORAGE_ROOT: root, ...elsewhere }, root))).toBeUndefined()
  fs.rmSync(root, { recursive: true })
})
