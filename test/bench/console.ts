/**
 * The console on much data: the first page of a folder among 1,000,000 objects and among 1,000, and the memory of its
 * process while
 * 5 GiB are uploaded and a zip of 10,000 objects is downloaded. `npx tsx test/bench/console.ts [GiB]`; it leaves
 * nothing behind.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pino } from 'pino'
import { openEngine, openStore } from '#app/open-store.ts'
import { canonicalIdOf, defaultAccount } from '#identity/entities/account.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import { encodeJson, rowKey } from '#metadata/tables.ts'
import { defaultControls } from '#model/access/object-ownership.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { Store } from '#store/contract.ts'
import { type ConsoleVisitor, signIn } from './console-visitor.ts'
import { findFreePort, root, tsx } from './servers/own-server.ts'
import { startServer } from './servers/processes.ts'

const MiB = 1024 * 1024
const uploadMiB = Number(process.argv[2] ?? 5) * 1024
const partMiB = 16
const partsAtOnce = 3
const pageTries = 25
const zipObjects = 10_000
const ownerId = canonicalIdOf(defaultAccount)

const folder = mkdtempSync(join(tmpdir(), 'myfsio-bench-console-'))
try {
  await fill()
  await measure()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Before the server starts: lists of any length, written into the index as they would stand there. */
async function fill(): Promise<void> {
  const engine = openEngine({ root: folder, durability: 'none', engine: 'lmdb' })
  const log = pino({ level: 'silent' })
  const store = await openStore({ root: folder, durability: 'none', engine, watch: false, log, isPrimary: false })
  for (const count of [1000, 1_000_000]) {
    const flat = await createBucket(store, `flat-${count}`)
    await listMany(store, engine, flat, count, (at) => `file-${String(at).padStart(7, '0')}.txt`)
    const deep = await createBucket(store, `deep-${count}`)
    const perFolder = count / 500
    await listMany(
      store,
      engine,
      deep,
      count,
      (at) => `folder-${String(Math.floor(at / perFolder)).padStart(4, '0')}/${at}.txt`,
    )
  }
  const zipped = await createBucket(store, 'zipped')
  for (let at = 0; at < zipObjects; at += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, more) => put(store, zipped, `z/${at + more}.bin`, 20_000)))
  }
  await store.close()
}

async function createBucket(store: Store, name: string): Promise<Bucket> {
  const fresh = { versioning: 'Unversioned', mfaDelete: false, objectLockEnabled: false } as const
  const controls = defaultControls('BucketOwnerEnforced')
  const bucket: Bucket = { name, createdAtMs: Date.now(), ownerId, region: 'us-east-1', ...controls, ...fresh }
  await store.createBucket(bucket)
  return bucket
}

async function put(store: Store, bucket: Bucket, key: string, sizeBytes: number): Promise<void> {
  const source = Readable.from([randomBytes(sizeBytes)])
  const staged = await store.stage({ source, sizeBytes, maxBytes: sizeBytes, algorithms: [] })
  const attributes = { headers: {}, userMetadata: {}, storageClass: 'STANDARD', ownerId } as const
  const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: '' } as const
  await store.putObject({ bucket, key, staged, attributes, checksum, conditions: {} })
}

/** Copies of one object's row: a listing reads nothing else. The folder is marked as scanned. */
async function listMany(
  store: Store,
  engine: LocalEngine,
  bucket: Bucket,
  count: number,
  keyAt: (at: number) => string,
) {
  const { name } = bucket
  await put(store, bucket, keyAt(0), 10)
  const value = await engine.get(rowKey('o', name, keyAt(0)))
  for (let from = 1; from < count; from += 10_000) {
    const length = Math.min(10_000, count - from)
    const writes = Array.from({ length }, (_, more) => ({ key: rowKey('o', name, keyAt(from + more)), value }))
    await engine.commit({ checks: [], writes })
  }
  const { mtimeMs } = statSync(join(folder, name))
  const scanned = { key: rowKey('f', name, ''), value: encodeJson({ mtimeMs, folders: [] }) }
  const counters = { key: rowKey('c', name), add: { objectCount: count - 1, sizeBytes: (count - 1) * 10 } }
  await engine.commit({ checks: [], writes: [scanned, counters] })
}

