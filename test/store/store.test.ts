import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '#app/open-store.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { Store } from '#store/contract.ts'
import { stagedFiles } from '../staged-files.ts'
import { attributes, bucketOf, silentLog } from './fixtures.ts'

for (const engine of ['memory', 'lmdb'] as const) {
  describe(`store on ${engine}`, () => {
    let root: string
    let store: Store
    const open = () => openStore({ root, durability: 'strict', engine, watch: false, log: silentLog, isPrimary: false })

    beforeEach(async () => {
      root = await mkdtemp(join(tmpdir(), 'myfsio-store-'))
      store = await open()
    })
    afterEach(async () => {
      await store.close()
      await rm(root, { recursive: true })
    })

    const create = (versioning: Bucket['versioning'] = 'Unversioned') => store.createBucket(bucketOf(versioning))
    const put = async (key: string, body: string | Buffer, conditions = {}): Promise<ObjectVersion> => {
      const bytes = Buffer.from(body)
      const staged = await store.stage({
        source: Readable.from([bytes], { objectMode: false }),
        sizeBytes: bytes.length,
        maxBytes: 1e9,
        algorithms: [],
      })
      const checksum = {
        algorithm: 'CRC64NVME',
        type: 'FULL_OBJECT',
        value: staged.digests.get('CRC64NVME')?.toString('base64') ?? '',
      } as const
      return store.putObject({ bucket: bucketOf('Unversioned'), key, staged, attributes, checksum, conditions })
    }
    const get = async (key: string, versionId?: string): Promise<string> => {
      const opened = await store.openObject('bucket', key, versionId)
      const content = opened.content(0, opened.version.sizeBytes)
      if (Buffer.isBuffer(content)) return content.toString()
      opened.close()
      return `large ${opened.version.sizeBytes}`
    }
    const remove = (key: string, versionId?: string) =>
      store.deleteObject({ bucket: bucketOf('Unversioned'), key, versionId, ownerId: 'owner', conditions: {} })
    const keys = async () =>
      (await store.listObjects({ bucket: 'bucket', prefix: '', delimiter: '', limit: 1000, after: '' })).objects.map(
        ({ key }) => key,
      )
    const staging = () => stagedFiles(root)

    it('keeps an object as a plain file, readable by hand', async () => {
      await create()
      const version = await put('a/b.txt', 'hello')
      expect(await readFile(join(root, 'bucket/a/b.txt'), 'utf8')).toBe('hello')
      expect(await get('a/b.txt')).toBe('hello')
      expect(version.etag).toBe('5d41402abc4b2a76b9719d911017c592')
      expect(staging()).toEqual([])
    })

    it('replaces, lists and removes, and prunes the folders left empty', async () => {
      await create()
      await put('a/b/c', '1')
      await put('a/b/c', '22')
      await put('d', '3')
      expect(await get('a/b/c')).toBe('22')
      expect(await keys()).toEqual(['a/b/c', 'd'])
      expect(await store.bucketUsage('bucket')).toEqual({ objectCount: 2, sizeBytes: 3 })
      await remove('a/b/c')
      expect(await readdir(join(root, 'bucket'))).toEqual(['d'])
      await expect(get('a/b/c')).rejects.toMatchObject({ code: 'NoSuchKey' })
    })

    it('changes what is said of one version, and nothing of what has taken its place', async () => {
      await create()
      const tags = { a: '1' }
      const first = await put('a', 'first')
      const changed = await store.changeVersion('bucket', first, { change: (version) => ({ ...version, tags }) })
      expect(changed).toMatchObject({ ...first, tags })
      expect(await store.changeVersion('bucket', first, { change: () => undefined })).toBeUndefined()
      expect([(await store.headObject('bucket', 'a', undefined)).tags, await get('a')]).toEqual([tags, 'first'])
      await put('a', 'second')
      expect(
        await store.changeVersion('bucket', first, { change: (version) => ({ ...version, tags }) }),
      ).toBeUndefined()
      expect([(await store.headObject('bucket', 'a', undefined)).tags, await get('a')]).toEqual([undefined, 'second'])
    })

    it.each([
      ['a', 'a/b'],
      ['a/b', 'a'],
    ])('holds %s beside %s, whichever comes first', async (first, second) => {
      await create()
      await put(first, 'first')
      await put(second, 'second')
      expect(await get(first)).toBe('first')
      expect(await get(second)).toBe('second')
      await remove(first)
      expect(await get(second)).toBe('second')
      expect(await keys()).toEqual([second])
    })

    it.each(['dir/', '//', '/x', 'a//b', '../x', 'a/../b', '.', 'x'.repeat(300), 'é😀', 'a b+%20'])(
      'holds the key %j',
      async (key) => {
        await create()
        await put(key, key)
        expect(await get(key)).toBe(key)
        expect(await keys()).toEqual([key])
        expect(await readdir(root)).toEqual(['.myfsio.sys', 'bucket'])
        await remove(key)
        expect(await keys()).toEqual([])
      },
    )

    it('keeps versions, and brings the one before back when the newest is deleted', async () => {
      await create('Enabled')
      const one = await put('k', 'one')
      const two = await put('k', 'two')
      expect(await get('k')).toBe('two')
      expect(await get('k', one.versionId)).toBe('one')
      const marker = await remove('k')
      expect(marker.isDeleteMarker).toBe(true)
      await expect(get('k')).rejects.toMatchObject({ code: 'NoSuchKey' })
      expect(await get('k', two.versionId)).toBe('two')
      await remove('k', marker.versionId)
      expect(await get('k')).toBe('two')
      await remove('k', two.versionId)
      expect(await get('k')).toBe('one')
      expect(await readFile(join(root, 'bucket/k'), 'utf8')).toBe('one')
      await remove('k', one.versionId)
      await store.deleteBucket('bucket')
      expect(await store.findBucket('bucket')).toBeUndefined()
    })

    it('lists versions newest first, with the delete marker on top', async () => {
      await create('Enabled')
      const one = await put('k', 'one')
      const two = await put('k', 'two')
      const marker = await remove('k')
      await put('l', 'x')
      const list = (limit: number, keyMarker = '', versionIdMarker?: string) =>
        store.listVersions({ bucket: 'bucket', prefix: '', delimiter: '', limit, keyMarker, versionIdMarker })
      const all = await list(1000)
      expect(
        all.versions.map(({ version, isLatest }) => [version.key, version.versionId, isLatest]).slice(0, 3),
      ).toEqual([
        ['k', marker.versionId, true],
        ['k', two.versionId, false],
        ['k', one.versionId, false],
      ])
      const first = await list(2)
      expect(first.next).toEqual({ key: 'k', versionId: two.versionId })
      const rest = await list(2, 'k', two.versionId)
      expect(rest.versions.map(({ version }) => version.key)).toEqual(['k', 'l'])
    })

    it('replaces the null version while versioning is suspended', async () => {
      await create()
      await put('k', 'null one')
      await store.updateBucket('bucket', (bucket) => ({ ...bucket, versioning: 'Enabled' }))
      const two = await put('k', 'two')
      expect(await get('k', 'null')).toBe('null one')
      await store.updateBucket('bucket', (bucket) => ({ ...bucket, versioning: 'Suspended' }))
      await put('k', 'null three')
      expect(await get('k', 'null')).toBe('null three')
      expect(await get('k', two.versionId)).toBe('two')
      expect((await store.bucketUsage('bucket')).objectCount).toBe(2)
      const marker = await remove('k')
      expect(marker.versionId).toBe('null')
      expect((await store.bucketUsage('bucket')).objectCount).toBe(1)
    })

    it('lets one of many conditional creators win', async () => {
      await create()
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, (_, i) => put('k', `${i}`, { ifNoneMatch: '*' })),
      )
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(staging()).toEqual([])
    })

    it('groups keys under a delimiter and pages through them', async () => {
      await create()
      for (let i = 0; i < 60; i++) await put(`p${i % 3}/${i}`, '')
      await put('z', '')
      const page = await store.listObjects({ bucket: 'bucket', prefix: '', delimiter: '/', limit: 2, after: '' })
      expect(page).toMatchObject({ commonPrefixes: ['p0/', 'p1/'], objects: [], next: 'p1/' })
      const rest = await store.listObjects({ bucket: 'bucket', prefix: '', delimiter: '/', limit: 2, after: 'p1/' })
      expect(rest.commonPrefixes).toEqual(['p2/'])
      expect(rest.objects.map(({ key }) => key)).toEqual(['z'])
      expect(rest.next).toBeUndefined()
    })

    it('renames in one step', async () => {
      await create()
      await put('a/one', 'x')
      await store.renameObject({
        bucket: bucketOf('Unversioned'),
        from: 'a/one',
        to: 'b/two',
        sourceConditions: {},
        conditions: {},
      })
      expect(await keys()).toEqual(['b/two'])
      expect(await get('b/two')).toBe('x')
      expect(await readdir(join(root, 'bucket'))).toEqual(['b'])
    })

    it('renames the object, and not the one that it has just replaced', async () => {
      await create()
      for (const body of ['old', 'new']) await put('from', body)
      await store.renameObject({
        bucket: bucketOf('Unversioned'),
        from: 'from',
        to: 'to',
        sourceConditions: {},
        conditions: {},
      })
      expect(await readFile(join(root, 'bucket/to'), 'latin1')).toBe('new')
      expect(await get('to')).toBe('new')
    })

    it('adopts files that appear, change and vanish by hand', async () => {
      await create()
      await writeFile(join(root, 'bucket/by-hand.json'), '{}')
      expect(await get('by-hand.json')).toBe('{}')
      const adopted = await store.headObject('bucket', 'by-hand.json', undefined)
      expect(adopted.headers.contentType).toBe('application/json')
      await put('k', 'before')
      await writeFile(join(root, 'bucket/k'), 'after!')
      expect(await get('k')).toBe('after!')
      await rm(join(root, 'bucket/k'))
      await expect(store.headObject('bucket', 'k', undefined)).rejects.toMatchObject({ code: 'NoSuchKey' })
    })

    it('keeps the metadata of a file that was touched or restored with the same bytes', async () => {
      await create()
      const before = await put('k', 'same')
      await utimes(join(root, 'bucket/k'), 1, 1)
      const after = await store.headObject('bucket', 'k', undefined)
      expect(after.modifiedAtMs).toBe(before.modifiedAtMs)
    })

    it('never follows a symbolic link', async () => {
      await create()
      await mkdir(join(root, 'outside'))
      await writeFile(join(root, 'outside/secret'), 'secret')
      await symlink(join(root, 'outside/secret'), join(root, 'bucket/link'))
      await symlink(join(root, 'outside'), join(root, 'bucket/folder'))
      await expect(get('link')).rejects.toMatchObject({ code: 'NoSuchKey' })
      await expect(get('folder/secret')).rejects.toMatchObject({ code: 'NoSuchKey' })
      await put('folder/new', 'x')
      expect(await readdir(join(root, 'outside'))).toEqual(['secret'])
      expect(await get('folder/new')).toBe('x')
    })

    it('refuses a body that is shorter or longer than announced, and leaves nothing', async () => {
      await create()
      for (const sizeBytes of [3, 9, 100_000]) {
        const body = {
          source: Readable.from([Buffer.from('hello')], { objectMode: false }),
          sizeBytes,
          maxBytes: 1e9,
          algorithms: [],
        }
        await expect(store.stage(body)).rejects.toMatchObject({ code: 'IncompleteBody' })
      }
      expect(staging()).toEqual([])
    })

    it('keeps a large body as it was sent', async () => {
      await create()
      const body = Buffer.alloc(3_000_000, 'abcdefg')
      await put('large', body)
      expect((await readFile(join(root, 'bucket/large'))).equals(body)).toBe(true)
      expect((await stat(join(root, 'bucket/large'))).size).toBe(3_000_000)
    })
  })
}

