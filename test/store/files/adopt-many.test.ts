import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openStore } from '#app/open-store.ts'
import { countSyncs } from '../../count-syncs.ts'
import { silentLog } from '../fixtures.ts'
import { workOf } from '../store-work.ts'

it('adopts many files that were dropped in with few flushes', async () => {
  const root = await mkdtemp(join(tmpdir(), 'myfsio-adopt-'))
  await mkdir(join(root, 'bucket'))
  for (let number = 0; number < 150; number++) await writeFile(join(root, 'bucket', `file-${number}`), 'bytes')
  const syncs = await countSyncs(root, async () => {
    const options = { durability: 'strict', engine: 'lmdb', watch: false, log: silentLog, isPrimary: true } as const
    const store = await openStore({ root, ...options })
    try {
      await expect.poll(async () => (await workOf(store, 'scan')).endedAtMs, { timeout: 10_000 }).toBeDefined()
      expect((await store.bucketUsage('bucket')).objectCount).toBe(150)
    } finally {
      await store.close()
    }
  })
  await rm(root, { recursive: true })
  expect(syncs).toBeLessThan(80)
})
