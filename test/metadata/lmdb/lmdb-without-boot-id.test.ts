/** On a system without a boot id, LMDB flushes by itself. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { openLmdbEngine } from '#metadata/lmdb/engine.ts'
import { engineContract } from '../engine-contract.ts'

vi.mock('#lib/system/boot-id.ts', () => ({ bootId: () => undefined }))

async function open() {
  const path = await mkdtemp(join(tmpdir(), 'myfsio-index-'))
  return {
    path,
    engine: openLmdbEngine({ path, flush: 'each', files: path }),
    remove: () => rm(path, { recursive: true }),
  }
}

engineContract(open)

it('keeps no log and no checkpoints, and what would be in the log in the index', async () => {
  const { path, engine, remove } = await open()
  const key = Buffer.from('a')
  await engine.commit({ checks: [], writes: [{ key, value: Buffer.from('1'), rest: [Buffer.from('2')] }] })
  expect(Buffer.from((await engine.get(key)) ?? '').toString()).toBe('12')
  await engine.close()
  expect((await readdir(path)).sort()).toEqual(['data.mdb', 'lock.mdb', 'users'])
  await remove()
})
