import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bucketVisits } from '../bucket-visits.ts'
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
  for (const key of ['b.txt', 'c.txt']) await put(key, key)
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
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
    const actionsOf = async (versionId?: string) => {
      const { text } = await admin.get(at('object', 'v.txt', `&versionId=${versionId}`))
      const head = text.slice(text.indexOf('class="page-head"'), text.indexOf('class="object-columns"'))
      return [...head.matchAll(/<\/svg> ?([A-Z][a-z ]+)<\/(?:a|button)>/g)].map(([, name]) => name)
    }
    expect(await actionsOf(oldest)).toEqual(['Download', 'Restore', 'Delete version'])
    await admin.post(at('restore', 'v.txt', `&versionId=${oldest}`))
    expect((await read('v.txt')).toString()).toBe('one')
    const restored = await site.store.headObject('open', 'v.txt', undefined)
    expect(await actionsOf(restored.versionId)).toEqual(['Download', 'Copy', 'Delete version'])
    await admin.post(at('delete-version', 'v.txt', `&versionId=${oldest}`))
    expect((await admin.get(at('content', 'v.txt', `&versionId=${oldest}`))).status).toBe(404)
    expect((await reader.post(at('delete-version', 'v.txt', `&versionId=${ids[1]}`))).status).toBe(403)
  })
})

describe('an object that is open to everyone', () => {
  it('has an address that works without signing', async () => {
    expect((await admin.get(at('object', 'c.txt'))).text).toContain('By policy')
    await admin.post('/ui/buckets/open/policy', { preset: 'public-read', confirmed: 'yes' })
    expect((await admin.get(at('object', 'c.txt'))).text).toContain('<code>http://127.0.0.1:5000/open/c.txt</code>')
    await admin.post('/ui/buckets/open/public-access', { restrictPublicBuckets: 'on' })
    expect((await admin.get(at('object', 'c.txt'))).text).toContain('By policy')
    expect((await admin.get('/ui/buckets/open')).text).toContain('Public, blocked')
    await admin.post('/ui/buckets/open/public-access', { blockPublicPolicy: 'on' })
    const document = site.policies.find('open') ?? ''
    const refused = await admin.post('/ui/buckets/open/policy', { preset: 'custom', document, confirmed: 'yes' })
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
