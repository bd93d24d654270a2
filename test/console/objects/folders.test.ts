import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bucketVisits, rowsOf } from '../bucket-visits.ts'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

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
const { at, put, read } = bucketVisits('open', () => admin)

beforeAll(async () => {
  site = await startTestConsole({ UI_PAGE_SIZE: '3' })
  admin = await site.signIn()
  reader = await site.signIn('reader')
  await admin.post('/ui/buckets', { name: 'open' })
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
    expect((await admin.get('/ui/buckets/open?search=nothing')).text).toContain('No matches')
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

describe('what was deleted', () => {
  it('is shown where one wants to see it, and only to those who may', async () => {
    await admin.post('/ui/buckets/open/versioning', { status: 'Enabled' })
    await put('lost.txt', 'lost')
    await admin.post('/ui/buckets/open/delete', { key: 'lost.txt', back: '', confirmed: 'yes' })
    const rows = (html: string) =>
      [...html.matchAll(/is-deleted[\s\S]*?data-row-link>([^<]+)</g)].map(([, name]) => name)
    expect(rows((await admin.get('/ui/buckets/open?search=lost')).text)).toEqual([])
    expect(rows((await admin.get('/ui/buckets/open?search=lost&deleted=yes')).text)).toEqual(['lost.txt'])
  })
})

it('files put into the folder by hand are there', async () => {
  writeFileSync(join(site.root, 'open', 'by-hand.txt'), 'hand')
  expect((await read('by-hand.txt')).toString()).toBe('hand')
})
