/** `myfsio fsck` and the scrub find contradictions between index and files, and repair what can be repaired. */

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkFolder } from '#app/folder/check-folder.ts'
import { openContext, openEngine } from '#app/open-store.ts'
import type { Finding } from '#blobs/contract/inspection.ts'
import { Layout } from '#blobs/files/place/layout.ts'
import { FolderInUse } from '#blobs/files/staging/folder-in-use.ts'
import { rowKey } from '#metadata/tables.ts'
import { openDefaults } from '#model/bucket/new-bucket.ts'
import type { VersionPosition } from '#store/contract.ts'
import { compareVersions, countLeftovers } from '#store/fsck/compare-versions.ts'
import { listObjects } from '#store/reads/listing.ts'
import { startServer, type TestServer } from '../s3/start-server.ts'
import { silentLog } from '../store/fixtures.ts'

let folder: string
let data: string
let layout: Layout

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'myfsio-fsck-'))
  data = join(folder, 'data')
  layout = new Layout(data)
  await withServer(async (server) => {
    const client = server.client()
    await client.send(new CreateBucketCommand({ Bucket: 'docs' }))
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await client.send(new PutBucketVersioningCommand({ Bucket: 'docs', VersioningConfiguration }))
    for (const Key of ['small', 'folder/large', 'opaque//key']) {
      for (const Body of ['old', 'n'.repeat(Key.includes('large') ? 200_000 : 10)]) {
        await client.send(new PutObjectCommand({ Bucket: 'docs', Key, Body, Metadata: { kept: 'yes' } }))
      }
    }
  })
})
afterEach(() => rm(folder, { recursive: true }))

async function withServer<T>(use: (server: TestServer) => Promise<T>): Promise<T> {
  const server = await startServer({ root: folder })
  try {
    return await use(server)
  } finally {
    await server.close()
  }
}

async function fsck(options: { repair?: boolean; rebuild?: boolean } = {}): Promise<Finding[]> {
  const findings: Finding[] = []
  const { repair = false, rebuild = false } = options
  const onFinding = (finding: Finding) => void findings.push(finding)
  const summary = await checkFolder({
    root: data,
    repair,
    rebuild,
    ownerId: 'owner',
    region: 'us-east-1',
    bucketDefaults: openDefaults,
    log: silentLog,
    onFinding,
  })
  expect(summary.findings).toBe(findings.length)
  return findings
}

const kinds = (findings: readonly Finding[]) => findings.map(({ kind }) => kind).sort()