async function measure(): Promise<void> {
  const url = new URL(`http://127.0.0.1:${await findFreePort()}`)
  const command = [...tsx, join(root, 'run.ts'), '--mode', 'ui', '--ui-port', url.port]
  const environment = { STORAGE_ROOT: folder, APP_HOST: '127.0.0.1', LOG_LEVEL: 'warn', STORAGE_WATCH: 'off' }
  const server = await startServer(command, new URL('/healthz', url).href, environment)
  try {
    const visitor = await signIn(url, 'localadmin', 'localadmin')
    for (const shape of ['flat', 'deep']) await comparePages(visitor, shape)
    const processId = childOf(server.pid)
    const { length } = Array.from({ length: Math.ceil(uploadMiB / partMiB) })
    await whileWatching(`${uploadMiB} MiB up in ${length} parts`, processId, () => upload(visitor, length))
    await whileWatching(`a zip of ${zipObjects} objects down`, processId, () => download(visitor))
  } finally {
    await server.stop()
  }
}

async function comparePages(visitor: ConsoleVisitor, shape: string): Promise<void> {
  const medians: number[] = []
  for (const count of [1000, 1_000_000]) {
    const times: number[] = []
    for (let tried = 0; tried < pageTries; tried++)
      times.push((await visitor.page(`/ui/buckets/${shape}-${count}`)).elapsedMs)
    const { html } = await visitor.page(`/ui/buckets/${shape}-${count}`)
    if (!html.includes('data-row')) throw new Error(`${shape}-${count} shows nothing`)
    times.sort((one, other) => one - other)
    medians.push(times[Math.floor(pageTries / 2)] ?? 0)
  }
  const [small = 0, large = 0] = medians
  const ratio = (large / small).toFixed(2)
  console.log(
    `first page, ${shape}: ${small.toFixed(1)} ms of 1,000, ${large.toFixed(1)} ms of 1,000,000: ${ratio} times`,
  )
}

/** As the browser does: several parts at once. */
async function upload(visitor: ConsoleVisitor, partCount: number): Promise<void> {
  const at = (page: string) => `/ui/buckets/zipped/${page}?key=large.bin`
  const { uploadId } = (await (await visitor.send('POST', at('uploads'), '{}', 'application/json')).json()) as {
    uploadId: string
  }
  const body = randomBytes(partMiB * MiB)
  const parts: { partNumber: number; etag: string }[] = []
  let next = 1
  const lane = async () => {
    while (next <= partCount) {
      const number = next++
      const answer = await visitor.send('PUT', at(`uploads/${uploadId}/parts/${number}`), body)
      parts.push((await answer.json()) as { partNumber: number; etag: string })
    }
  }
  await Promise.all(Array.from({ length: partsAtOnce }, lane))
  parts.sort((one, other) => one.partNumber - other.partNumber)
  await visitor.send('POST', at(`uploads/${uploadId}`), JSON.stringify({ parts }), 'application/json')
}

async function download(visitor: ConsoleVisitor): Promise<void> {
  const form = new URLSearchParams({ prefix: 'z/', back: '' }).toString()
  const type = 'application/x-www-form-urlencoded'
  const { body } = await visitor.send('POST', '/ui/buckets/zipped/zip', form, type)
  let bytes = 0
  for await (const piece of body ?? []) bytes += piece.length
  if (bytes < zipObjects * 20_000) throw new Error(`The zip ended after ${bytes} bytes`)
}

function childOf(parentId: number): number {
  return Number(readFileSync(`/proc/${parentId}/task/${parentId}/children`, 'utf8').trim().split(' ').at(-1))
}

/** The private memory of the process: without the pages of the index, which belong to the system. */
function ownMiB(processId: number): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))?.[1]) / 1024
}

async function whileWatching(what: string, processId: number, work: () => Promise<void>): Promise<void> {
  const before = ownMiB(processId)
  const samples: number[] = []
  const timer = setInterval(() => samples.push(ownMiB(processId)), 100)
  const start = performance.now()
  await work()
  const seconds = (performance.now() - start) / 1000
  clearInterval(timer)
  const half = Math.floor(samples.length / 2)
  const peaks = [samples.slice(0, half), samples.slice(half)].map((some) => Math.round(Math.max(before, ...some)))
  console.log(
    `${what}: ${seconds.toFixed(1)} s; own memory (RssAnon) ${Math.round(before)} MiB before, at most ${peaks[0]} MiB in the first half and ${peaks[1]} MiB in the second`,
  )
}
