/** Annotations over restarts, interrupted removals, and what fsck finds of them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectAnnotationCommand,
  HeadObjectCommand,
  PutObjectAnnotationCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { checkFolder } from '#app/folder/check-folder.ts'
import { openEngine } from '#app/open-store.ts'
import type { Finding } from '#blobs/contract/inspection.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { encodeJson, rowKey, rowsOf } from '#metadata/tables.ts'
import { decodeVersion, encodeVersion } from '#metadata/version-codec.ts'
import { openDefaults } from '#model/bucket/new-bucket.ts'
import { startServer } from '../s3/start-server.ts'
import { silentLog } from '../store/fixtures.ts'

const object = { Bucket: 'docs', Key: 'key' }
const long = 'x'.repeat(150_000)
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'myfsio-annotations-'))
  await withClient(async (client) => {
    await client.send(new CreateBucketCommand({ Bucket: 'docs' }))
    await client.send(new PutObjectCommand({ ...object, Body: 'content' }))
    for (const [AnnotationName, AnnotationPayload] of [
      ['long', long],
      ['short', 'x'],
    ] as const) {
      await client.send(new PutObjectAnnotationCommand({ ...object, AnnotationName, AnnotationPayload }))
    }
  })
})
afterEach(() => rm(folder, { recursive: true }))

async function withClient<T>(use: (client: S3Client) => Promise<T>): Promise<T> {
  const server = await startServer({ root: folder })
  const client = server.client()
  try {
    return await use(client)
  } finally {
    client.destroy()
    await server.close()
  }
}

async function withEngine<T>(use: (engine: MetadataEngine) => Promise<T>): Promise<T> {
  const engine = openEngine({ root: join(folder, 'data'), durability: 'strict', engine: 'lmdb' })
  try {
    return await use(engine)
  } finally {
    await engine.close()
  }
}

async function fsck(repair = false): Promise<[string, string | undefined][]> {
  const findings: Finding[] = []
  const onFinding = (finding: Finding) => void findings.push(finding)
  const own = { ownerId: 'owner', region: 'us-east-1', bucketDefaults: openDefaults }
  await checkFolder({ root: join(folder, 'data'), repair, rebuild: false, log: silentLog, onFinding, ...own })
  return findings.map(({ kind, repair: repaired }) => [kind, repaired])
}

async function read(client: S3Client, AnnotationName: string): Promise<string | undefined> {
  const answer = await client.send(new GetObjectAnnotationCommand({ ...object, AnnotationName }))
  return answer.AnnotationPayload?.transformToString()
}

const rowsIn = (engine: MetadataEngine) =>
  Promise.all((['y', 'z', 'l'] as const).map(async (table) => (await engine.scan(rowsOf(table))).length))

it('they are there after a restart, and right', async () => {
  const text = await withClient((client) => read(client, 'long'))
  expect(text).toBe(long)
  expect(await fsck()).toEqual([])
  expect(await withEngine(rowsIn)).toEqual([2, 4, 0])
})

it('nothing is left of them once the object is gone', async () => {
  await withClient((client) => client.send(new DeleteObjectCommand(object)))
  expect(await withEngine(rowsIn)).toEqual([0, 0, 0])
})

it('bytes that are not those that were put are not served, and are found', async () => {
  await withEngine(async (engine) => {
    const [piece] = await engine.scan(rowsOf('z'), { limit: 1 })
    await engine.commit({ checks: [], writes: [{ key: piece?.key as Uint8Array, value: Buffer.from('other') }] })
  })
  expect(await fsck()).toEqual([['damaged', undefined]])
  const failures = await withClient((client) =>
    Promise.allSettled(['long', 'short'].map((AnnotationName) => read(client, AnnotationName))),
  )
  expect(failures.filter(({ status }) => status === 'rejected')).toMatchObject([{ reason: { name: 'InternalError' } }])
})

it('a record that counts them wrongly, and rows of no version, are set right', async () => {
  await withEngine(async (engine) => {
    const key = rowKey('o', 'docs', 'key')
    const version = decodeVersion('key', (await engine.get(key)) as Uint8Array)
    const { id = '' } = version.annotations ?? {}
    const value = encodeVersion({ ...version, annotations: { id, count: 7, sizeBytes: 1 } })
    const head = { bodyId: 'b', sizeBytes: 3, keptBytes: 3, etag: '', modifiedAtMs: 0 }
    const writes = [
      { key, value },
      { key: rowKey('y', 'lost', 'note'), value: encodeJson(head) },
      { key: rowKey('z', 'lost', 'b', '00'), value: Buffer.from('abc') },
    ]
    await engine.commit({ checks: [], writes })
  })
  const kinds = async (repair = false) => (await fsck(repair)).map(([kind]) => kind).sort()
  expect(await kinds()).toEqual(['counter', 'counter', 'row', 'row'])
  await kinds(true)
  expect(await fsck()).toEqual([])
})

it('what an interrupted removal or copy has left is no finding, and a start removes it', async () => {
  const dayMs = 24 * 60 * 60 * 1000
  await withEngine(async (engine) => {
    const heads = await engine.scan(rowsOf('y'))
    const setOf = (id: string, lone: object) => [
      { key: rowKey('l', id), value: encodeJson(lone) },
      ...heads.map(({ value }, at) => ({ key: rowKey('y', id, `n${at}`), value })),
    ]
    const writes = [
      ...setOf('gone', { atMs: Date.now() }),
      ...setOf('old-copy', { atMs: Date.now() - 2 * dayMs, isCopy: true }),
      ...setOf('new-copy', { atMs: Date.now(), isCopy: true }),
    ]
    await engine.commit({ checks: [], writes })
  })
  expect(await fsck()).toEqual([])
  await withClient((client) => client.send(new HeadObjectCommand(object)))
  expect(await withEngine(rowsIn)).toEqual([4, 4, 1])
})