function filesBelow(path: string): string[] {
  return fs
    .readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Other bytes, as a disk has it: the file's time stays. */
function damage(path: string): void {
  const before = join(folder, 'before')
  execFileSync('cp', ['-p', path, before])
  const file = fs.openSync(path, 'r+')
  fs.writeSync(file, 'X', 0)
  fs.closeSync(file)
  // Exact to the nanosecond, which Node cannot do.
  execFileSync('touch', ['-r', before, path])
  fs.rmSync(before)
}

describe('fsck', () => {
  it('finds nothing where everything fits', async () => {
    expect(await fsck()).toEqual([])
  })

  it('is refused while a server uses the folder', async () => {
    await withServer(async () => {
      await expect(fsck()).rejects.toThrow(FolderInUse)
    })
  })

  it('names versions whose bytes are damaged, and leaves them alone', async () => {
    const [old = ''] = filesBelow(layout.system('versions'))
    damage(old)
    damage(layout.plain('docs', 'folder/large'))
    for (const repair of [false, true]) {
      const findings = await fsck({ repair })
      expect(kinds(findings)).toEqual(['damaged', 'damaged'])
      expect(findings.map((finding) => finding.repair)).toEqual([undefined, undefined])
    }
    expect(fs.readFileSync(old, 'latin1')[0]).toBe('X')
  })

  it('names versions whose files are missing, and removes their records with --repair', async () => {
    const [old = ''] = filesBelow(layout.system('opaque'))
    fs.rmSync(old)
    fs.rmSync(layout.plain('docs', 'small'))
    expect(kinds(await fsck())).toEqual(['missing', 'missing'])
    for (const { repair } of await fsck({ repair: true }))
      expect(repair).toMatch(/^Its record was moved to .*rows\.jsonl/)
    expect(await fsck()).toEqual([])
  })

  it('keeps what it removes from the index in lost+found', async () => {
    fs.renameSync(layout.system('versions'), join(folder, 'versions'))
    await fsck({ repair: true })
    const [kept = ''] = filesBelow(layout.system('lost+found'))
    const rows = fs.readFileSync(kept, 'utf8').trim().split('\n')
    expect(
      rows.map((row) => JSON.parse(row)).map(({ bucket, key, userMetadata }) => [bucket, key, userMetadata]),
    ).toEqual([
      ['docs', 'folder/large', { kept: 'yes' }],
      ['docs', 'small', { kept: 'yes' }],
    ])
  })

  it.each([
    ['missing', () => {}],
    ['linked', (path: string) => fs.symlinkSync(join(folder, 'elsewhere'), path)],
  ] as const)('leaves the records of a bucket alone whose folder is %s', async (kind, replaceBy) => {
    fs.renameSync(layout.bucket('docs'), join(folder, 'elsewhere'))
    replaceBy(layout.bucket('docs'))
    for (const repair of [false, true]) {
      const findings = await fsck({ repair })
      expect(findings.map((finding) => [finding.kind, finding.repair])).toEqual(Array(2).fill([kind, undefined]))
    }
    fs.rmSync(layout.bucket('docs'), { force: true })
    fs.renameSync(join(folder, 'elsewhere'), layout.bucket('docs'))
    expect(await fsck()).toEqual([])
  })

  it('finds no fault in files whose names cannot be keys', async () => {
    fs.writeFileSync(Buffer.concat([Buffer.from(`${layout.bucket('docs')}/`), Buffer.from([0xe4])]), '')
    const deep = join(layout.bucket('docs'), ...Array<string>(6).fill('x'.repeat(200)))
    fs.mkdirSync(deep, { recursive: true })
    fs.writeFileSync(join(deep, 'deep'), '')
    expect(await fsck({ repair: true })).toEqual([])
  })

  it('passes by files in staging that no server has made, as a start does', async () => {
    fs.writeFileSync(join(layout.system('staging'), '.DS_Store'), '')
    await withServer(async () => {})
    expect(kinds(await fsck())).toEqual(['leftover'])
    await fsck({ repair: true })
    expect(await fsck()).toEqual([])
  })

  it('names files without a record, and adopts them with --repair', async () => {
    fs.writeFileSync(layout.plain('docs', 'folder/by-hand'), 'by hand')
    fs.mkdirSync(join(data, 'new-bucket'))
    fs.writeFileSync(join(data, 'new-bucket', 'file'), 'x')
    expect(kinds(await fsck())).toEqual(['unknown', 'unknown'])
    await fsck({ repair: true })
    expect(await fsck()).toEqual([])
  })

  it('names leftovers of versions, uploads and writes, and sets them aside with --repair', async () => {
    const left = {
      [layout.place('docs', 'k', { kind: 'version', id: 'zz-gone' })]: 'version',
      [layout.place('docs', 'k', { kind: 'opaque', id: 'zz-gone' })]: 'opaque',
      [layout.assembled('0'.repeat(48))]: 'upload',
      [layout.staging('zz.dead-1')]: 'staged',
    }
    for (const [path, text] of Object.entries(left)) {
      fs.mkdirSync(dirname(path), { recursive: true })
      fs.writeFileSync(path, text)
    }
    expect(kinds(await fsck())).toEqual(Array(4).fill('leftover'))
    for (const path of Object.keys(left)) expect(fs.existsSync(path)).toBe(true)
    await fsck({ repair: true })
    const aside = filesBelow(layout.system('lost+found')).map((path) => fs.readFileSync(path, 'latin1'))
    expect(aside.sort()).toEqual(Object.values(left).sort())
    expect(await fsck()).toEqual([])
  })

  it('sets counters right, and removes rows that no version or upload needs', async () => {
    const engine = openEngine({ root: data, durability: 'strict', engine: 'lmdb' })
    const value = Buffer.from('{"objectCount":1,"sizeBytes":5}')
    const row = Buffer.from('[]')
    await engine.commit({
      checks: [],
      writes: [
        { key: rowKey('c', 'docs'), value },
        { key: rowKey('m', 'zz-gone'), value: row },
        { key: rowKey('p', '0'.repeat(48), '00001'), value: row },
      ],
    })
    await engine.close()
    expect(kinds(await fsck())).toEqual(['counter', 'row', 'row'])
    await fsck({ repair: true })
    expect(await fsck()).toEqual([])
  })

  it('makes a lost index anew of the plain files with --rebuild', async () => {
    fs.writeFileSync(join(layout.system('index'), 'data.mdb'), 'garbled')
    await fsck({ rebuild: true, repair: true })
    expect(await fsck()).toEqual([])
    const { context, close } = await openContext({ root: data, durability: 'strict', engine: 'lmdb', log: silentLog })
    const query = { bucket: 'docs', prefix: '', delimiter: '', limit: 10, after: '' }
    expect((await listObjects(context, query)).objects.map(({ key }) => key)).toEqual(['folder/large', 'small'])
    await close()
    const aside = filesBelow(layout.system('lost+found'))
    expect(aside.filter((path) => path.includes('/opaque/') || path.includes('/versions/')).length).toBe(4)
    expect(aside.some((path) => path.includes('/index/'))).toBe(true)
  })

  it('finds nothing after versions were deleted by several clients', async () => {
    await withServer(async (server) => {
      const client = server.client()
      for (let i = 0; i < 40; i++)
        await client.send(new PutObjectCommand({ Bucket: 'docs', Key: 'many', Body: `${i}` }))
      const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: 'docs', Prefix: 'many' }))
      await Promise.all(
        Versions.map(({ VersionId }) =>
          client.send(new DeleteObjectCommand({ Bucket: 'docs', Key: 'many', VersionId })),
        ),
      )
    })
    expect(await fsck()).toEqual([])
    expect(filesBelow(layout.system('versions')).length).toBe(2)
  })
})

