/** In `relaxed` writes are acknowledged before their files are moved: several writes of one key may be unfinished. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { openStore } from '#app/open-store.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { attributes, bucketOf, silentLog } from '../fixtures.ts'
import { forwardingEngine } from '../forwarding-engine.ts'

it('loses no older version when the newest is deleted before any of them is in its place', async () => {
  const root = await mkdtemp(join(tmpdir(), 'myfsio-relaxed-'))
  const bucket = bucketOf('Enabled')
  const inner = openMemoryEngine()
  let flushed = Promise.resolve()
  const engine: LocalEngine = {
    ...forwardingEngine(inner),
    commit: async (commit) => ((await inner.commit(commit)) === undefined ? undefined : { flushed }),
  }
  const store = await openStore({
    root,
    durability: 'relaxed',
    engine,
    watch: false,
    log: silentLog,
    isPrimary: false,
  })
  const put = async (text: string) => {
    const bytes = Buffer.from(text)
    const source = Readable.from([bytes], { objectMode: false })
    const staged = await store.stage({ source, sizeBytes: bytes.length, maxBytes: 1e9, algorithms: [] })
    const value = staged.digests.get('CRC64NVME')?.toString('base64') ?? ''
    const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value } as const
    return (await store.putObject({ bucket, key: 'a', staged, attributes, checksum, conditions: {} })).versionId
  }
  const read = async (versionId: string) => {
    const opened = await store.openObject('bucket', 'a', versionId)
    return String(opened.content(0, opened.version.sizeBytes))
  }
  await store.createBucket(bucket)
  const first = await put('first')
  expect(await read(first)).toBe('first')
  let flush = () => {}
  flushed = new Promise((resolve) => {
    flush = resolve
  })
  const second = await put('second')
  const third = await put('third')
  flushed = Promise.resolve()
  await store.deleteObject({ bucket, key: 'a', versionId: third, ownerId: 'owner', conditions: {} })
  flush()
  expect(await read(first)).toBe('first')
  expect(await read(second)).toBe('second')
  await store.close()
  await rm(root, { recursive: true })
})
