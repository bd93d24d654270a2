/**
 * The suite that every blob store must pass. Each store's test file runs it, with the rows that the store above would
 * write.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BlobStore } from '#blobs/contract/blob-store.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { OpenBytes } from '#blobs/open-bytes.ts'
import { crc64nvmeOf, type StoredVersion } from '#metadata/version-codec.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import { bodyOf, KeyRows, type OpenedBlobs } from './key-rows.ts'

const small = Buffer.from('a small body')
const large = Buffer.alloc(300_000, 'a large body; ')
const bodies = { small, large, empty: Buffer.alloc(0) }
/** The second cannot be a file beside the first, and the third cannot be a file at all. */
const keys = ['folder/key', 'folder', 'odd//key']
/** One comparison; `toEqual` compares each byte. */
function expectSame(actual: Buffer, expected: Buffer): void {
  expect([actual.length, Buffer.compare(actual, expected)]).toEqual([expected.length, 0])
}

const whole = (blob: OpenBlob) => ({ start: 0, end: blob.sizeBytes })

export function blobContract(open: () => Promise<OpenedBlobs>): void {
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
    const bytes = blob.bytes(whole(blob)) ?? (await buffer(blob.pieces(whole(blob))))
    blob.close()
    return Buffer.from(bytes)
  }

  describe('staging', () => {
    it.each(Object.entries(bodies))('tells size and digests of a %s body', async (_, body) => {
      for (const sizeBytes of [body.length, undefined]) {
        const staged = await blobs.stage({ ...bodyOf(body), sizeBytes, algorithms: ['SHA256'] })
        expect(staged.sizeBytes).toBe(body.length)
        expect([...staged.digests.keys()].sort()).toEqual(['CRC64NVME', 'MD5', 'SHA256'])
        blobs.discard(staged)
      }
    })

    it('refuses a body of another length than announced, and one that is too large', async () => {
      for (const body of [small, large]) {
        for (const sizeBytes of [body.length + 1, body.length - 1]) {
          await expect(blobs.stage({ ...bodyOf(body), sizeBytes })).rejects.toMatchObject({ code: 'IncompleteBody' })
        }
        for (const sizeBytes of [body.length, undefined]) {
          const staging = blobs.stage({ ...bodyOf(body), sizeBytes, maxBytes: body.length - 1 })
          await expect(staging).rejects.toMatchObject({ code: 'EntityTooLarge' })
        }
      }
    })

    it('refuses a body that breaks off', async () => {
      const source = Readable.from(
        (async function* () {
          yield small
          throw new Error('broken off')
        })(),
        { objectMode: false },
      )
      const staging = blobs.stage({ ...bodyOf(large), source })
      await expect(staging).rejects.toMatchObject({ code: 'IncompleteBody' })
    })
  })

  describe('a version', () => {
    it.each(keys)('at %s is read as it was written', async (key) => {
      for (const body of Object.values(bodies)) {
        const version = await rows.publish(key, body)
        expect(await blobs.has(rows.bucket, version)).toBe(true)
        expectSame(await read(version), body)
        expect(await blobs.inspection.compare(rows.bucket, version, { mayWrite: true })).toBe('right')
      }
    })

    it('is read side by side with those whose names are folders of its own', async () => {
      const versions = await Promise.all(keys.map((key) => rows.publish(key, Buffer.from(key))))
      for (const version of await Promise.all(versions.map(rows.reread))) {
        expect((await read(version)).toString()).toBe(version.key)
      }
    })

    it.each([small, large])('is read in ranges, in every way', async (body) => {
      const version = await rows.publish('key', body)
      for (const range of [whole, () => ({ start: 3, end: 7 }), () => ({ start: 5, end: body.length })]) {
        const blob = await opened(version)
        const { start, end } = range(blob)
        const expected = body.subarray(start, end)
        const inMemory = blob.bytes({ start, end })
        if (inMemory !== undefined) expectSame(Buffer.from(inMemory), expected)
        expectSame(await buffer(blob.pieces({ start, end })), expected)
        expectSame(await buffer(blob.uncheckedStream({ start, end })), expected)
        expectSame(await sent(blob, { start, end }), expected)
        blob.close()
        blob.close()
      }
    })

    it('stays readable to its reader when it is replaced, and is gone for others', async () => {
      const before = await rows.publish('key', large)
      const blob = await opened(before)
      const after = await rows.publish('key', small)
      expectSame(await buffer(blob.pieces({ start: 200_000, end: 300_000 })), large.subarray(200_000))
      blob.close()
      expect(await blobs.open(rows.bucket, before)).toBeUndefined()
      expectSame(await read(after), small)
    })

    it('that is older stays, and can become current again', async () => {
      const one = await rows.publish('key', large)
      const two = await rows.publish('key', small, { keeps: true })
      const older = await rows.reread(one)
      expectSame(await read(older), large)
      await rows.remove(two)
      expectSame(await read(await rows.reread(one)), large)
      await rows.remove(await rows.reread(one))
      expect(await blobs.open(rows.bucket, one)).toBeUndefined()
      expect(await blobs.discover(rows.bucket, 'key')).toBe(false)
    })

    it.each([
      ['folder/key', 'other/key'],
      ['folder/key', 'odd//key'],
      ['odd//key', 'key'],
    ])('is renamed from %s to %s', async (from, to) => {
      for (const body of [small, large]) {
        const before = await rows.publish(from, body)
        await rows.publish(to, Buffer.from('replaced'))
        const after = await rows.rename(before, to)
        expectSame(await read(after), body)
        expect(await blobs.discover(rows.bucket, from)).toBe(false)
        await rows.publish(from, Buffer.from('another'))
        expectSame(await read(await rows.reread(after)), body)
      }
    })

    it('that was overtaken before it was settled leaves the newer one', async () => {
      const one = await rows.commit('key', large)
      const two = await rows.commit('key', small)
      await two.settle()
      await one.settle()
      expectSame(await read(await rows.reread(two.version)), small)
      expect(await blobs.open(rows.bucket, one.version)).toBeUndefined()
    })

    it('is read before it is settled', async () => {
      const { version, settle } = await rows.commit('key', large)
      expectSame(await read(version), large)
      await settle()
    })

    it('whose record is out of date is looked for as often as its reader wants, without harm', async () => {
      const before = await rows.publish('key', large)
      const after = await rows.publish('key', small)
      const search = await blobs.search(rows.bucket, before, undefined)
      expect(search).not.toBe('unreachable')
      expectSame(await read(after), small)
    })
  })

  describe('a version whose bytes are kept aside', () => {
    it.each(keys)(
      'at %s is read as it was written, and stays aside as an older one and as current again',
      async (key) => {
        for (const body of [small, large]) {
          const aside = await rows.publish(key, body, { aside: 'sealed' })
          expect(aside.blob.aside).toBe('sealed')
          expectSame(await read(aside), body)
          const after = await rows.publish(key, Buffer.from('after'), { keeps: true })
          expect((await rows.reread(aside)).blob.aside).toBe('sealed')
          expectSame(await read(await rows.reread(aside)), body)
          expect((await read(after)).toString()).toBe('after')
          await rows.remove(after)
          const again = await rows.reread(aside)
          expect(again.blob.aside).toBe('sealed')
          expectSame(await read(again), body)
          expect(await blobs.inspection.compare(rows.bucket, again, { mayWrite: true })).toBe('right')
          await rows.remove(again)
          expect(await blobs.open(rows.bucket, again)).toBeUndefined()
        }
      },
    )

    it('replaces one that is not, and is replaced by one', async () => {
      for (const body of [small, large]) {
        await rows.publish('key', Buffer.from('plain'))
        expectSame(await read(await rows.publish('key', body, { aside: 'sealed' })), body)
        expectSame(await read(await rows.publish('key', body, { aside: 'sealed' })), body)
        expect((await read(await rows.publish('key', Buffer.from('plain')))).toString()).toBe('plain')
      }
    })

    it.each(keys)('at %s was written before, as a current or an older version', async (key) => {
      for (const body of [small, large]) {
        const older = await rows.publish(key, body)
        const current = await rows.publish(key, body, { keeps: true })
        for (const version of [older, current]) {
          const aside = await rows.setAside(await rows.reread(version))
          expect(aside.blob.aside).toBeDefined()
          expect(aside.blob.isArriving).toBeUndefined()
          expectSame(await read(aside), body)
          expect(await blobs.discover(rows.bucket, key, await rows.reread(current))).toBe(false)
        }
        await rows.remove(await rows.reread(current))
        expectSame(await read(await rows.reread(older)), body)
        await rows.remove(await rows.reread(older))
      }
    })

    it('is renamed, and stays aside', async () => {
      for (const to of ['other/key', 'odd//name']) {
        const before = await rows.publish('key', large, { aside: 'locked' })
        const after = await rows.rename(before, to)
        expect(after.blob.aside).toBe('locked')
        expectSame(await read(after), large)
        expect((await read(await rows.publish('key', Buffer.from('another')))).toString()).toBe('another')
        expectSame(await read(await rows.reread(after)), large)
      }
    })
  })

  describe('a copy', () => {
    it.each([small, large])('has the bytes and their digests', async (body) => {
      const version = await rows.publish('key', body)
      const staged = await blobs.stageCopy(await opened(version), { start: 0, end: body.length }, ['SHA1'])
      expect(staged.digests.get('CRC64NVME')?.toString('base64')).toBe(crc64nvmeOf(version))
      const copy = await rows.publishStaged('copy', staged)
      await rows.remove(version)
      expectSame(await read(copy), body)
    })

    it('may be of a part, and of another store', async () => {
      const version = await rows.publish('key', large)
      const part = await blobs.stageCopy(await opened(version), { start: 1000, end: 250_000 }, [])
      expectSame(await read(await rows.publishStaged('part', part)), large.subarray(1000, 250_000))
      const other = await blobs.stageCopy(new OpenBytes(large), { start: 0, end: large.length }, [])
      expectSame(await read(await rows.publishStaged('other', other)), large)
    })
  })

  describe('an upload', () => {
    const partBytes = 100_000
    const partOf = (name: string, sizeBytes = partBytes) => Buffer.alloc(sizeBytes, name)

    async function stagePart(upload: Upload, partNumber: number, body: Buffer) {
      const staged = await blobs.parts.stage(upload, partNumber, bodyOf(body))
      await rows.recordPart(upload, staged)
      return staged
    }

    it('becomes one version of its parts, in whatever order and sizes they came', async () => {
      const upload = await rows.createUpload('key')
      const parts = {
        2: await stagePart(upload, 2, partOf('two')),
        1: await stagePart(upload, 1, partOf('one')),
        4: await stagePart(upload, 4, partOf('four', 10)),
        3: await stagePart(upload, 3, partOf('three', 2 * partBytes)),
      }
      const version = await rows.complete(upload, [parts[1], parts[2], parts[3], parts[4]])
      const expected = [partOf('one'), partOf('two'), partOf('three', 2 * partBytes), partOf('four', 10)]
      expectSame(await read(version), Buffer.concat(expected))
    })

    it('takes its parts as they lie where they are all there is', async () => {
      const upload = await rows.createUpload('key')
      const parts = [await stagePart(upload, 1, partOf('one')), await stagePart(upload, 2, partOf('end', 10))]
      const version = await rows.complete(upload, parts)
      expectSame(await read(version), Buffer.concat([partOf('one'), partOf('end', 10)]))
      await expect(blobs.parts.stage(upload, 3, bodyOf(small))).rejects.toMatchObject({ code: 'NoSuchUpload' })
    })

    it('has the last of the parts that came under one number, and none that was discarded', async () => {
      const upload = await rows.createUpload('key')
      const first = await stagePart(upload, 1, partOf('one'))
      const again = await stagePart(upload, 1, partOf('again', 10))
      blobs.parts.removeReplaced(upload.uploadId, first.at)
      const discarded = await blobs.parts.stage(upload, 2, bodyOf(small))
      await blobs.parts.discard(upload.uploadId, 2, discarded.at)
      expectSame(await read(await rows.complete(upload, [again])), partOf('again', 10))
    })

    it('takes parts that are copies', async () => {
      const source = await rows.publish('source', large)
      const upload = await rows.createUpload('key')
      const part = await blobs.parts.stageCopy(upload, 1, await opened(source), { start: 5, end: 200_000 }, [])
      await rows.recordPart(upload, part)
      expectSame(await read(await rows.complete(upload, [part])), large.subarray(5, 200_000))
    })

    it('is not complete while another part is added to it', async () => {
      const upload = await rows.createUpload('key')
      const part = await stagePart(upload, 1, partOf('one'))
      const assembled = await blobs.parts.assemble(upload.uploadId, [part])
      expect(await rows.publishAssembled(upload, assembled, [part])).toMatchObject({ key: 'key' })
    })

    it('that is aborted takes no part any more', async () => {
      const upload = await rows.createUpload('key')
      await stagePart(upload, 1, partOf('one'))
      await rows.abort(upload)
      await expect(blobs.parts.stage(upload, 2, bodyOf(small))).rejects.toMatchObject({ code: 'NoSuchUpload' })
    })
  })

  it('keeps nothing of what was removed', async () => {
    for (const key of keys) {
      await rows.remove(await rows.publish(key, large))
      await rows.remove(await rows.publish(key, large, { aside: 'sealed' }))
      await rows.remove(await rows.setAside(await rows.publish(key, large)))
    }
    const upload = await rows.createUpload('key')
    await rows.abort(upload)
    expect(await blobs.buckets.hasForeign(rows.bucket)).toBe(false)
    const leftovers: string[] = []
    for await (const { path } of blobs.inspection.leftovers()) leftovers.push(path)
    expect(leftovers).toEqual([])
    await expect.poll(async () => (await blobs.status()).filter(({ state }) => state !== 'idle')).toEqual([])
    expect(await rows.removeBucket()).toBeUndefined()
  })
}

/** The bytes of a blob as a client of HTTP gets them. */
async function sent(blob: OpenBlob, range: { start: number; end: number }): Promise<Buffer> {
  const server = createServer(async (_, response) => {
    await blob.send(range, response, () => response.writeHead(200, { 'content-length': range.end - range.start }))
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const bytes = Buffer.from(await answer.arrayBuffer())
  server.closeAllConnections()
  server.close()
  return bytes
}