describe('fsck of an unfinished upload', () => {
  const target = { Bucket: 'docs', Key: 'big' }
  const MiB = 1024 * 1024
  let UploadId: string

  /** The last part fits no slot: it is in a file of its own. */
  beforeEach(async () => {
    await withServer(async (server) => {
      const client = server.client()
      const begun = await client.send(new CreateMultipartUploadCommand(target))
      UploadId = begun.UploadId ?? ''
      for (const [PartNumber, sizeBytes] of [
        [1, 5 * MiB],
        [2, 5 * MiB],
        [3, 6 * MiB],
      ] as const) {
        await client.send(
          new UploadPartCommand({ ...target, UploadId, PartNumber, Body: Buffer.alloc(sizeBytes, 'x') }),
        )
      }
    })
  })

  const fileOfPart3 = () => filesBelow(layout.upload(UploadId)).find((path) => !path.endsWith('/data')) ?? ''
  function overwrite(path: string, position: number): void {
    const file = fs.openSync(path, 'r+')
    fs.writeSync(file, 'Y', position)
    fs.closeSync(file)
  }
  const partsLeft = () =>
    withServer(async (server) => {
      const { Parts = [] } = await server.client().send(new ListPartsCommand({ ...target, UploadId }))
      return Parts.map(({ PartNumber }) => PartNumber)
    })

  it('finds nothing where every part has its bytes', async () => {
    expect(fileOfPart3()).not.toBe('')
    expect(await fsck()).toEqual([])
  })

  it('names parts whose bytes are damaged, and sets them aside with --repair', async () => {
    overwrite(layout.assembled(UploadId), 5 * MiB)
    overwrite(fileOfPart3(), 0)
    expect(await fsck()).toEqual([
      expect.objectContaining({
        kind: 'damaged',
        where: expect.stringContaining('docs/big (part 2 '),
        repair: undefined,
      }),
      expect.objectContaining({
        kind: 'damaged',
        where: expect.stringContaining('docs/big (part 3 '),
        repair: undefined,
      }),
    ])
    expect(await partsLeft()).toEqual([1, 2, 3])
    const repaired = await fsck({ repair: true })
    expect(repaired.map(({ repair }) => repair)).toEqual(Array(2).fill(expect.stringContaining('uploaded again')))
    expect(await fsck()).toEqual([])
    expect(await partsLeft()).toEqual([1])
    const aside = filesBelow(layout.system('lost+found')).filter((path) => !path.endsWith('.jsonl'))
    expect(aside.map((path) => fs.statSync(path).size).sort()).toEqual([5 * MiB, 6 * MiB])
    for (const path of aside) expect(fs.readFileSync(path).subarray(0, 2).toString()).toBe('Yx')
  })

  it('names parts without their files, and lets them be uploaded again after --repair', async () => {
    fs.rmSync(fileOfPart3())
    fs.truncateSync(layout.assembled(UploadId), 5 * MiB + 1)
    expect((await fsck()).map(({ kind, where }) => [kind, where.split(' ')[2]])).toEqual([
      ['missing', '2'],
      ['missing', '3'],
    ])
    await fsck({ repair: true })
    expect(await fsck()).toEqual([])
    await withServer(async (server) => {
      const client = server.client()
      const Body = Buffer.alloc(5 * MiB, 'z')
      await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 2, Body }))
      const { Parts } = await client.send(new ListPartsCommand({ ...target, UploadId }))
      await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }))
      const { ContentLength } = await client.send(new HeadObjectCommand(target))
      expect(ContentLength).toBe(10 * MiB)
    })
    expect(await fsck()).toEqual([])
  })

  it('names a folder that is gone with its parts', async () => {
    fs.rmSync(layout.upload(UploadId), { recursive: true })
    expect(kinds(await fsck())).toEqual(['missing', 'missing', 'missing'])
    await fsck({ repair: true })
    expect(await fsck()).toEqual([])
    expect(await partsLeft()).toEqual([])
  })

  it('names files that are no part’s, and sets them aside with --repair', async () => {
    fs.writeFileSync(join(layout.upload(UploadId), '00004-0123456789abcdef'), 'left')
    expect(kinds(await fsck())).toEqual(['leftover'])
    await fsck({ repair: true })
    expect(await fsck()).toEqual([])
    const [aside = ''] = filesBelow(layout.system('lost+found'))
    expect(fs.readFileSync(aside, 'utf8')).toBe('left')
    expect(await partsLeft()).toEqual([1, 2, 3])
  })
})

