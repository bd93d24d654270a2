/**
 * Two processes that write one key: the files of an earlier write may still be on their way when a later one is
 * settled.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore, type StoreOptions } from '#app/open-store.ts'
import { encodePending, pendingKey } from '#blobs/files/pending/pending.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { newOrder } from '#metadata/order.ts'
import { rowsOf } from '#metadata/tables.ts'
import type { Store } from '#store/contract.ts'
import { bucketOf } from '../fixtures.ts'
import { forwardingEngine } from '../forwarding-engine.ts'
import { gated } from '../gated-engine.ts'

const everyVersion = {
  bucket: 'bucket',
  prefix: '',
  delimiter: '',
  limit: 10,
  keyMarker: '',
  versionIdMarker: undefined,
} as const
const surprises: string[] = []
const note = (_: object, message: string) => void surprises.push(message)
const log = { info: note, warn: note, error: note }

describe.each(['Unversioned', 'Enabled'] as const)('two processes, one %s bucket', (versioning) => {
  const bucket = bucketOf(versioning)
  let root: string
  let slow: ReturnType<typeof gated>
  let first: Store
  let second: Store
  let engine: LocalEngine
  let options: Omit<StoreOptions, 'engine'>

  beforeEach(async () => {
    surprises.length = 0
    root = await mkdtemp(join(tmpdir(), 'myfsio-two-'))
    engine = openMemoryEngine()
    slow = gated(engine)
    options = { root, durability: 'strict', watch: false, log, isPrimary: false }
    first = await openStore({ ...options, engine: slow.engine })
    second = await openStore({ ...options, engine: gated(engine).engine })
    await first.createBucket(bucket)
  })
  afterEach(async () => {
    await first.close()
    await second.close()
    await rm(root, { recursive: true })
    expect(surprises).toEqual([])
  })

  async function put(store: Store, key: string, value: string): Promise<string> {
    const body = Buffer.from(value.padEnd(70_000))
    const source = Readable.from([body], { objectMode: false })
    const staged = await store.stage({ source, sizeBytes: body.length, maxBytes: 1e9, algorithms: [] })
    const checksum = { algorithm: 'MD5', type: 'FULL_OBJECT', value: '' } as const
    const attributes = { headers: {}, userMetadata: { value }, storageClass: 'STANDARD', ownerId: 'owner' } as const
    const version = await store.putObject({ bucket, key, staged, attributes, checksum, conditions: {} })
    return version.versionId
  }

  async function currentValue(key: string, versionId?: string): Promise<string | undefined> {
    const { userMetadata } = await second.headObject('bucket', key, versionId)
    return userMetadata.value
  }

  it('keep what the slower one has not moved out of the way yet', async () => {
    const one = await put(second, 'key', 'one')
    slow.shut()
    const writing = put(first, 'key', 'two')
    await new Promise((resolve) => setTimeout(resolve, 50))
    const three = await put(second, 'key', 'three')
    expect(await currentValue('key')).toBe('three')
    slow.open()
    const two = await writing
    expect(await currentValue('key')).toBe('three')
    if (versioning === 'Unversioned') return
    for (const [id, value] of [
      [one, 'one'],
      [two, 'two'],
      [three, 'three'],
    ] as const) {
      expect(await currentValue('key', id)).toBe(value)
    }
  })

  it('write to a key whose object the slower one is still moving to another', async () => {
    await put(second, 'from', 'one')
    slow.shut()
    const renaming = first.renameObject({ bucket, from: 'from', to: 'to', sourceConditions: {}, conditions: {} })
    await new Promise((resolve) => setTimeout(resolve, 50))
    await put(second, 'from', 'two')
    slow.open()
    await renaming
    expect(await currentValue('to')).toBe('one')
    expect(await currentValue('from')).toBe('two')
  })

  it('leave no file of a version that one deletes while the other makes it current again', async () => {
    if (versioning === 'Unversioned') return
    const one = await put(second, 'key', 'one')
    const two = await put(second, 'key', 'two')
    const remove = (store: Store, versionId: string) =>
      store.deleteObject({ bucket, key: 'key', versionId, ownerId: 'owner', conditions: {} })
    slow.shut()
    const deleting = remove(first, two)
    // A read would have the file moved.
    await expect.poll(async () => (await second.listVersions(everyVersion)).versions.length).toBe(1)
    await remove(second, one)
    slow.open()
    await deleting
    expect(filesOf('bucket')).toEqual([])
  })

  it('keep what a delete marker of the slower one covers while the other deletes an older version', async () => {
    if (versioning === 'Unversioned') return
    const remove = (store: Store, versionId?: string) =>
      store.deleteObject({ bucket, key: 'key', versionId, ownerId: 'owner', conditions: {} })
    const one = await put(first, 'key', 'one')
    const two = await put(first, 'key', 'two')
    slow.shut()
    const marking = remove(first)
    await expect.poll(async () => (await second.listVersions(everyVersion)).versions.length).toBe(3)
    await remove(second, one)
    expect(filesOf('bucket').length).toBe(1)
    slow.open()
    await marking
    expect(await currentValue('key', two)).toBe('two')
    expect(filesOf('bucket').length).toBe(1)
  })

  it('keep a file that has the inode of one that was removed before', async () => {
    if (versioning === 'Unversioned') return
    const one = await put(first, 'key', 'one')
    const { ino: inode } = statSync(join(root, 'bucket', 'key'))
    const countRows = async () => (await engine.scan(rowsOf('q'))).length
    await expect.poll(countRows, { timeout: 5000 }).toBe(0)
    const gone = { place: { kind: 'version', id: 'gone' }, fileId: 'gone', inode, mtimeMs: 1 } as const
    const pending = { bucket: 'bucket', key: 'key', order: newOrder(undefined), moved: [], removed: [gone] }
    const value = Buffer.concat(encodePending(pending))
    await engine.commit({ checks: [], writes: [{ key: pendingKey(pending), value }] })
    slow.shut()
    const marking = first.deleteObject({ bucket, key: 'key', versionId: undefined, ownerId: 'owner', conditions: {} })
    await expect.poll(async () => (await second.listVersions(everyVersion)).versions.length).toBe(2)
    expect(await currentValue('key', one)).toBe('one')
    slow.open()
    await marking
  })

  /** A store whose commits wait for the gate. */
  async function openReader() {
    const looking = gate()
    let isLooking = false
    const commit: LocalEngine['commit'] = async (wanted) => {
      isLooking = true
      await looking.opened
      return engine.commit(wanted)
    }
    const close = async () => {}
    const reader = await openStore({ ...options, engine: { ...forwardingEngine(engine), commit, close } })
    return { reader, looking, isLooking: () => isLooking }
  }

  it('do not take a file that was replaced by hand for one that was removed', async () => {
    const { reader, looking, isLooking } = await openReader()
    await put(second, 'key', 'one')
    await put(second, 'key', 'two')
    const aside = join(root, 'by-hand')
    await writeFile(aside, 'by hand')
    await rm(join(root, 'bucket', 'key'))
    const found = reader.findVersion('bucket', 'key', undefined)
    await expect.poll(isLooking).toBe(true)
    await rename(aside, join(root, 'bucket', 'key'))
    looking.open()
    expect((await found)?.sizeBytes).toBe('by hand'.length)
    await reader.close()
    expect(surprises.splice(0)).toEqual(['adopted a file changed by hand'])
  })

  it('do not bring back by a look at a file what was written and deleted meanwhile', async () => {
    const { reader, looking, isLooking } = await openReader()
    await writeFile(join(root, 'bucket', 'key'), 'by hand')
    const found = reader.findVersion('bucket', 'key', undefined)
    await expect.poll(isLooking).toBe(true)
    await put(second, 'key', 'one')
    await second.deleteObject({ bucket, key: 'key', versionId: undefined, ownerId: 'owner', conditions: {} })
    looking.open()
    expect((await found)?.isDeleteMarker ?? true).toBe(true)
    await expect(currentValue('key')).rejects.toMatchObject({ code: 'NoSuchKey' })
    await reader.close()
    expect(surprises.splice(0)).toEqual(versioning === 'Unversioned' ? [] : ['adopted a file changed by hand'])
  })

  /** The files of the bucket's versions, wherever they are. */
  function filesOf(name: string): string[] {
    return ['', '.myfsio.sys/versions', '.myfsio.sys/opaque'].flatMap((folder) => {
      const path = join(root, folder, name)
      if (!existsSync(path)) return []
      return readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name)
    })
  }
})

function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}
