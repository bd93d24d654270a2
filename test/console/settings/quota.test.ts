import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bucketVisits } from '../bucket-visits.ts'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

const page = '/ui/buckets/photos/quota'

describe('the quota page of a bucket', () => {
  let site: TestConsole
  let admin: Visitor
  const { put } = bucketVisits('photos', () => admin)

  beforeAll(async () => {
    site = await startTestConsole()
    admin = await site.signIn()
    await admin.post('/ui/buckets', { name: 'photos' })
    await put('a.txt', 'x'.repeat(600))
  })
  afterAll(async () => {
    expect(site.errors).toEqual([])
    await site.close()
  })

  const quota = async () => (await site.store.getBucket('photos')).quota

  it('says that there is none, and what the bucket holds', async () => {
    const { text } = await admin.get(page)
    expect(text).toMatch(/>1<\/span> object and <span class="number">600 B/)
    expect(text).toContain('This bucket has no quota')
    expect((await admin.get('/ui/buckets/photos/settings')).text).toContain('Set a quota')
  })

  it('previews limits without saving them', async () => {
    const { status, text } = await admin.post(page, { do: 'preview', size: '1', unit: 'KiB', objects: '1' })
    expect(status).toBe(200)
    expect(text).toContain('600 B of 1.00 KiB (58 %)')
    expect(text).toContain('424 B more can be added.')
    expect(text).toContain('1 object of 1 object (100 %)')
    expect(text).toContain('Nothing can be added.')
    expect(await quota()).toBeUndefined()
    const less = await admin.post(page, { do: 'preview', size: '100', unit: 'bytes', objects: '' })
    expect(less.text).toContain('Nothing can be added until 500 B are deleted.')
  })

  it('saves them, and uploads from the browser are told', async () => {
    const saved = await admin.follow(page, { do: 'save', size: '1.5', unit: 'KiB', objects: '' })
    expect(saved.text).toContain('Quota saved')
    expect(saved.text).toContain('value="1536"')
    expect(await quota()).toEqual({ sizeBytes: 1536 })
    expect((await admin.get('/ui/buckets/photos/settings')).text).toContain('600 B of 1.50 KiB (39 %)')
    const refused = await put('b.txt', 'x'.repeat(1000))
    expect([refused.status, refused.body.error]).toEqual([403, 'QuotaExceeded'])
    expect(refused.body.message).toContain('The quota of bucket photos is 1536 bytes.')
  })

  it.each([
    ['a word', { size: 'much', unit: 'GiB' }, 'Size is a number'],
    ['a negative size', { size: '-1', unit: 'GiB' }, 'Size is a number'],
    ['an unknown unit', { size: '1', unit: 'GB' }, 'Choose a unit'],
    ['half an object', { objects: '0.5' }, 'Objects is a whole number.'],
    ['more bytes than can be counted', { size: '9999999999', unit: 'TiB' }, 'whole numbers'],
  ])('refuses %s, and keeps what was typed', async (_, fields, problem) => {
    const before = await quota()
    const answer = await admin.post(page, { ...fields, do: 'save' })
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(problem)])
    if ('size' in fields) expect(answer.text).toContain(`value="${fields.size}"`)
    expect(await quota()).toEqual(before)
  })

  it('can be read, but not changed, by the owner of a bucket in another account', async () => {
    const other = await site.signIn('other')
    await other.post('/ui/buckets', { name: 'theirs' })
    const shown = await other.get('/ui/buckets/theirs/quota')
    expect([shown.status, shown.text]).toEqual([200, expect.stringContaining('Only administrators')])
    expect((await other.post('/ui/buckets/theirs/quota', { do: 'save', size: '1', unit: 'TiB' })).status).toBe(403)
  })

  it('removes the quota where both fields are empty', async () => {
    expect((await admin.follow(page, { do: 'save', size: '', objects: '' })).text).toContain('Quota removed')
    expect(await quota()).toBeUndefined()
  })
})