describe('sealed objects', () => {
  const ServerSideEncryption = 'AES256'
  const Key = 'folder/sealed'
  let path: string

  beforeEach(async () => {
    const before = filesBelow(layout.system('opaque'))
    await withServer(async (server) => {
      const client = server.client()
      const Body = 's'.repeat(200_000)
      await client.send(new PutObjectCommand({ Bucket: 'docs', Key, Body, ServerSideEncryption }))
    })
    path = filesBelow(layout.system('opaque')).find((file) => !before.includes(file)) ?? ''
  })

  it('fit, and the parts of an upload, without a key', async () => {
    await withServer(async (server) => {
      const client = server.client()
      const at = { Bucket: 'docs', Key: 'begun' }
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...at, ServerSideEncryption }))
      for (const PartNumber of [2, 1, 1]) {
        await client.send(new UploadPartCommand({ ...at, UploadId, PartNumber, Body: Buffer.alloc(100_000, 'p') }))
      }
    })
    fs.rmSync(layout.system('config', 'kms_root.key'), { force: true })
    expect(await fsck()).toEqual([])
    const [part = ''] = filesBelow(layout.system('uploads'))
    damage(part)
    expect(kinds(await fsck())).toEqual(['damaged'])
  })

  it('are named where they are damaged, or missing, which --repair forgets', async () => {
    fs.chmodSync(path, 0o644)
    damage(path)
    expect(kinds(await fsck())).toEqual(['damaged'])
    fs.rmSync(path)
    expect(kinds(await fsck())).toEqual(['missing'])
    await fsck({ repair: true })
    expect(await fsck()).toEqual([])
  })

  it('do not hide a file that was put at their name, which --repair adopts', async () => {
    fs.writeFileSync(layout.plain('docs', Key), 'by hand')
    expect(kinds(await fsck())).toEqual(['unknown'])
    await fsck({ repair: true })
    expect(await fsck()).toEqual([])
    await withServer(async (server) => {
      const versions = await server.client().send(new ListObjectVersionsCommand({ Bucket: 'docs', Prefix: Key }))
      expect(versions.Versions?.map(({ Size }) => Size)).toEqual([7, 200_000])
    })
  })
})

