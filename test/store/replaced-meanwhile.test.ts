/**
 * A version that is replaced between the reads of its rows: the reader gets another that was there meanwhile, and no
 * error.
 */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '#app/open-store.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import type { Sealing } from '#model/object/encryption.ts'
import type { Store } from '#store/contract.ts'
import { attributes, bucketOf, silentLog } from './fixtures.ts'
import { forwardingEngine } from './forwarding-engine.ts'

const before = Buffer.from('the bytes of before')
const after = Buffer.from('the bytes of after')
const dataKeys = [randomBytes(32)]
const sealing: Sealing = { encryption: { method: 'AES256', wrappedKey: 'wrapped' }, dataKeys }
const bodyOf = (bytes: Buffer) => ({
  source: Readable.from([bytes], { objectMode: false }),
  sizeBytes: bytes.length,
  maxBytes: 1e9,
  algorithms: [],
})

describe('a sealed version that came in parts', () => {
  let store: Store
  /** Runs before the list of parts is read. */
  let meanwhile: (() => Promise<unknown>) | undefined

  beforeEach(async () => {
    const engine = openMemoryEngine()
    const view = {
      ...forwardingEngine(engine),
      get: async (key: Uint8Array) => {
        if (key[0] === 'm'.charCodeAt(0)) {
          const run = meanwhile
          meanwhile = undefined
          await run?.()
        }
        return engine.get(key)
      },
    }
    const options = { durability: 'strict', watch: false, log: silentLog, isPrimary: false } as const
    store = await openStore({ ...options, engine: view, root: undefined })
    await store.createBucket(bucketOf('Unversioned'))
    const upload = { bucket: 'bucket', key: 'key', attributes, initiatorId: 'owner', encryption: sealing.encryption }
    const begun = await store.createUpload(upload)
    const part = await store.putPart(begun, await store.stagePart(begun, 1, bodyOf(before), dataKeys), undefined)
    const parts = [{ partNumber: 1, etag: part.etag, checksums: {} }]
    const { uploadId } = begun
    await store.completeUpload({ bucket: await bucket(), key: 'key', uploadId, parts, conditions: {} })
  })
  afterEach(() => store.close())

  const bucket = () => store.getBucket('bucket')
  async function replace(): Promise<void> {
    const staged = await store.stage(bodyOf(after), sealing)
    const value = staged.digests.get('CRC64NVME')?.toString('base64') ?? ''
    const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value } as const
    await store.putObject({ bucket: await bucket(), key: 'key', staged, attributes, checksum, conditions: {} })
  }
  async function read(): Promise<unknown> {
    const opened = await store.openObject('bucket', 'key', undefined)
    await opened.unseal(dataKeys)
    return opened.content(0, opened.version.sizeBytes)
  }

  it('is read as it was', async () => {
    expect(await read()).toEqual(before)
  })

  it('is read as what has replaced it meanwhile', async () => {
    meanwhile = replace
    expect(await read()).toEqual(after)
  })

  it('is not there when it was removed meanwhile', async () => {
    const removal = { bucket: await bucket(), key: 'key', versionId: undefined, ownerId: 'owner', conditions: {} }
    meanwhile = () => store.deleteObject(removal)
    await expect(read()).rejects.toMatchObject({ code: 'NoSuchKey' })
  })

  it('has no list of parts once it was replaced', async () => {
    const version = await store.headObject('bucket', 'key', undefined)
    expect(await store.listObjectParts('bucket', version, 0, 10)).toHaveLength(1)
    await replace()
    await expect(store.listObjectParts('bucket', version, 0, 10)).rejects.toMatchObject({ code: 'SlowDown' })
  })
})
