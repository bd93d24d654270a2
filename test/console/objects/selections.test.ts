import { buffer } from 'node:stream/consumers'
import { inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bucketVisits, rowsOf } from '../bucket-visits.ts'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

let site: TestConsole
let admin: Visitor
let reader: Visitor
const { at, put, read } = bucketVisits('open', () => admin)

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
  reader = await site.signIn('reader')
  await admin.post('/ui/buckets', { name: 'open' })
  await admin.post('/ui/buckets', { name: 'shelf' })
  for (const key of ['a/1', 'b.txt']) await put(key, key)
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

describe('deleting', () => {
  it('asks first, and then deletes objects and whole folders', async () => {
    for (const key of ['x/1', 'x/y/2', 'x.txt', 'xylophone']) await put(key, key)
    const ask = await admin.post('/ui/buckets/open/delete', { key: 'x.txt', prefix: 'x/', back: '' })
    expect(ask.text).toContain('name="confirmed"')
    expect(rowsOf(ask.text)).toEqual(['x.txt', 'x/'])
    await admin.post('/ui/buckets/open/delete', { key: 'x.txt', prefix: 'x/', back: '', confirmed: 'yes' })
    expect(
      rowsOf((await admin.get('/ui/buckets/open?search=xy')).text).filter((key) => /^x(\/|\.txt|yl)/.test(key ?? '')),
    ).toEqual(['xylophone'])
  })

  it('tells scripts what is done and what is not', async () => {
    await put('z/1', '1')
    const denied = await reader.json('post', '/ui/buckets/open/delete', { sources: [{ key: 'z/1' }, { prefix: 'z/' }] })
    expect(denied.body).toEqual({
      done: 0,
      failed: [
        { key: 'z/1', message: expect.stringContaining('is not authorized to perform') },
        { key: 'z/1', message: expect.stringContaining('is not authorized to perform') },
      ],
      left: [],
    })
    const done = await admin.json('post', '/ui/buckets/open/delete', { sources: [{ prefix: 'z/' }] })
    expect(done.body).toEqual({ done: 1, failed: [], left: [] })
    for (const bad of [{}, { sources: [] }, { sources: [{ key: '' }] }, { sources: [{ key: 1 }] }]) {
      expect((await admin.json('post', '/ui/buckets/open/delete', bad)).status).toBe(400)
    }
  })

  it('goes on step by step under a prefix of more than one step', async () => {
    await Promise.all(Array.from({ length: 505 }, (_, index) => put(`many/${String(index).padStart(4, '0')}`, 'x')))
    const first = (await admin.json('post', '/ui/buckets/open/delete', { sources: [{ prefix: 'many/' }] })).body
    expect(first.done).toBeGreaterThan(0)
    let left = first.left
    let done = first.done
    while (left.length > 0) {
      const step = (await admin.json('post', '/ui/buckets/open/delete', { sources: left })).body
      done += step.done
      left = step.left
    }
    expect(done).toBe(505)
  })
})

