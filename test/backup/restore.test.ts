/** A copy of the data folder, made as the README says, restores every object with all its attributes (promise 9). */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  RenameObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEngine } from '#app/open-store.ts'
import { eachRow, rowParts, rowsOf } from '#metadata/tables.ts'
import { decodeVersion, encodeVersion } from '#metadata/version-codec.ts'
import { startServer, type TestServer } from '../s3/start-server.ts'
import { answers, bytesOf, fill, versionedBuckets } from './every-kind.ts'

const has = (program: string) => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

let folder: string
let original: string
let expected: Map<string, unknown>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'myfsio-backup-'))
  original = join(folder, 'original')
  fs.mkdirSync(original)
  const server = await startServer({ root: original })
  await fill(server.client())
  expected = await answers(server.client())
  await server.close()
}, 120_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

const copies: Record<string, (from: string, to: string) => void> = {
  'cp -a': (from, to) => execFileSync('cp', ['-a', from, to]),
  'rsync -a': (from, to) => execFileSync('rsync', ['-a', `${from}/`, `${to}/`]),
  tar: (from, to) => {
    // Its times are whole seconds.
    execFileSync('tar', ['-cf', `${to}.tar`, '-C', from, '.'])
    fs.mkdirSync(to)
    execFileSync('tar', ['-xf', `${to}.tar`, '-C', to])
    fs.rmSync(`${to}.tar`)
  },
}

let count = 0
async function restored(
  how: string,
  into = folder,
): Promise<{ server: TestServer; client: S3Client; close(): Promise<void> }> {
  const root = join(into, `copy-${process.pid}-${count++}`)
  copies[how]?.(original, root)
  const server = await startServer({ root })
  const close = async () => {
    await server.close()
    await rm(root, { recursive: true })
  }
  return { server, client: server.client(), close }
}

describe('a copy of the data folder', () => {
  for (const how of Object.keys(copies)) {
    const program = how.split(' ')[0] ?? ''
    it.skipIf(program !== 'cp' && !has(program))(
      `made by ${how} answers as the original does`,
      { timeout: 120_000 },
      async () => {
        const { client, close } = await restored(how)
        expect(Object.fromEntries(await answers(client))).toEqual(Object.fromEntries(expected))
        await close()
      },
    )
  }

  it.skipIf(!fs.existsSync('/dev/shm'))(
    'on another file system answers as the original does',
    { timeout: 120_000 },
    async () => {
      const shared = await mkdtemp('/dev/shm/myfsio-backup-')
      const { client, close } = await restored('cp -a', shared)
      expect(Object.fromEntries(await answers(client))).toEqual(Object.fromEntries(expected))
      await close()
      await rm(shared, { recursive: true })
    },
  )

  it('knows its objects after every file was touched', { timeout: 120_000 }, async () => {
    const { server, client, close } = await restored('cp -a')
    execFileSync('find', [
      join(server.root, 'data'),
      '-type',
      'f',
      '-not',
      '-path',
      '*/index/*',
      '-exec',
      'touch',
      '{}',
      '+',
    ])
    expect(Object.fromEntries(await answers(client))).toEqual(Object.fromEntries(expected))
    await close()
  })

  it('knows objects that an older release has written, without a full checksum', { timeout: 120_000 }, async () => {
    const { server, close } = await restored('cp -a')
    await server.close()
    const without = await forgetFullChecksums(join(server.root, 'data'))
    expect(without).toBeGreaterThan(30)
    const again = await startServer({ root: server.root })
    expect(Object.fromEntries(await answers(again.client()))).toEqual(Object.fromEntries(expected))
    await again.close()
    // A look at them has found the checksum.
    expect(await forgetFullChecksums(join(server.root, 'data'))).toBeGreaterThan(10)
    await close().catch(() => undefined)
    await rm(server.root, { recursive: true, force: true })
  })
})

