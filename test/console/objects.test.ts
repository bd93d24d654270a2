import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole, type Visitor } from './start-console.ts'

let site: TestConsole
let admin: Visitor
let reader: Visitor

const nasty = [
  '<img src=x onerror=alert(1)>.txt',
  '"><script>alert(1)</script>',
  'a/../b//c%2F?&#',
  'javascript:alert(1)',
  'Tromsø ☃.txt',
]
const at = (page: string, key: string, more = '') => `/ui/buckets/open/${page}?key=${encodeURIComponent(key)}${more}`
const put = (key: string, bytes: string | Buffer) =>
  admin.agent
    .put(at('upload', key))
    .set('x-csrf-token', admin.token())
    .set('accept', 'application/json')
    .type('application/octet-stream')
    .send(bytes)
const read = async (key: string, more = '') =>
  (await admin.get(at('content', key, `&download=1${more}`))).body as Buffer
const rowsOf = (html: string) =>
  [...html.matchAll(/(?:checkbox|hidden)" name="(?:key|prefix)" value="([^"]+)"/g)].map(([, key]) => key)

beforeAll(async () => {
  site = await startTestConsole({ UI_PAGE_SIZE: '3' })
  admin = await site.signIn()
  reader = await site.signIn('reader')
  await admin.post('/ui/buckets', { name: 'open' })
  await admin.post('/ui/buckets', { name: 'shelf' })
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

describe('a folder', () => {
  it('shows folders and objects a page at a time', async () => {
    for (const key of ['a/1', 'a/2', 'b.txt', 'c.txt', 'd.txt']) expect((await put(key, key)).status).toBe(200)
    const first = await admin.get('/ui/buckets/open')
    expect(rowsOf(first.text)).toEqual(['a/', 'b.txt', 'c.txt'])
    const next = /data-next="([^"]+)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const second = await admin.get(`${next}&part=rows`)
    expect(rowsOf(second.text)).toEqual(['d.txt'])
    expect(second.text).not.toContain('<html')
    expect(rowsOf((await admin.get('/ui/buckets/open?prefix=a')).text).slice(1)).toEqual(['a/1', 'a/2'])
  })

  it('finds names by their beginning', async () => {
    expect(rowsOf((await admin.get('/ui/buckets/open?search=c')).text)).toEqual(['c.txt'])
    expect((await admin.get('/ui/buckets/open?search=nothing')).text).toContain('Nothing begins with this')
  })

  it('can be made, and a name is needed', async () => {
    const made = await admin.post('/ui/buckets/open/folders', { prefix: 'a/', name: 'deep' })
    expect(made.headers.location).toBe('/ui/buckets/open?prefix=a/deep/')
    expect((await admin.get('/ui/buckets/open?prefix=a/')).text).toContain('>deep</a>')
    expect((await admin.post('/ui/buckets/open/folders', { prefix: '', name: '' })).status).toBe(400)
    expect((await reader.post('/ui/buckets/open/folders', { prefix: '', name: 'x' })).status).toBe(403)
  })

  it('of names made to break out shows them as text', async () => {
    for (const key of nasty) expect([key, (await put(key, 'harmless')).status]).toEqual([key, 200])
    for (const page of ['/ui/buckets/open?search=%3C', '/ui/buckets/open?search=%22']) {
      const { text } = await admin.get(page)
      expect(text).not.toMatch(/<img src=x|<script>alert/)
    }
    for (const key of nasty) {
      for (const page of ['object', 'presign', 'metadata']) {
        const { status, text } = await admin.get(at(page, key))
        expect([key, page, status]).toEqual([key, page, 200])
        expect(text).not.toMatch(/<img src=x|<script>alert|href="javascript:/)
      }
      expect((await read(key)).toString()).toBe('harmless')
    }
  })
})

describe('bytes', () => {
  it('of any type are never a page of the console', async () => {
    const page = '<!doctype html><script>alert(document.cookie)</script>'
    for (const key of ['x.html', 'x.svg', 'x.xml', 'x.xhtml', 'x.js', 'x.png.html', 'x.pdf', 'noname', 'x.PDF.htm']) {
      await put(key, page)
      const { headers } = await admin.get(at('content', key))
      expect([key, headers['content-type']]).not.toEqual([key, expect.stringMatching(/html|javascript|\/xml/)])
      expect(headers['content-security-policy']).toMatch(/default-src 'none'.*; sandbox;/)
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
      })
      const isShown = /^(image|video|audio)\/|^application\/pdf/.test(String(headers['content-type']))
      expect([key, headers['content-disposition']]).toEqual([
        key,
        expect.stringMatching(isShown ? /^inline/ : /^attachment/),
      ])
    }
  })

  it('of a stored type that lies are not believed', async () => {
    const { store } = site
    const bucket = await store.getBucket('open')
    for (const contentType of [
      'text/html',
      'TEXT/HTML; charset=utf-8',
      'image/svg+xml, text/html',
      'application/xhtml+xml',
    ]) {
      const staged = await store.stage({
        source: (await import('node:stream')).Readable.from([Buffer.from('<script>')]),
        sizeBytes: 8,
        maxBytes: 8,
        algorithms: [],
      })
      const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: '' } as const
      const attributes = { headers: { contentType }, userMetadata: {}, storageClass: 'STANDARD', ownerId: 'x' } as const
      await store.putObject({ bucket, key: 'liar.png', staged, attributes, checksum, conditions: {} })
      const { headers } = await admin.get(at('content', 'liar.png'))
      expect([contentType, headers['content-type']]).toEqual([contentType, 'application/octet-stream'])
    }
  })

  it('can be had in ranges, as a player needs them', async () => {
    await put('tone.mp3', Buffer.from('0123456789'))
    const part = await admin.agent.get(at('content', 'tone.mp3')).set('range', 'bytes=2-5')
    expect([part.status, part.headers['content-range'], part.headers['content-type']]).toEqual([
      206,
      'bytes 2-5/10',
      'audio/mpeg',
    ])
    expect(Buffer.from(part.body).toString()).toBe('2345')
    expect((await admin.agent.get(at('content', 'tone.mp3')).set('range', 'bytes=20-')).status).toBe(416)
  })

  it('keep their name when downloaded', async () => {
    const { headers } = await admin.get(at('content', 'Tromsø ☃.txt', '&download=1'))
    expect(headers['content-disposition']).toBe(
      `attachment; filename="Troms_ _.txt"; filename*=UTF-8''Troms%C3%B8%20%E2%98%83.txt`,
    )
  })
})