describe('a watched store', () => {
  let root: string
  let store: Store

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'myfsio-watch-'))
    store = await openStore({
      root,
      durability: 'none',
      engine: 'memory',
      watch: true,
      log: silentLog,
      isPrimary: true,
    })
    await store.createBucket(bucketOf('Unversioned'))
  })

  afterEach(async () => {
    await store.close()
    await rm(root, { recursive: true })
  })

  const names = async () => {
    const query = { bucket: 'bucket', prefix: '', delimiter: '', limit: 1000, after: '' }
    return (await store.listObjects(query)).objects.map(({ key }) => key)
  }
  const expectNames = (expected: string[]) => expect.poll(names, { timeout: 10_000 }).toEqual(expected)

  it('lists what is in a folder by its new name once it was renamed by hand, and nothing by the old one', async () => {
    await mkdir(join(root, 'bucket/d/e'), { recursive: true })
    await writeFile(join(root, 'bucket/d/e/f'), 'x')
    await expectNames(['d/e/f'])
    await rename(join(root, 'bucket/d'), join(root, 'bucket/c'))
    await expectNames(['c/e/f'])
  })

  it('lives on when a file takes the place of a folder in which something has just changed', async () => {
    await mkdir(join(root, 'bucket/d'))
    await writeFile(join(root, 'bucket/d/f'), 'x')
    await expectNames(['d/f'])
    await writeFile(join(root, 'bucket/d/g'), 'x')
    await rm(join(root, 'bucket/d'), { recursive: true })
    await writeFile(join(root, 'bucket/d'), 'x')
    await expectNames(['d'])
  })

  it('does not bring back a bucket that was deleted', async () => {
    await store.deleteBucket('bucket')
    await mkdir(join(root, 'by-hand'))
    // Once the folder made by hand is a bucket, the watcher has processed all earlier changes.
    await expect.poll(() => store.findBucket('by-hand'), { timeout: 10_000 }).toBeDefined()
    expect(await store.findBucket('bucket')).toBeUndefined()
  })
})
