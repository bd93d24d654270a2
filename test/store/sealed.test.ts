/** Sealed objects through the store, over plain files and in memory. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '#app/open-store.ts'
import type { EncryptionMethod, Sealing } from '#model/object/encryption.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { OpenObject, Store } from '#store/contract.ts'
import { attributes, bucketOf, silentLog } from './fixtures.ts'

const marker = 'this text must not be found on the disk'
const small = Buffer.from(marker)
const large = Buffer.from(`${marker} `.repeat(20_000))
const sealings = new Map<string, Sealing>()

function newSealing(method: EncryptionMethod = 'AES256'): Sealing {
  const wrappedKey = randomBytes(8).toString('base64')
  const dataKeys = [randomBytes(32), ...(method === 'aws:kms:dsse' ? [randomBytes(32)] : [])]
  const sealing: Sealing = { encryption: { method, wrappedKey }, dataKeys }
  sealings.set(wrappedKey, sealing)
  return sealing
}

const keysOf = ({ encryption }: ObjectVersion) => sealings.get(encryption?.wrappedKey ?? '')?.dataKeys ?? []
const bodyOf = (bytes: Buffer) => ({
  source: Readable.from([bytes], { objectMode: false }),
  sizeBytes: bytes.length,
  maxBytes: 1e9,
  algorithms: [],
})

describe.each(['files over lmdb', 'files over memory', 'memory'] as const)('sealed objects in %s', (where) => {
  let root: string
  let store: Store
  const isOnDisk = where !== 'memory'
  const open = () => {
    const engine = where === 'files over lmdb' ? 'lmdb' : 'memory'
    const common = { durability: 'strict', watch: false, log: silentLog, isPrimary: false } as const
    return openStore({ ...common, engine, root: isOnDisk ? root : undefined })
  }
  const plain = (key: string) => join(root, 'bucket', key)
  const opaque = () => {
    const folder = join(root, '.myfsio.sys', 'opaque')
    // Removed with its last file.
    if (!existsSync(folder)) return []
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  }

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'myfsio-sealed-'))
    store = await open()
  })
  afterEach(async () => {
    await store.close()
    await rm(root, { recursive: true })
  })

  const create = (versioning: 'Unversioned' | 'Enabled' = 'Unversioned') => store.createBucket(bucketOf(versioning))
  const bucket = () => store.getBucket('bucket')
  async function put(key: string, bytes: Buffer, sealing?: Sealing): Promise<ObjectVersion> {
    return putStaged(key, await store.stage(bodyOf(bytes), sealing))
  }
  async function putStaged(key: string, staged: Awaited<ReturnType<Store['stage']>>): Promise<ObjectVersion> {
    const value = staged.digests.get('CRC64NVME')?.toString('base64') ?? ''
    const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value } as const
    return store.putObject({ bucket: await bucket(), key, staged, attributes, checksum, conditions: {} })
  }
  async function unsealed(key: string, versionId?: string): Promise<OpenObject> {
    const opened = await store.openObject('bucket', key, versionId)
    if (opened.version.encryption !== undefined) await opened.unseal(keysOf(opened.version))
    return opened
  }
  async function get(key: string, versionId?: string, range?: [number, number]): Promise<Buffer> {
    const opened = await unsealed(key, versionId)
    const [start, end] = range ?? [0, opened.version.sizeBytes]
    const content = opened.content(start, end)
    if (Buffer.isBuffer(content)) return content
    const bytes = await buffer(content.pieces())
    content.close()
    return bytes
  }
  const remove = async (key: string, versionId?: string) =>
    store.deleteObject({ bucket: await bucket(), key, versionId, ownerId: 'owner', conditions: {} })

  it.each([
    ['a small', small],
    ['a large', large],
    ['an empty', Buffer.alloc(0)],
  ])('%s one is read as it was written, with size, ETag and checksum of its own bytes', async (_, body) => {
    await create()
    for (const method of ['AES256', 'aws:kms:dsse'] as const) {
      const version = await put('folder/key', body, newSealing(method))
      const md5 = createHash('md5').update(body).digest('hex')
      if (method === 'AES256') expect(version.etag).toBe(md5)
      else expect(version.etag).not.toBe(md5)
      expect(version.encryption?.method).toBe(method)
      expect((await store.headObject('bucket', 'folder/key', undefined)).sizeBytes).toBe(body.length)
      expect((await get('folder/key')).equals(body)).toBe(true)
      const range: [number, number] = [Math.floor(body.length / 3), Math.ceil(body.length / 2)]
      expect((await get('folder/key', undefined, range)).equals(body.subarray(...range))).toBe(true)
    }
    await store.close()
    if (!isOnDisk) return
    store = await open()
    if (where === 'files over lmdb') expect((await get('folder/key')).equals(body)).toBe(true)
  })

  it('one is not opened without its keys, nor with others', async () => {
    await create()
    for (const body of [small, large]) {
      await put('key', body, newSealing())
      const opened = await store.openObject('bucket', 'key', undefined)
      expect(() => opened.content(0, 1)).toThrow(/without its keys/)
      opened.close()
      const other = await store.openObject('bucket', 'key', undefined)
      const reading = other.unseal([randomBytes(32)]).then(async () => {
        const content = other.content(0, body.length)
        return Buffer.isBuffer(content) ? content : buffer(content.pieces())
      })
      await expect(reading).rejects.toMatchObject({ code: 'InternalError' })
      other.close()
    }
  })

  it.runIf(isOnDisk)('one has no file in its bucket, and none of its bytes anywhere', async () => {
    await create('Enabled')
    await put('folder/small', small, newSealing())
    await put('folder/large', large, newSealing())
    await put('folder/large', large, newSealing())
    expect(existsSync(plain('folder'))).toBe(false)
    expect(opaque()).toHaveLength(3)
    for (const path of opaque()) expect(statSync(path).mode & 0o777).toBe(0o400)
    await store.close()
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      expect([entry.name, readFileSync(join(entry.parentPath, entry.name)).includes(marker)]).toEqual([
        entry.name,
        false,
      ])
    }
    store = await open()
  })

  it('one replaces one that is not, and is replaced and removed like any other', async () => {
    await create()
    await put('key', Buffer.from('plain'))
    await put('key', large, newSealing())
    if (isOnDisk) expect(existsSync(plain('key'))).toBe(false)
    await put('key', small, newSealing())
    expect((await get('key')).equals(small)).toBe(true)
    await put('key', Buffer.from('plain'))
    expect((await get('key')).toString()).toBe('plain')
    if (isOnDisk) expect([readFileSync(plain('key'), 'utf8'), opaque()]).toEqual(['plain', []])
    await put('key', small, newSealing())
    await remove('key')
    await expect(get('key')).rejects.toMatchObject({ code: 'NoSuchKey' })
    if (isOnDisk) expect(opaque()).toEqual([])
    expect(await store.bucketUsage('bucket')).toMatchObject({ objectCount: 0, sizeBytes: 0 })
  })

  it('one stays an older version, and becomes current again', async () => {
    await create('Enabled')
    const sealed = await put('key', large, newSealing())
    const after = await put('key', Buffer.from('plain'))
    expect((await get('key', sealed.versionId)).equals(large)).toBe(true)
    await remove('key', after.versionId)
    expect((await get('key')).equals(large)).toBe(true)
    if (isOnDisk) expect(existsSync(plain('key'))).toBe(false)
  })

  it('copies are sealed anew, to plain bytes and back', async () => {
    await create()
    for (const body of [small, large]) {
      await put('source', body, newSealing())
      const range = { start: 0, end: body.length }
      await putStaged('plain', await store.stageCopy(await unsealed('source'), range, []))
      expect((await get('plain')).equals(body)).toBe(true)
      await putStaged('sealed', await store.stageCopy(await unsealed('plain'), range, [], newSealing('SSE-C')))
      await putStaged('again', await store.stageCopy(await unsealed('sealed'), range, [], newSealing('aws:kms:dsse')))
      expect((await get('again')).equals(body)).toBe(true)
      const sealed = await store.openObject('bucket', 'source', undefined)
      await expect(async () => store.stageCopy(sealed, range, [])).rejects.toThrow(/without its keys/)
      sealed.close()
    }
  })

  describe('an upload', () => {
    async function begin(sealing: Sealing) {
      const { encryption } = sealing
      return store.createUpload({ bucket: 'bucket', key: 'key', attributes, initiatorId: 'owner', encryption })
    }
    const partOf = (name: string, sizeBytes: number) => Buffer.alloc(sizeBytes, `${name} ${marker}`)
    const mib = 1024 * 1024
    async function complete(uploadId: string, parts: readonly { partNumber: number; etag: string }[]) {
      const requested = parts.map(({ partNumber, etag }) => ({ partNumber, etag, checksums: {} }))
      return store.completeUpload({ bucket: await bucket(), key: 'key', uploadId, parts: requested, conditions: {} })
    }

    it('is sealed part by part, and read across them', async () => {
      await create()
      for (const method of ['AES256', 'aws:kms', 'aws:kms:dsse'] as const) {
        const sealing = newSealing(method)
        const upload = await begin(sealing)
        expect((await store.getUpload('bucket', 'key', upload.uploadId)).encryption).toEqual(sealing.encryption)
        const bodies = [partOf('two', 5 * mib), partOf('again', 5 * mib), partOf('one', 5 * mib), partOf('last', 1000)]
        const stored = []
        for (const [at, partNumber] of [2, 2, 1, 5].entries()) {
          const body = bodies[at] ?? Buffer.alloc(0)
          const staged = await store.stagePart(upload, partNumber, bodyOf(body), sealing.dataKeys)
          const part = await store.putPart(upload, staged, undefined)
          expect(part.sizeBytes).toBe(body.length)
          const isMd5 = part.etag === createHash('md5').update(body).digest('hex')
          expect(isMd5).toBe(method === 'AES256')
          stored.push(part)
        }
        const [, two, one, last] = stored
        if (one === undefined || two === undefined || last === undefined) throw new Error('no parts')
        const version = await complete(upload.uploadId, [one, two, last])
        expect(version).toMatchObject({ partCount: 3, sizeBytes: 10 * mib + 1000, encryption: sealing.encryption })
        const whole = Buffer.concat([bodies[2], bodies[1], bodies[3]].map((body) => body ?? Buffer.alloc(0)))
        expect((await get('key')).equals(whole)).toBe(true)
        const across: [number, number] = [5 * mib - 10, 10 * mib + 10]
        expect((await get('key', undefined, across)).equals(whole.subarray(...across))).toBe(true)
        const sizes = (await store.listObjectParts('bucket', version, 0, 10)).map(({ sizeBytes }) => sizeBytes)
        expect(sizes).toEqual([5 * mib, 5 * mib, 1000])
        if (isOnDisk) for (const path of opaque()) expect(statSync(path).mode & 0o777).toBe(0o400)
      }
    })

    it('takes parts that are copies, and no part without its keys', async () => {
      await create()
      await put('source', large, newSealing())
      const sealing = newSealing()
      const upload = await begin(sealing)
      const range = { start: 10, end: 500_000 }
      const staged = await store.stagePartCopy(upload, 1, await unsealed('source'), range, [], sealing.dataKeys)
      const part = await store.putPart(upload, staged, undefined)
      expect(() => store.stagePart(upload, 2, bodyOf(small))).toThrow(/there is no key/)
      await complete(upload.uploadId, [part])
      expect((await get('key')).equals(large.subarray(10, 500_000))).toBe(true)
    })
  })

  it('the wrapping of its key is replaced, and all else stays', async () => {
    await create('Enabled')
    const sealing = newSealing()
    const before = await put('key', large, sealing)
    const from = sealing.encryption
    const to = { method: 'aws:kms', keyArn: 'arn:aws:kms:us-east-1:000000000000:key/1', wrappedKey: 'again' } as const
    const changed = await store.rewrapVersion('bucket', before, { from, to })
    expect(changed).toEqual({ ...before, encryption: to })
    sealings.set('again', { ...sealing, encryption: to })
    expect((await get('key')).equals(large)).toBe(true)
    const again = store.rewrapVersion('bucket', before, { from, to })
    await expect(again).rejects.toMatchObject({ code: 'OperationAborted' })
  })

  it('a renamed one keeps its sealed bytes, while its key is wrapped anew', async () => {
    await create()
    const sealing = newSealing()
    await put('folder/one', large, sealing)
    const paths = isOnDisk ? opaque() : []
    const rename = async (from: string, to: string, rewrap?: Parameters<Store['renameObject']>[0]['rewrap']) =>
      store.renameObject({ bucket: await bucket(), from, to, sourceConditions: {}, conditions: {}, rewrap })
    await expect(rename('folder/one', 'two')).rejects.toMatchObject({ code: 'OperationAborted' })
    await rename('folder/one', 'two', { from: sealing.encryption, to: sealing.encryption })
    expect((await get('two')).equals(large)).toBe(true)
    const to = { method: 'AES256', wrappedKey: 'bound to three' } as const
    sealings.set(to.wrappedKey, sealing)
    await rename('two', 'odd//three', { from: sealing.encryption, to })
    expect((await store.headObject('bucket', 'odd//three', undefined)).encryption).toEqual(to)
    expect((await get('odd//three')).equals(large)).toBe(true)
    if (isOnDisk) expect(opaque()).toEqual(paths)
  })

  describe.runIf(isOnDisk)('a file put by hand at its name', () => {
    it.each(['Unversioned', 'Enabled'] as const)('is a new version, in a bucket that is %s', async (versioning) => {
      await create(versioning)
      const sealed = await put('folder/key', large, newSealing())
      await mkdir(plain('folder'))
      await writeFile(plain('folder/key'), 'by hand')
      const found = await store.headObject('bucket', 'folder/key', undefined)
      expect(found.encryption).toBeUndefined()
      expect((await get('folder/key')).toString()).toBe('by hand')
      if (versioning === 'Enabled') expect((await get('folder/key', sealed.versionId)).equals(large)).toBe(true)
      else await expect.poll(opaque).toEqual([])
      await rm(plain('folder/key'))
      const after = await store.findVersion('bucket', 'folder/key', undefined)
      expect(after?.versionId).toBe(versioning === 'Enabled' ? sealed.versionId : undefined)
      if (versioning === 'Enabled') expect((await get('folder/key')).equals(large)).toBe(true)
    })

    it.each(['Unversioned', 'Enabled'] as const)(
      'before a write is older than that, in a bucket that is %s',
      async (v) => {
        await create(v)
        await put('key', small, newSealing())
        await writeFile(plain('key'), 'by hand')
        await put('key', large, newSealing())
        expect((await get('key')).equals(large)).toBe(true)
        expect(existsSync(plain('key'))).toBe(false)
        const { versions } = await store.listVersions({
          bucket: 'bucket',
          prefix: '',
          delimiter: '',
          limit: 10,
          keyMarker: '',
          versionIdMarker: undefined,
        })
        expect(versions.map(({ version }) => version.sizeBytes)).toEqual(
          v === 'Enabled' ? [large.length, 'by hand'.length, small.length] : [large.length],
        )
      },
    )

    it('shows in a listing once it was scanned for, and its absence is no removal', async () => {
      await store.close()
      const log = silentLog
      const engine = where === 'files over lmdb' ? 'lmdb' : 'memory'
      store = await openStore({ root, durability: 'strict', engine, watch: true, log, isPrimary: true })
      await create('Enabled')
      const sealed = await put('key', small, newSealing())
      const sizes = async () =>
        (await store.listObjects({ bucket: 'bucket', prefix: '', delimiter: '', limit: 10, after: '' })).objects.map(
          ({ key, sizeBytes }) => [key, sizeBytes],
        )
      await writeFile(plain('other'), 'another by hand')
      await expect.poll(sizes).toEqual([
        ['key', small.length],
        ['other', 15],
      ])
      await writeFile(plain('key'), 'by hand')
      await expect.poll(sizes).toEqual([
        ['key', 7],
        ['other', 15],
      ])
      await rm(plain('key'))
      await expect.poll(sizes).toEqual([
        ['key', small.length],
        ['other', 15],
      ])
      expect((await store.headObject('bucket', 'key', undefined)).versionId).toBe(sealed.versionId)
    })
  })
})
