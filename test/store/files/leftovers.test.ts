import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openStore } from '#app/open-store.ts'
import { namedFiles } from '#blobs/files/pending/named-files.ts'
import { encodePending, pendingKey } from '#blobs/files/pending/pending.ts'
import { Layout } from '#blobs/files/place/layout.ts'
import { removeAbandonedStaging } from '#blobs/files/staging/staging-folder.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { rowsOf } from '#metadata/tables.ts'
import { attributes, bucketOf } from '../fixtures.ts'
import { forwardingEngine } from '../forwarding-engine.ts'

let root: string
const told: string[] = []
const note = (_: object, message: string) => void told.push(message)
const log = { info: note, warn: note, error: note }

const open = () => openStore({ root, durability: 'strict', engine: 'memory', watch: false, log, isPrimary: false })

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'myfsio-leftovers-'))
  told.length = 0
})
afterEach(() => rm(root, { recursive: true }))

const stagedIn = (layout: Layout) => fs.readdirSync(layout.system('staging'))

const leave = (path: string) => {
  fs.mkdirSync(dirname(path), { recursive: true })
  fs.writeFileSync(path, 'x')
}

it('removes what stores that are no longer open have staged', async () => {
  const layout = new Layout(root)
  for (const path of [layout.staging('zzzzzz-1'), layout.taken('zzzzzz-2'), layout.staging('a.0123456789-3')])
    leave(path)
  await (await open()).close()
  expect(stagedIn(layout)).toEqual([])
})

it('keeps what an open store has staged, whatever process it belongs to', async () => {
  const layout = new Layout(root)
  const other = await open()
  const [owner = ''] = stagedIn(layout)
  leave(layout.staging(`${owner}-1`))
  // As a process of an earlier release names it, without a lock on its folder.
  leave(layout.staging('1-2'))
  await (await open()).close()
  expect(stagedIn(layout).sort()).toEqual(['1', owner].sort())
  expect(fs.existsSync(layout.staging(`${owner}-1`))).toBe(true)
  await other.close()
})

it('keeps a staged file that a row of the index names', async () => {
  const layout = new Layout(root)
  const engine = openMemoryEngine()
  // A large object without a file.
  const pending = { bucket: 'b', key: 'k', order: '0'.repeat(32), moved: [], removed: [], fileId: 'zzzzzz-1' }
  const [value] = encodePending(pending)
  leave(layout.staging('zzzzzz-1'))
  leave(layout.staging('zzzzzz-2'))
  await engine.commit({ checks: [], writes: [{ key: pendingKey(pending), value }] })
  const named = await namedFiles(engine)
  removeAbandonedStaging(layout, (id) => named.has(id), log)
  expect(fs.readdirSync(layout.stagingFolder('zzzzzz'))).toEqual(['zzzzzz-1'])
})

it('keeps what a completion in another process commits while a start looks for leftovers', async () => {
  const layout = new Layout(root)
  const engine = openMemoryEngine()
  const shared = { ...forwardingEngine(engine), close: async () => {} }
  const options = { root, durability: 'strict', watch: false, log, isPrimary: false } as const
  const flush = gate()
  const first = await openStore({
    ...options,
    engine: {
      ...shared,
      commit: async (commit) => {
        const committed = await engine.commit(commit)
        return committed && { flushed: flush.opened.then(() => committed.flushed) }
      },
    },
  })
  const second = await openStore({ ...options, engine: shared })
  const bucket = bucketOf('Unversioned')
  await second.createBucket(bucket)
  // Long ago, so that nothing is spared for its age.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 })
  const upload = await second.createUpload({ bucket: bucket.name, key: 'k', initiatorId: 'owner', attributes })
  vi.useRealTimers()
  const body = { source: Readable.from([Buffer.from('bytes')], { objectMode: false }), sizeBytes: 5 }
  const staged = await second.stagePart(upload, 1, { ...body, maxBytes: 5, algorithms: [] })
  const { etag } = await second.putPart(upload, staged, undefined)
  const { uploadId } = upload
  const parts = [{ partNumber: 1, etag, checksums: {} }]
  leave(layout.assembled('0'.repeat(48)))
  let completion: Promise<unknown> | undefined
  const third = await openStore({
    ...options,
    engine: {
      ...shared,
      scan: async (range, limits) => {
        if (completion === undefined && Buffer.from(range.start).toString() === 'u\0') {
          completion = first.completeUpload({ bucket, key: 'k', uploadId, parts, conditions: {} })
          await expect.poll(async () => (await engine.scan(rowsOf('q'))).length).toBe(1)
        }
        return engine.scan(range, limits)
      },
    },
  })
  expect(fs.readdirSync(layout.system('uploads'))).toEqual([uploadId])
  flush.open()
  await completion
  const object = await third.openObject(bucket.name, 'k', undefined)
  expect(object.content(0, 5).toString()).toBe('bytes')
  for (const store of [first, second, third]) await store.close()
})

it('takes parts of an upload whose folder was not made before a crash', async () => {
  const layout = new Layout(root)
  const store = await open()
  const bucket = bucketOf('Unversioned')
  await store.createBucket(bucket)
  const upload = await store.createUpload({ bucket: bucket.name, key: 'k', initiatorId: 'owner', attributes })
  fs.rmSync(layout.upload(upload.uploadId), { recursive: true })
  const source = Readable.from([Buffer.from('bytes')], { objectMode: false })
  const staged = await store.stagePart(upload, 1, { source, sizeBytes: 5, maxBytes: 5, algorithms: [] })
  await store.putPart(upload, staged, undefined)
  await store.abortUpload(bucket.name, 'k', upload.uploadId)
  expect(fs.readdirSync(layout.system('uploads'))).toEqual([])
  await store.close()
})

function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

it('never removes a folder, since it can only be one of objects', async () => {
  const layout = new Layout(root)
  const lost = layout.staging('zzzzzz-1')
  fs.mkdirSync(join(lost, 'sub'), { recursive: true })
  fs.writeFileSync(join(lost, 'sub', 'object'), 'x')
  fs.writeFileSync(layout.staging('zzzzzz-2'), 'x')
  await (await open()).close()
  expect(fs.readFileSync(join(lost, 'sub', 'object'), 'latin1')).toBe('x')
  expect(fs.readdirSync(layout.stagingFolder('zzzzzz'))).toEqual(['zzzzzz-1'])
  expect(told).toEqual(['a folder of objects was left in staging; move it back to its bucket'])
})