describe('the page of an object', () => {
  it('previews each kind by what it is', async () => {
    const files: [string, string, RegExp][] = [
      ['p.json', '{"a": [1]}', /data-preview-text="json"/],
      ['p.csv', 'name,born\n"Lovelace, Ada",1815\n', /<td>Lovelace, Ada<\/td><td>1815<\/td>/],
      ['p.ts', 'const a: number = 1 < 2 ? 1 : 2', /const a: number = 1 &lt; 2/],
      ['p.md', '# Title', /# Title/],
      ['p.png', 'no picture', /<img src="[^"]*content\?key=p\.png"/],
      ['p.mp4', 'x', /<video[^>]*src="[^"]*content\?key=p\.mp4"/],
      ['p.wav', 'x', /<audio/],
      ['p.pdf', 'x', /data-pdf="[^"]*content\?key=p\.pdf"/],
      ['p.zip', 'x', /no preview of archives/],
      ['p.bin', 'a\0b', /no preview of this kind/],
      ['readme', 'plain text without a type', /plain text without a type/],
      ['p.empty', '', /The object is empty/],
    ]
    for (const [key, bytes, seen] of files) {
      await put(key, bytes)
      expect([key, (await admin.get(at('object', key))).text]).toEqual([key, expect.stringMatching(seen)])
    }
  })

  it('shows the beginning of what is too long, and where the bytes lie', async () => {
    await put('long.log', 'line\n'.repeat(100_000))
    const { text } = await admin.get(at('object', 'long.log'))
    expect(text).toContain('Only the beginning is shown.')
    expect(text.length).toBeLessThan(400_000)
    expect(text).toContain(join(site.root, 'open', 'long.log'))
    expect(existsSync(join(site.root, 'open', 'long.log'))).toBe(true)
  })

  it('offers a reader nothing that is not allowed', async () => {
    const { status, text } = await reader.get(at('object', 'b.txt'))
    expect(status).toBe(200)
    expect(text).not.toMatch(/>\s*Delete<|>\s*Rename<|>Edit</)
  })
})

describe('metadata', () => {
  it('is edited, and what is no header is refused with what was typed', async () => {
    await put('meta.txt', 'x')
    const form = (await admin.get(at('metadata', 'meta.txt'))).text
    const etag = /name="etag" value="([^"]+)"/.exec(form)?.[1] ?? ''
    const fields = {
      etag,
      contentType: 'text/x-mine',
      cacheControl: 'max-age=60',
      name: ['Color', ''],
      value: ['blå', ''],
    }
    expect((await admin.post(at('metadata', 'meta.txt'), fields)).status).toBe(303)
    const version = await site.store.headObject('open', 'meta.txt', undefined)
    expect(version.headers).toEqual({ contentType: 'text/x-mine', cacheControl: 'max-age=60' })
    expect(version.userMetadata).toEqual({ color: 'blå' })
    for (const [bad, status] of [
      [{ ...fields, name: ['a b', 'x'], value: ['1', '2'] }, 400],
      [{ ...fields, name: ['a', 'A'], value: ['1', '2'] }, 400],
      [{ ...fields, contentType: 'a\r\nset-cookie: b' }, 400],
      [{ ...fields, name: ['a', 'b'], value: ['x'.repeat(3000), ''] }, 400],
      [{ ...fields, etag: 'old' }, 412],
    ] as const) {
      expect((await admin.post(at('metadata', 'meta.txt'), bad as never)).status).toBe(status)
    }
  })
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
      failed: [{ key: 'renamed/one.txt', message: 'Something is there already.' }],
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

describe('uploads in parts', () => {
  it('take parts in any order, tell which arrived, and complete', async () => {
    const { uploadId } = (await admin.json('post', at('uploads', 'big.bin'))).body
    const part = (number: number, bytes: Buffer) =>
      admin.agent
        .put(at(`uploads/${uploadId}/parts/${number}`, 'big.bin'))
        .set('x-csrf-token', admin.token())
        .type('bin')
        .send(bytes)
    const [first, second] = [Buffer.alloc(5 * 1024 * 1024, 1), Buffer.from('tail')]
    const two = (await part(2, second)).body
    expect((await admin.get(at(`uploads/${uploadId}`, 'big.bin'))).body.parts).toEqual([
      { partNumber: 2, sizeBytes: 4, etag: two.etag },
    ])
    const one = (await part(1, first)).body
    const done = await admin.json('post', at(`uploads/${uploadId}`, 'big.bin'), { parts: [one, two] })
    expect(done.status).toBe(200)
    expect((await read('big.bin')).equals(Buffer.concat([first, second]))).toBe(true)
    expect((await part(10_001, second)).status).toBe(400)
  })

  it('can be given up, and a bad list of parts is refused', async () => {
    const { uploadId } = (await admin.json('post', at('uploads', 'half.bin'))).body
    expect((await admin.json('post', at(`uploads/${uploadId}`, 'half.bin'), { parts: [] })).status).toBe(400)
    expect((await admin.json('delete', at(`uploads/${uploadId}`, 'half.bin'))).status).toBe(200)
    expect((await admin.get(at(`uploads/${uploadId}`, 'half.bin'))).status).toBe(404)
  })

  it('keep what is there if asked to', async () => {
    await put('kept.txt', 'old')
    const answer = await admin.agent
      .put(at('upload', 'kept.txt', '&replace=no'))
      .set('x-csrf-token', admin.token())
      .send('new')
    expect(answer.status).toBe(412)
    expect((await read('kept.txt')).toString()).toBe('old')
    expect(readFileSync(join(site.root, 'open', 'kept.txt'), 'utf8')).toBe('old')
  })

  it('larger than MAX_UPLOAD_SIZE are refused, and nothing is left', async () => {
    const small = await startTestConsole({ MAX_UPLOAD_SIZE: '10' })
    const visitor = await small.signIn()
    await visitor.post('/ui/buckets', { name: 'open' })
    const answer = await visitor.agent
      .put(at('upload', 'eleven'))
      .set('x-csrf-token', visitor.token())
      .set('accept', 'application/json')
      .send('12345678901')
    expect([answer.status, answer.body.error]).toEqual([400, 'EntityTooLarge'])
    await small.close()
  })
})

describe('versions', () => {
  it('are listed, restored, and deleted for good', async () => {
    await admin.post('/ui/buckets/open/versioning', { status: 'Enabled' })
    await put('v.txt', 'one')
    await put('v.txt', 'two')
    await admin.post('/ui/buckets/open/delete', { key: 'v.txt', back: '', confirmed: 'yes' })
    const page = (await admin.get(at('object', 'v.txt'))).text
    expect(page).toContain('This object is deleted.')
    const ids = [...page.matchAll(/delete-version\?key=v\.txt&amp;versionId=([^"]+)"/g)].map(([, id = '']) => id)
    expect(ids.length).toBe(3)
    const oldest = ids.at(-1) ?? ''
    expect((await read('v.txt', `&versionId=${oldest}`)).toString()).toBe('one')
    await admin.post(at('restore', 'v.txt', `&versionId=${oldest}`))
    expect((await read('v.txt')).toString()).toBe('one')
    await admin.post(at('delete-version', 'v.txt', `&versionId=${oldest}`))
    expect((await admin.get(at('content', 'v.txt', `&versionId=${oldest}`))).status).toBe(404)
    expect((await reader.post(at('delete-version', 'v.txt', `&versionId=${ids[1]}`))).status).toBe(403)
  })
})

describe('what was deleted', () => {
  it('is shown where one wants to see it, and only to those who may', async () => {
    await put('lost.txt', 'lost')
    await admin.post('/ui/buckets/open/delete', { key: 'lost.txt', back: '', confirmed: 'yes' })
    const rows = (html: string) =>
      [...html.matchAll(/is-deleted[\s\S]*?data-row-link>([^<]+)</g)].map(([, name]) => name)
    expect(rows((await admin.get('/ui/buckets/open?search=lost')).text)).toEqual([])
    expect(rows((await admin.get('/ui/buckets/open?search=lost&deleted=yes')).text)).toEqual(['lost.txt'])
  })
})

describe('an object that is open to everyone', () => {
  it('has an address that works without signing', async () => {
    expect((await admin.get(at('object', 'c.txt'))).text).toContain('whoever a policy lets in')
    await admin.post('/ui/buckets/open/policy', { preset: 'public-read', confirmed: 'yes' })
    expect((await admin.get(at('object', 'c.txt'))).text).toContain('<code>http://127.0.0.1:5000/open/c.txt</code>')
    await admin.post('/ui/buckets/open/public-access', { restrictPublicBuckets: 'on' })
    expect((await admin.get(at('object', 'c.txt'))).text).toContain('whoever a policy lets in')
    expect((await admin.get('/ui/buckets/open')).text).toContain('Public, blocked')
    await admin.post('/ui/buckets/open/public-access', { blockPublicPolicy: 'on' })
    const refused = await admin.post('/ui/buckets/open/policy', { preset: 'public-read', confirmed: 'yes' })
    expect(refused.status).toBe(403)
  })
})

describe('links', () => {
  it('are signed for a host, a method and a time, and bad wishes are refused', async () => {
    const wish = { method: 'GET', preset: '3600', host: 'http://files.example:9000', download: 'on' }
    const { text } = await admin.post(at('presign', 'c.txt'), wish)
    const url = new URL(/data-copy="(http[^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '')
    expect([url.host, url.pathname, url.searchParams.get('X-Amz-Expires')]).toEqual([
      'files.example:9000',
      '/open/c.txt',
      '3600',
    ])
    expect(url.searchParams.get('response-content-disposition')).toBe("attachment; filename*=UTF-8''c.txt")
    expect(text).toContain('<svg class="qr"')
    expect(text).not.toContain('admin-secret')
    for (const bad of [
      { preset: 'exact', seconds: '0' },
      { preset: 'exact', seconds: '604801' },
      { preset: 'exact', seconds: 'x' },
      { host: 'ftp://a' },
      { host: 'nothing' },
    ]) {
      expect((await admin.post(at('presign', 'c.txt'), { ...wish, ...bad })).status).toBe(400)
    }
    expect((await reader.post(at('presign', 'c.txt'), { ...wish, method: 'DELETE' })).status).toBe(403)
  })
})

it('files put into the folder by hand are there', async () => {
  writeFileSync(join(site.root, 'open', 'by-hand.txt'), 'hand')
  expect((await read('by-hand.txt')).toString()).toBe('hand')
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
