import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bucketVisits } from '../bucket-visits.ts'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

describe('annotations on the page of an object', () => {
  let site: TestConsole
  let admin: Visitor
  const { at, put } = bucketVisits('photos', () => admin)
  const page = at('annotation', 'a.txt')
  const object = at('object', 'a.txt')

  beforeAll(async () => {
    site = await startTestConsole()
    admin = await site.signIn()
    await admin.post('/ui/buckets', { name: 'photos' })
    await put('a.txt', 'content')
  })
  afterAll(async () => {
    expect(site.errors).toEqual([])
    await site.close()
  })

  const stored = async (name: string) => {
    const version = await site.store.headObject('photos', 'a.txt', undefined)
    return (await site.store.readAnnotation(version, name))?.bytes.toString()
  }

  it('are added, listed, read and changed', async () => {
    expect((await admin.get(object)).text).toContain('none yet')
    const saved = await admin.follow(page, { do: 'save', new: 'yes', name: 'note', text: 'one\r\ntwo' })
    expect(saved.text).toContain('Annotation saved')
    expect(saved.text).toMatch(/annotation\?key=a\.txt&amp;name=note"[\s\S]*7 B/)
    expect(await stored('note')).toBe('one\ntwo')
    expect((await admin.get(`${page}&name=note`)).text).toMatch(/<textarea[^>]*>\r?\none\ntwo<\/textarea>/)
    await admin.post(page, { do: 'save', name: 'note', text: '<script>' })
    expect((await admin.get(`${page}&name=note`)).text).toContain('&lt;script&gt;</textarea>')
  })

  it.each([
    ['no name', { name: '', text: 'x' }, 400, 'must be specified'],
    ['a name that cannot be', { name: 'a/b', text: 'x' }, 400, 'name you provided is invalid'],
    ['no text', { name: 'empty', text: '' }, 400, 'smaller than the minimum'],
    ['too much text', { name: 'large', text: 'x'.repeat(1024 * 1024 + 1) }, 400, 'exceeds the maximum'],
  ])('are refused with %s, and what was typed is kept', async (_, fields, status, problem) => {
    const answer = await admin.post(page, { ...fields, do: 'save', new: 'yes' })
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(problem)])
    expect(answer.text).toContain(`value="${fields.name}"`)
  })

  it('are carried along where the object is copied, moved, or gets other metadata', async () => {
    await admin.post(page, { do: 'save', name: 'kept', text: 'kept' })
    await admin.post(at('metadata', 'a.txt'), { contentType: 'text/x', etag: '*' })
    expect(await stored('kept')).toBe('kept')
    const copy = { sources: [{ key: 'a.txt' }], base: '', targetBucket: 'photos', target: 'copy/', isReplace: true }
    await admin.json('post', '/ui/buckets/photos/copy', { ...copy, isMove: false })
    const version = await site.store.headObject('photos', 'copy/a.txt', undefined)
    expect(version.annotations?.count).toBe(2)
  })

  it('are deleted', async () => {
    const deleted = await admin.follow(page, { do: 'delete', name: 'note' })
    expect(deleted.text).toContain('Annotation deleted')
    expect(await stored('note')).toBeUndefined()
    expect((await admin.get(`${page}&name=note`)).status).toBe(404)
  })

  it('are shown to those who may list them', async () => {
    await admin.post('/ui/buckets', { name: 'open' })
    const open = bucketVisits('open', () => admin)
    await open.put('b.txt', 'x')
    await admin.post(open.at('annotation', 'b.txt'), { do: 'save', new: 'yes', name: 'note', text: 'x' })
    const reader = await site.signIn('reader')
    const shown = (await reader.get(open.at('object', 'b.txt'))).text
    expect(shown).toContain('>Annotations<')
    expect(shown).not.toContain('>Add</a>')
    const text = (await reader.get(open.at('annotation', 'b.txt', '&name=note'))).text
    expect(text).toContain('readonly')
    expect((await reader.post(open.at('annotation', 'b.txt'), { do: 'save', name: 'note', text: 'y' })).status).toBe(
      403,
    )
    expect((await reader.post(open.at('annotation', 'b.txt'), { do: 'delete', name: 'note' })).status).toBe(403)
  })
})