describe('the comparison of versions with their records', () => {
  const begin = { table: 'o', after: undefined } as const
  const untold = async () => {}

  /** In stretches of one version, or all in one. */
  async function compareAll(forMs = Number.POSITIVE_INFINITY, from: VersionPosition = begin) {
    const { context, close } = await openContext({ root: data, durability: 'strict', engine: 'lmdb', log: silentLog })
    const { signal } = new AbortController()
    const sum = { versions: 0, stretches: 0, damaged: [] as string[] }
    for (let next: VersionPosition | undefined = from; next !== undefined; sum.stretches++) {
      const compared = await compareVersions(context, { from: next, forMs, signal, pace: untold })
      sum.versions += compared.versions
      sum.damaged.push(...compared.damaged.map(({ what }) => what))
      next = compared.next
    }
    const leftovers = await countLeftovers(context, signal)
    await close()
    return { ...sum, leftovers }
  }

  it('reads every version, and finds nothing where everything fits', async () => {
    expect(await compareAll()).toEqual({ versions: 6, stretches: 2, damaged: [], leftovers: 0 })
  })

  it('finds damaged and missing bytes, and adopts what was changed by hand', async () => {
    damage(layout.plain('docs', 'folder/large'))
    for (const path of filesBelow(layout.system('opaque'))) fs.rmSync(path)
    fs.writeFileSync(layout.plain('docs', 'small'), 'by hand, and longer')
    const { versions, damaged } = await compareAll()
    expect(versions).toBe(6)
    expect(damaged.sort()).toEqual([
      'The file has other bytes than were stored.',
      'The file is missing.',
      'The file is missing.',
    ])
    await withServer(async (server) => {
      const answer = await server.client().send(new GetObjectCommand({ Bucket: 'docs', Key: 'small' }))
      expect(await answer.Body?.transformToString()).toBe('by hand, and longer')
    })
  })

  it('goes on where a stretch has ended', async () => {
    const { versions, stretches } = await compareAll(0)
    expect(versions).toBe(6)
    expect(stretches).toBeGreaterThanOrEqual(6)
  })

  it('leaves a version that it was interrupted in to the next stretch', async () => {
    const { context, close } = await openContext({ root: data, durability: 'strict', engine: 'lmdb', log: silentLog })
    const stop = new AbortController()
    const pace = async () => stop.abort()
    const compared = await compareVersions(context, { from: begin, forMs: 1e9, signal: stop.signal, pace })
    await close()
    expect(compared).toMatchObject({ versions: 0, next: begin })
    expect((await compareAll(1e9, compared.next ?? begin)).versions).toBe(6)
  })
})
