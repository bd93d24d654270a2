/** Plain files in a folder of their own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEngine } from '#app/open-store.ts'
import { Layout } from '#blobs/files/place/layout.ts'
import { prepareSystemFolder } from '#blobs/files/place/system-folder.ts'
import { PlainFiles } from '#blobs/files/plain-files.ts'
import { systemClock } from '#lib/clock.ts'
import { silentLog } from '../store/fixtures.ts'
import type { OpenedBlobs } from './key-rows.ts'

const owner = {
  onForeign: () => Promise.reject(new Error('a file of ours was taken for one made by hand')),
  onForeignBucket: async () => false,
  look: async () => undefined,
}

export async function openPlainFiles(name: 'lmdb' | 'memory'): Promise<OpenedBlobs & { readonly root: string }> {
  const root = await mkdtemp(join(tmpdir(), 'myfsio-blobs-'))
  const layout = new Layout(root)
  const reserve = prepareSystemFolder(layout)
  const durability = 'strict'
  const engine = openEngine({ root, durability, engine: name })
  const more = { log: silentLog, clock: systemClock, reserve, verifyReads: 'always' } as const
  const blobs = await PlainFiles.open({ layout, engine, durability, ...more })
  await blobs.start(owner)
  const close = async () => {
    await blobs.close()
    await engine.close()
    await rm(root, { recursive: true })
  }
  return { engine, blobs, close, root }
}
