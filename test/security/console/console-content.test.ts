/** Anyone may have written an object's bytes: they never run as a page of the console. */
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bucketVisits } from '../../console/bucket-visits.ts'
import { startTestConsole, type TestConsole, type Visitor } from '../../console/start-console.ts'

let site: TestConsole
let admin: Visitor
const { at, put } = bucketVisits('open', () => admin)

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
  await admin.post('/ui/buckets', { name: 'open' })
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

describe('bytes', () => {
  it('GHSA-v9fg-3cr2-277j GHSA-7gcx-wg4x-q9x6 GHSA-mmpx-jh39-wrv6 studio#4114: of any type are never a page of the console', async () => {
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

  it('s2#199: of a stored type that lies are not believed', async () => {
    const { store } = site
    const bucket = await store.getBucket('open')
    for (const contentType of [
      'text/html',
      'TEXT/HTML; charset=utf-8',
      'image/svg+xml, text/html',
      'application/xhtml+xml',
    ]) {
      const staged = await store.stage({
        source: Readable.from([Buffer.from('<script>')]),
        sizeBytes: 8,
        maxBytes: 8,
        algorithms: [],
      })
      const value = staged.digests.get('CRC64NVME')?.toString('base64') ?? ''
      const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value } as const
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
    await put('Tromsø ☃.txt', 'x')
    const { headers } = await admin.get(at('content', 'Tromsø ☃.txt', '&download=1'))
    expect(headers['content-disposition']).toBe(
      `attachment; filename="Troms_ _.txt"; filename*=UTF-8''Troms%C3%B8%20%E2%98%83.txt`,
    )
  })
})
