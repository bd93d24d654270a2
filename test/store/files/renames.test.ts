/** Changes by one process of the source or target of a rename while another process has not moved its file yet. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '#app/open-store.ts'
import type { StagedBlob } from '#blobs/contract/incoming.ts'
import { encodePending, pendingKey } from '#blobs/files/pending/pending.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { newOrder } from '#metadata/order.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { Staged, Store } from '#store/contract.ts'
import { readObject } from '../../read-object.ts'
import { attributes, bucketOf } from '../fixtures.ts'
import { gated } from '../gated-engine.ts'

const surprises: string[] = []
const note = (_: object, message: string) => void surprises.push(message)
const log = { info: note, warn: note, error: note }
const firstVersions = { bucket: 'bucket', prefix: '', delimiter: '', limit: 100, keyMarker: '' } as const

const checksum = { algorithm: 'MD5', type: 'FULL_OBJECT', value: '' } as const

type Act = (store: Store) => Promise<unknown>

describe.each(['Unversioned', 'Enabled', 'Suspended'] as const)(
  'a rename that is under way in a bucket that is %s',
  (versioning) => {
    const bucket = bucketOf(versioning)
    let root: string
    let slow: ReturnType<typeof gated>
    let slower: ReturnType<typeof gated>
    let first: Store
    let second: Store
    let third: Store
    let engine: LocalEngine

    beforeEach(async () => {
      surprises.length = 0
      root = await mkdtemp(join(tmpdir(), 'myfsio-renames-'))
      engine = openMemoryEngine()
      slow = gated(engine)
      const options = { root, durability: 'strict', watch: false, log, isPrimary: false } as const
      first = await openStore({ ...options, engine: slow.engine })
      second = await openStore({ ...options, engine: gated(engine).engine })
      slower = gated(engine)
      third = await openStore({ ...options, engine: slower.engine })
      await first.createBucket(bucket)
    })
    afterEach(async () => {
      for (const { open } of [slow, slower]) open()
      for (const store of [first, second, third]) await store.close()
      await rm(root, { recursive: true })
      expect(surprises).toEqual([])
    })

    const bodyOf = (value: string) => Buffer.from(value.padEnd(70_000))
    const sourceOf = (body: Buffer) => ({
      source: Readable.from([body], { objectMode: false }),
      sizeBytes: body.length,
      maxBytes: 1e9,
    })

    const stage = (store: Store, value: string) => store.stage({ ...sourceOf(bodyOf(value)), algorithms: ['MD5'] })

    async function put(store: Store, key: string, value: string, already?: Staged) {
      const staged = already ?? (await stage(store, value))
      const described = { ...attributes, userMetadata: { value } }
      return store.putObject({ bucket, key, staged, attributes: described, checksum, conditions: {} })
    }

    async function upload(store: Store, key: string, value: string) {
      const described = { ...attributes, userMetadata: { value } }
      const begun = await store.createUpload({ bucket: 'bucket', key, attributes: described, initiatorId: 'owner' })
      const staged = await store.stagePart(begun, 1, { ...sourceOf(bodyOf(value)), algorithms: ['MD5'] })
      const { etag } = await store.putPart(begun, staged, undefined)
      const parts = [{ partNumber: 1, etag, checksums: {} }]
      return store.completeUpload({ bucket, key, uploadId: begun.uploadId, parts, conditions: {} })
    }

    const rename = (store: Store, from: string, to: string) =>
      store.renameObject({ bucket, from, to, sourceConditions: {}, conditions: {} })

    const remove = (store: Store, key: string, versionId?: string) =>
      store.deleteObject({ bucket, key, versionId, ownerId: 'owner', conditions: {} })

    async function read(key: string, versionId?: string): Promise<string> {
      const { userMetadata } = await second.headObject('bucket', key, versionId)
      const bytes = await readObject(second, 'bucket', key, versionId)
      expect(bytes.toString().trimEnd()).toBe(userMetadata.value)
      return userMetadata.value ?? ''
    }

    /** The current objects. Every version has its own bytes, and there is no other file. */
    async function objects(): Promise<Record<string, string>> {
      const current: Record<string, string> = {}
      const stored = await versionsNow()
      for (const { version, isLatest } of stored) {
        const value = await read(version.key, version.versionId)
        if (isLatest) current[version.key] = value
      }
      for (const key of ['from', 'to', 'third', 'other']) {
        const found = await second.findVersion('bucket', key, undefined)
        expect(found === undefined || found.isDeleteMarker, key).toBe(current[key] === undefined)
      }
      expect(filesIn('bucket', '.myfsio.sys/versions', '.myfsio.sys/opaque').length).toBe(stored.length)
      return current
    }

    function filesIn(...folders: string[]): string[] {
      return folders.flatMap((folder) => {
        if (!existsSync(join(root, folder))) return []
        const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
      })
    }

    const cases: [name: string, act: Act, expected: Record<string, string>][] = [
      ['a write to the target', (store) => put(store, 'to', 'new'), { to: 'new' }],
      ['a delete of the target', (store) => remove(store, 'to'), {}],
      ['a completed upload to the target', (store) => upload(store, 'to', 'new'), { to: 'new' }],
      ['a rename of the target', (store) => rename(store, 'to', 'third'), { third: 'one' }],
      ['a rename onto the target', (store) => rename(store, 'other', 'to'), { to: 'another' }],
      ['a rename back', (store) => rename(store, 'to', 'from'), { from: 'one' }],
      ['a write to the source', (store) => put(store, 'from', 'new'), { to: 'one', from: 'new' }],
      ['a rename onto the source', (store) => rename(store, 'other', 'from'), { to: 'one', from: 'another' }],
      ['a delete of the source', (store) => remove(store, 'from'), { to: 'one' }],
      [
        'writes to both',
        async (store) => {
          await Promise.all([put(store, 'to', 'new'), put(store, 'from', 'newer')])
        },
        { to: 'new', from: 'newer' },
      ],
      [
        'a write and a delete of both',
        async (store) => {
          for (const key of ['from', 'to']) await put(store, key, 'new').then(() => remove(store, key))
        },
        {},
      ],
    ]

    it.each(cases)('suffers %s', async (_name, act, expected) => {
      await put(second, 'from', 'one')
      await put(second, 'to', 'old')
      await put(second, 'other', 'another')
      slow.shut()
      const renaming = rename(first, 'from', 'to')
      await expect.poll(async () => (await listed()).includes('from')).toBe(false)
      await act(second)
      slow.open()
      await renaming
      const other = JSON.stringify(expected).includes('another') ? {} : { other: 'another' }
      expect(await objects()).toEqual({ ...expected, ...other })
    })

    it('leaves its old key before a later write to it, also where an earlier rename went the other way', async () => {
      await put(second, 'to', 'one')
      await rename(second, 'to', 'from')
      slow.shut()
      const renaming = rename(first, 'from', 'to')
      await expect.poll(listed).toEqual(['to'])
      await put(second, 'from', 'new')
      slow.open()
      await renaming
      expect(await objects()).toEqual({ to: 'one', from: 'new' })
    })

    it('keeps its file where a delete of the old key is played late, and has the inode of a replaced one', async () => {
      if (versioning === 'Enabled') return
      const older = { bucket: 'bucket', key: 'from', order: newOrder(undefined), moved: [], removed: [] }
      await put(second, 'from', 'zero')
      const staged = await stage(second, 'one')
      const inode = (staged as StagedBlob).ref.stamp
      const row = Buffer.concat(encodePending({ ...older, inodes: [1, inode] }))
      await engine.commit({ checks: [], writes: [{ key: pendingKey(older), value: row }] })
      slow.shut()
      const removing = remove(first, 'from')
      await expect.poll(listed).toEqual([])
      await put(second, 'from', 'one', staged)
      slower.shut()
      const renaming = rename(third, 'from', 'to')
      await expect.poll(listed).toEqual(['to'])
      slow.open()
      await removing
      slower.open()
      await renaming
      expect(await objects()).toEqual({ to: 'one' })
    })

    it('is followed by the rows of a later write, whatever its clock says', async () => {
      const now = newOrder(undefined)
      const ticks = Number.parseInt(now.slice(0, 14), 16) - 3_600_000 * 1024
      const inAnHour = ticks.toString(16).padStart(14, '0') + now.slice(14)
      const ahead = { bucket: 'bucket', key: 'from', order: inAnHour, moved: [], removed: [], renamedTo: 'to' }
      const value = Buffer.concat(encodePending(ahead))
      await engine.commit({ checks: [], writes: [{ key: pendingKey(ahead), value }] })
      const { order } = (await put(second, 'from', 'one')) as StoredVersion
      expect(order < inAnHour).toBe(true)
    })

    it('a version that is made current again leaves no file where it is replaced at once', async () => {
      const change = (status: Bucket['versioning']) =>
        second.updateBucket('bucket', (bucket) => ({ ...bucket, versioning: status }))
      await change('Suspended')
      await put(second, 'to', 'one')
      await change('Enabled')
      const { versionId } = await put(second, 'to', 'two')
      await change('Suspended')
      slow.shut()
      const removing = remove(first, 'to', versionId)
      await expect.poll(async () => (await versionsNow()).length).toBe(1)
      await put(second, 'to', 'three')
      slow.open()
      await removing
      expect(await objects()).toEqual({ to: 'three' })
    })

    it('a deleted file goes also where the write that came in its stead was deleted before it arrived', async () => {
      if (versioning === 'Enabled') return
      await put(second, 'to', 'one')
      slow.shut()
      const removing = remove(first, 'to')
      await expect.poll(listed).toEqual([])
      slower.shut()
      const writing = put(third, 'to', 'two')
      await expect.poll(listed).toEqual(['to'])
      slow.open()
      await removing
      await remove(first, 'to')
      slower.open()
      await writing
      await expect.poll(() => filesIn('bucket'), { timeout: 5000 }).toEqual([])
      expect(await objects()).toEqual({})
    })

    it.each([
      ['below itself', 'from', 'from/below'],
      ['to the folder that it was the last in', 'from/below', 'from'],
    ])('moves an object %s, which stays a plain file', async (_where, from, to) => {
      await put(second, from, 'one')
      await rename(second, from, to)
      expect(readFileSync(join(root, 'bucket', to), 'utf8').trimEnd()).toBe('one')
      expect(await objects()).toEqual({ [to]: 'one' })
    })

    async function versionsNow() {
      const { versions } = await second.listVersions({ ...firstVersions, versionIdMarker: undefined })
      return versions.filter(({ version }) => !version.isDeleteMarker)
    }

    async function listed(): Promise<string[]> {
      const query = { bucket: 'bucket', prefix: '', delimiter: '', limit: 100, after: '' }
      const { objects } = await second.listObjects(query)
      return objects.map(({ key }) => key)
    }
  },
)
