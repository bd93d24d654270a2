/** A part that is recorded while its upload ends, between the reads of the end and its commit. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '#app/open-store.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { rowsOf } from '#metadata/tables.ts'
import type { Upload, UploadedPart } from '#model/object/multipart/upload.ts'
import type { Store } from '#store/contract.ts'
import { readObject } from '../read-object.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { attributes, bucketOf, silentLog } from './fixtures.ts'
import { forwardingEngine } from './forwarding-engine.ts'

const key = 'key'
const isUpload = (write: object) => 'key' in write && (write.key as Buffer)[0] === 'u'.charCodeAt(0)

describe.each(['memory', 'files', 'upstream'] as const)('with bytes in %s', (kind) => {
  let upstream: TestUpstream | undefined
  let root: string
  let engine: ReturnType<typeof openMemoryEngine>
  let store: Store
  /** Runs after the rows of parts were read, once `passes` such reads are over. */
  let meanwhile: { passes: number; readonly run: () => Promise<unknown> } | undefined

  /** Runs after the commit of the end. */
  let afterEnd: (() => Promise<unknown>) | undefined

  beforeAll(async () => {
    upstream = kind === 'upstream' ? await startOwnUpstream() : undefined
  })
  afterAll(() => upstream?.close())

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'myfsio-end-of-upload-'))
    engine = openMemoryEngine()
    const view = {
      ...forwardingEngine(engine),
      scan: async (...[range, options]: Parameters<typeof engine.scan>) => {
        const rows = await engine.scan(range, options)
        if (meanwhile !== undefined && range.start[0] === 'p'.charCodeAt(0) && meanwhile.passes-- === 0) {
          const { run } = meanwhile
          meanwhile = undefined
          await run()
        }
        return rows
      },
      commit: async (commit: Parameters<typeof engine.commit>[0]) => {
        const committed = await engine.commit(commit)
        const isEnd = commit.writes.some((write) => 'value' in write && write.value === undefined && isUpload(write))
        const run = isEnd ? afterEnd : undefined
        if (isEnd) afterEnd = undefined
        await run?.()
        return committed
      },
    }
    const prefix = `${Math.random()}/`
    const settings = upstream && { ...upstream.settings, prefix }
    const options = { durability: 'strict', watch: false, log: silentLog, isPrimary: false } as const
    const place = { root: kind === 'memory' ? undefined : root, engine: view, upstream: settings }
    store = await openStore({ ...options, ...place })
    await store.createBucket(bucketOf('Unversioned'))
  })
  afterEach(async () => {
    await store.close()
    await rm(root, { recursive: true })
  })

  const begin = () => store.createUpload({ bucket: 'bucket', key, initiatorId: 'owner', attributes })
  /** A part of known size is written into the file that a completion takes over. */
  async function send(upload: Upload, partNumber: number, hasSize = partNumber === 1): Promise<UploadedPart> {
    const bytes = Buffer.alloc(100_000, partNumber)
    const source = Readable.from([bytes], { objectMode: false })
    const sizeBytes = hasSize ? bytes.length : undefined
    const body = { source, sizeBytes, maxBytes: bytes.length, algorithms: [] }
    return store.putPart(upload, await store.stagePart(upload, partNumber, body), undefined)
  }
  const complete = async ({ uploadId }: Upload, { etag }: UploadedPart) => {
    const parts = [{ partNumber: 1, etag, checksums: {} }]
    await store.completeUpload({ bucket: await store.getBucket('bucket'), key, uploadId, parts, conditions: {} })
  }
  async function rowsLeft(): Promise<string[]> {
    const rows = await Promise.all((['u', 'p', 's'] as const).map((table) => engine.scan(rowsOf(table))))
    return rows.flat().map((row) => Buffer.from(row.key).toString())
  }

  it('goes with an upload that is aborted', async () => {
    const upload = await begin()
    await send(upload, 1)
    meanwhile = { passes: 0, run: () => send(upload, 2) }
    await store.abortUpload('bucket', key, upload.uploadId)
    expect(meanwhile).toBeUndefined()
    expect(await rowsLeft()).toEqual([])
  })

  it('goes with an upload that is completed', async () => {
    const upload = await begin()
    const part = await send(upload, 1)
    meanwhile = { passes: 1, run: () => send(upload, 2) }
    await complete(upload, part)
    expect(meanwhile).toBeUndefined()
    expect(await rowsLeft()).toEqual([])
    expect((await store.headObject('bucket', key, undefined)).sizeBytes).toBe(100_000)
  })

  it('goes with an upload that is completed, also if it got a place beside the parts that it has', async () => {
    const upload = await begin()
    const part = await send(upload, 1)
    const others = [2, 3, 4]
    const sendNext = async () => {
      const next = others.shift()
      if (next !== undefined) meanwhile = { passes: 1, run: sendNext }
      if (next !== undefined) await send(upload, next, true)
    }
    meanwhile = { passes: 1, run: sendNext }
    await complete(upload, part)
    expect(others.length).toBeLessThan(3)
    expect(await rowsLeft()).toEqual([])
    expect(await readObject(store, 'bucket', key)).toEqual(Buffer.alloc(100_000, 1))
  })

  it('may replace one with the same bytes, which the completion has read about', async () => {
    const upload = await begin()
    const part = await send(upload, 1, false)
    meanwhile = { passes: 0, run: () => send(upload, 1, false) }
    await complete(upload, part)
    expect(meanwhile).toBeUndefined()
    expect(await rowsLeft()).toEqual([])
    expect((await store.headObject('bucket', key, undefined)).sizeBytes).toBe(100_000)
  })

  it('is refused once the upload has ended, and leaves no rows', async () => {
    const upload = await begin()
    await send(upload, 1)
    afterEnd = () => expect(send(upload, 1)).rejects.toMatchObject({ code: 'NoSuchUpload' })
    await store.abortUpload('bucket', key, upload.uploadId)
    expect(afterEnd).toBeUndefined()
    expect(await rowsLeft()).toEqual([])
  })
})