/** Returns of how many. */
async function forgetFullChecksums(root: string): Promise<number> {
  const engine = openEngine({ root, durability: 'strict', engine: 'lmdb' })
  let changed = 0
  for (const table of ['o', 'v'] as const) {
    for await (const { key, value } of eachRow(engine, rowsOf(table))) {
      const { crc64nvme, ...version } = decodeVersion(rowParts(key)[1] ?? '', value)
      // Those releases could not append.
      if (crc64nvme === undefined || version.key === 'appended') continue
      changed++
      await engine.commit({ checks: [], writes: [{ key, value: encodeVersion(version) }] })
    }
  }
  await engine.flush()
  await engine.close()
  return changed
}

describe('locked versions', () => {
  it('stay in a copy', { timeout: 60_000 }, async () => {
    const { client, close } = await restored('cp -a')
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: 'locked' }))
    const outcomes = new Map<string, number>()
    for (const { Key, VersionId } of Versions) {
      const which = { Bucket: 'locked', Key, VersionId }
      const head = await client.send(new HeadObjectCommand(which))
      const isLocked = head.ObjectLockMode !== undefined || head.ObjectLockLegalHoldStatus === 'ON'
      const remove = new DeleteObjectCommand({ ...which, BypassGovernanceRetention: true })
      const outcome = await client.send(remove).then(
        () => 'deleted',
        (error: Error) => error.name,
      )
      const what = `${isLocked ? 'locked' : 'free'}: ${outcome}`
      outcomes.set(what, (outcomes.get(what) ?? 0) + 1)
    }
    await close()
    expect([...outcomes.keys()].sort()).toEqual(['free: deleted', 'locked: AccessDenied'])
  })
})

describe.each(['cp -a', 'tar'])('in a copy made by %s, before anything was read', (how) => {
  let copy: Awaited<ReturnType<typeof restored>>

  beforeAll(async () => {
    copy = await restored(how)
  })
  afterAll(() => copy.close())

  it('an overwritten object keeps its version', { timeout: 60_000 }, async () => {
    const { client } = copy
    for (const Bucket of versionedBuckets) {
      const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }))
      const current = Versions.filter(({ IsLatest }) => IsLatest)
      for (const { Key } of current) await client.send(new PutObjectCommand({ Bucket, Key, Body: 'new' }))
      for (const { Key, VersionId, ETag } of current) {
        // In a suspended bucket a null version replaces another.
        if (VersionId === 'null') continue
        const answer = await client.send(new GetObjectCommand({ Bucket, Key, VersionId }))
        await answer.Body?.transformToByteArray()
        expect(answer.ETag, `${Bucket}/${Key}`).toBe(ETag)
        expect(answer.Metadata).toEqual({ owner: 'ada' })
      }
    }
  })

  it('a deleted object stays deleted', { timeout: 60_000 }, async () => {
    const { client } = copy
    for (const Key of ['folder/small', 'large', 'upload-CRC32-COMPOSITE', 'opaque//key']) {
      await client.send(new DeleteObjectCommand({ Bucket: 'plain', Key }))
      await expect(client.send(new HeadObjectCommand({ Bucket: 'plain', Key }))).rejects.toMatchObject({
        name: 'NotFound',
      })
    }
  })

  it('the version before becomes current again when the newest is deleted', { timeout: 60_000 }, async () => {
    const { client } = copy
    const Bucket = 'versioned'
    for (const Key of ['upload-SHA1-COMPOSITE', '€/ü.txt']) {
      const list = () => client.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }))
      const [newest, before] = (await list()).Versions ?? []
      await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId: newest?.VersionId }))
      const answer = await client.send(new GetObjectCommand({ Bucket, Key }))
      await answer.Body?.transformToByteArray()
      expect(answer.VersionId).toBe(before?.VersionId)
      expect(answer.ETag).toBe(before?.ETag)
    }
  })

  it('a renamed object keeps its bytes and metadata', { timeout: 60_000 }, async () => {
    const { client } = copy
    const Key = 'renamed'
    await client.send(new RenameObjectCommand({ Bucket: 'plain', Key, RenameSource: '/plain/medium' }))
    const answer = await client.send(new GetObjectCommand({ Bucket: 'plain', Key }))
    expect(await answer.Body?.transformToByteArray()).toEqual(new Uint8Array(bytesOf('mediumfirst', 70_000)))
    expect(answer.Metadata).toEqual({ owner: 'ada' })
  })
})
