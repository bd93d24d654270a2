/** The files that a killed process of an earlier release has left. */
import { mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openEngine, openStore } from '#app/open-store.ts'
import { encodePending, pendingKey } from '#blobs/files/pending/pending.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { stagedFiles } from '../../staged-files.ts'
import { attributes, bucketOf, silentLog } from '../fixtures.ts'

const bucket = bucketOf('Unversioned')
const sizeBytes = 100_000
let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'myfsio-earlier-'))
})
afterEach(() => rm(root, { recursive: true }))

const open = () =>
  openStore({ root, durability: 'strict', engine: 'lmdb', watch: false, log: silentLog, isPrimary: false })

async function put(): Promise<StoredVersion> {
  const store = await open()
  await store.createBucket(bucket)
  const source = Readable.from([Buffer.alloc(sizeBytes, 'x')], { objectMode: false })
  const staged = await store.stage({ source, sizeBytes, maxBytes: 1e9, algorithms: [] })
  const value = staged.digests.get('CRC64NVME')?.toString('base64') ?? ''
  const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value } as const
  const version = await store.putObject({ bucket, key: 'a', staged, attributes, checksum, conditions: {} })
  await store.close()
  return version as StoredVersion
}

it('finds a large body that was committed and not yet moved, staged without a folder', async () => {
  const { order, blob } = await put()
  const { id: fileId } = blob
  await rename(join(root, 'bucket/a'), join(root, '.myfsio.sys/staging', fileId))
  const pending = {
    bucket: 'bucket',
    key: 'a',
    order,
    moved: [order],
    removed: [],
    fileId,
    inodes: [blob.stamp],
  }
  const engine = openEngine({ root, durability: 'strict', engine: 'lmdb' })
  await engine.commit({
    checks: [],
    writes: [{ key: pendingKey(pending), value: Buffer.concat(encodePending(pending)) }],
  })
  await engine.close()

  const store = await open()
  expect((await stat(join(root, 'bucket/a'))).size).toBe(sizeBytes)
  expect(stagedFiles(root)).toEqual([])
  await store.close()
})
