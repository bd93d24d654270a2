/** Appending bytes to a version, for every blob store. Encryption appends in another way (blobs/sealed). */
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BlobStore } from '#blobs/contract/blob-store.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { OpenBytes } from '#blobs/open-bytes.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { bodyOf, KeyRows, type OpenedBlobs } from './key-rows.ts'

const small = Buffer.from('a small body')
const large = Buffer.alloc(300_000, 'a large body; ')

/** One comparison; `toEqual` compares each byte. */
function expectSame(actual: Buffer, expected: Buffer): void {
  expect([actual.length, Buffer.compare(actual, expected)]).toEqual([expected.length, 0])
}

export function appendContract(open: () => Promise<OpenedBlobs>): void {
  let blobs: BlobStore
  let rows: KeyRows
  let close: () => Promise<void>

  beforeEach(async () => {
    const opened = await open()
    blobs = opened.blobs
    rows = new KeyRows(opened)
    close = opened.close
    await rows.createBucket()
  })
  afterEach(() => close())

  async function opened(version: StoredVersion): Promise<OpenBlob> {
    const blob = await blobs.open(rows.bucket, version)
    if (blob === undefined || blob === 'damaged') throw new Error(`${version.key}: ${blob}`)
    return blob
  }
  async function read(version: StoredVersion): Promise<Buffer> {
    const blob = await opened(version)
    const whole = { start: 0, end: blob.sizeBytes }
    const bytes = blob.bytes(whole) ?? (await buffer(blob.pieces(whole)))
    blob.close()
    return Buffer.from(bytes)
  }

  describe('bytes added to those of a version', () => {
    const wholes = [
      [Buffer.alloc(0), small],
      [small, small],
      [small, large],
      [large, small],
      [large, large],
      [large, Buffer.alloc(0)],
    ] as const

    it.each(wholes)('come after them, and have the digests (%#)', async (before, added) => {
      const version = await rows.publish('key', before)
      for (const sizeBytes of [added.length, undefined]) {
        const body = { ...bodyOf(added), sizeBytes, algorithms: ['SHA1' as const] }
        const staged = await blobs.stageAppend(await opened(version), body)
        expect([staged.sizeBytes, staged.ref.sizeBytes]).toEqual([added.length, before.length + added.length])
        expect(staged.digests).toEqual(digestOnce(['MD5', 'CRC64NVME', 'SHA1'], added))
        const all = Buffer.concat([before, added])
        const digests = digestOnce(['MD5', 'CRC64NVME'], all)
        const whole = await rows.publishStaged('whole', { ...staged, sizeBytes: all.length, digests })
        expectSame(await read(whole), all)
        expect(await blobs.inspection.compare(rows.bucket, whole, { mayWrite: false })).toBe('right')
      }
      expectSame(await read(version), before)
    })

    it('may come after those of another store', async () => {
      const staged = await blobs.stageAppend(new OpenBytes(large), bodyOf(large))
      const all = Buffer.concat([large, large])
      const digests = digestOnce(['MD5', 'CRC64NVME'], all)
      expectSame(await read(await rows.publishStaged('key', { ...staged, sizeBytes: all.length, digests })), all)
    })

    it.each([small, large])('are refused with another length than announced, and nothing is left', async (added) => {
      const version = await rows.publish('key', large)
      const body = { ...bodyOf(added), sizeBytes: added.length + 1 }
      const staging = blobs.stageAppend(await opened(version), body)
      await expect(staging).rejects.toMatchObject({ code: 'IncompleteBody' })
      const tooLarge = blobs.stageAppend(await opened(version), { ...bodyOf(added), maxBytes: added.length - 1 })
      await expect(tooLarge).rejects.toMatchObject({ code: 'EntityTooLarge' })
      expectSame(await read(version), large)
    })
  })
}