describe('copying, moving and renaming', () => {
  const copy = (body: object) =>
    admin.json('post', '/ui/buckets/open/copy', {
      base: '',
      targetBucket: 'open',
      isMove: false,
      isReplace: false,
      ...body,
    })

  it('copies a folder to another bucket, with metadata', async () => {
    for (const key of ['from/1.txt', 'from/sub/2.txt']) await put(key, key)
    const answer = await copy({ sources: [{ prefix: 'from/' }], targetBucket: 'shelf', target: 'to/' })
    expect(answer.body).toEqual({ done: 2, failed: [], left: [] })
    const version = await site.store.headObject('shelf', 'to/from/1.txt', undefined)
    expect([version.sizeBytes, version.headers.contentType]).toEqual([10, 'text/plain'])
  })

  it('renames an object and a folder, and never onto another unasked', async () => {
    expect(
      (await copy({ sources: [{ key: 'from/1.txt' }], base: 'from/1.txt', target: 'from/one.txt', isMove: true })).body
        .done,
    ).toBe(1)
    expect(
      (await copy({ sources: [{ prefix: 'from/' }], base: 'from/', target: 'renamed/', isMove: true })).body.done,
    ).toBe(2)
    expect((await read('renamed/one.txt')).toString()).toBe('from/1.txt')
    await put('taken.txt', 'taken')
    const refused = await copy({
      sources: [{ key: 'renamed/one.txt' }],
      base: 'renamed/one.txt',
      target: 'taken.txt',
      isMove: true,
    })
    expect(refused.body).toEqual({
      done: 0,
      failed: [{ key: 'renamed/one.txt', message: 'An object with this name already exists.' }],
      left: [],
    })
    expect(
      (
        await copy({
          sources: [{ key: 'renamed/one.txt' }],
          base: 'renamed/one.txt',
          target: 'taken.txt',
          isMove: true,
          isReplace: true,
        })
      ).body.done,
    ).toBe(1)
    expect((await read('taken.txt')).toString()).toBe('from/1.txt')
  })

  it('moves from bucket to bucket', async () => {
    await put('wanderer.txt', 'w')
    const answer = await copy({ sources: [{ key: 'wanderer.txt' }], targetBucket: 'shelf', target: '', isMove: true })
    expect(answer.body.done).toBe(1)
    expect((await admin.get(at('content', 'wanderer.txt'))).status).toBe(404)
    expect((await site.store.headObject('shelf', 'wanderer.txt', undefined)).sizeBytes).toBe(1)
  })

  it('refuses a folder into itself, and what is where it is', async () => {
    expect((await copy({ sources: [{ prefix: 'a/' }], target: 'a/b/' })).status).toBe(400)
    expect((await copy({ sources: [{ key: 'b.txt' }], target: '' })).status).toBe(400)
    expect((await copy({ sources: [{ key: 'b.txt' }], targetBucket: 'absent', target: 'x/' })).status).toBe(404)
  })

  it('asks rights of the source and of the target, key by key', async () => {
    const body = {
      sources: [{ key: 'b.txt' }],
      base: '',
      targetBucket: 'open',
      target: 'copy/',
      isMove: false,
      isReplace: false,
    }
    const answer = await reader.json('post', '/ui/buckets/open/copy', body)
    expect(answer.body.failed).toEqual([
      { key: 'b.txt', message: expect.stringContaining('is not authorized to perform') },
    ])
  })

  it('works with forms alone', async () => {
    const ask = await admin.post('/ui/buckets/open/copy', { key: 'b.txt', mode: 'rename', back: '' })
    expect(ask.text).toContain('value="b.txt" required')
    const done = await admin.post('/ui/buckets/open/copy', {
      key: 'b.txt',
      mode: 'rename',
      back: '',
      base: 'b.txt',
      target: 'bee.txt',
    })
    expect(done.headers.location).toBe('/ui/buckets/open')
    expect((await read('bee.txt')).toString()).toBe('b.txt')
  })
})

describe('a zip', () => {
  it('holds what is selected, readable, below the folder it is unpacked in', async () => {
    for (const key of ['zip/a.txt', 'zip/in/b.txt', 'zip/../../evil.txt']) await put(key, `bytes of ${key}`)
    await put('zip/large.bin', Buffer.alloc(200_000, 7))
    const answer = await admin.post('/ui/buckets/open/zip', { prefix: 'zip/', back: '' }).buffer(true).parse(collect)
    expect(answer.headers).toMatchObject({
      'content-type': 'application/zip',
      'content-disposition': expect.stringContaining('open.zip'),
    })
    const entries = unzip(answer.body)
    expect([...entries.keys()].sort()).toEqual(['zip/_/_/evil.txt', 'zip/a.txt', 'zip/in/b.txt', 'zip/large.bin'])
    expect(entries.get('zip/a.txt')?.toString()).toBe('bytes of zip/a.txt')
    expect(entries.get('zip/large.bin')?.equals(Buffer.alloc(200_000, 7))).toBe(true)
  })

  it('says what is not in it', async () => {
    const answer = await admin
      .post('/ui/buckets/open/zip', { key: ['zip/a.txt', 'absent'], back: 'zip/' })
      .buffer(true)
      .parse(collect)
    expect(unzip(answer.body).get('NOT-INCLUDED.txt')?.toString()).toContain(
      'absent: The specified key does not exist.',
    )
    expect((await admin.post('/ui/buckets/open/zip', { back: '' })).status).toBe(400)
  })
})

function collect(response: unknown, done: (error: Error | null, body: Buffer) => void): void {
  buffer(response as NodeJS.ReadableStream).then(
    (body) => done(null, body),
    (error) => done(error, Buffer.alloc(0)),
  )
}

/** Entries by their central directory, with ZIP64 sizes. */

function unzip(zip: Buffer): Map<string, Buffer> {
  const entries = new Map<string, Buffer>()
  for (let at = zip.indexOf('PK\x01\x02', 0, 'latin1'); at !== -1; at = zip.indexOf('PK\x01\x02', at + 4, 'latin1')) {
    const [nameBytes, extraBytes] = [zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30)]
    const name = zip.toString('utf8', at + 46, at + 46 + nameBytes)
    const extra = zip.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes)
    const isZip64 = zip.readUInt32LE(at + 20) === 0xffffffff
    const size = isZip64 ? Number(extra.readBigUInt64LE(12)) : zip.readUInt32LE(at + 20)
    const start = isZip64 ? Number(extra.readBigUInt64LE(20)) : zip.readUInt32LE(at + 42)
    const dataAt = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28)
    const data = zip.subarray(dataAt, dataAt + size)
    entries.set(name, zip.readUInt16LE(at + 10) === 0 ? data : inflateRawSync(data))
  }
  return entries
}
