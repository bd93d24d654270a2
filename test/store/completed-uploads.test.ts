import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { openStore } from '#app/open-store.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { rowsOf } from '#metadata/tables.ts'
import { forgetCompleted } from '#store/uploads/complete-upload.ts'
import { attributes, bucketOf, silentLog } from './fixtures.ts'

it('keeps of a completed upload what answers the same call again, in a row that does not grow with its parts, for an hour', async () => {
  const root = await mkdtemp(join(tmpdir(), 'myfsio-completed-'))
  const engine = openMemoryEngine()
  const options = { root, durability: 'strict', watch: false, log: silentLog, isPrimary: false, engine } as const
  const store = await openStore(options)
  const bucket = bucketOf('Unversioned')
  await store.createBucket(bucket)
  const key = 'key'
  const sizes: number[] = []
  for (const count of [1, 20]) {
    const upload = await store.createUpload({ bucket: 'bucket', key, initiatorId: 'owner', attributes })
    const parts = []
    for (let partNumber = 1; partNumber <= count; partNumber++) {
      const bytes = Buffer.alloc(partNumber < count ? 5 * 1024 * 1024 : 10, partNumber)
      const source = Readable.from([bytes], { objectMode: false })
      const body = { source, sizeBytes: bytes.length, maxBytes: bytes.length, algorithms: [] }
      const staged = await store.stagePart(upload, partNumber, body)
      const { etag } = await store.putPart(upload, staged, undefined)
      parts.push({ partNumber, etag, checksums: {} })
    }
    const complete = { bucket, key, uploadId: upload.uploadId, parts, conditions: {} }
    const version = await store.completeUpload(complete)
    expect((await store.completeUpload(complete)).etag).toBe(version.etag)
    const [row] = (await engine.scan(rowsOf('d'))).slice(-1)
    sizes.push(row?.value.byteLength ?? 0)
  }
  expect(Math.abs((sizes[0] ?? 0) - (sizes[1] ?? 0))).toBeLessThan(20)
  await forgetCompleted(engine, Date.now() + 50 * 60 * 1000)
  expect(await engine.scan(rowsOf('d'))).toHaveLength(2)
  await forgetCompleted(engine, Date.now() + 70 * 60 * 1000)
  expect(await engine.scan(rowsOf('d'))).toEqual([])
  await store.close()
  await rm(root, { recursive: true })
})
