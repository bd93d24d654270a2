import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

let site: TestConsole
let admin: Visitor

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
  for (const name of ['photos', 'open']) await admin.post('/ui/buckets', { name })
  for (const key of ['photos/upload?key=a.txt', 'open/upload?key=a.txt'])
    await admin.agent.put(`/ui/buckets/${key}`).set('x-csrf-token', admin.token()).type('bin').send('x')
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

const bucketTags = '/ui/buckets/photos/tags'
const objectTags = (bucket: string) => `/ui/buckets/${bucket}/object-tags?key=a.txt`
const ofBucket = async () => (await site.store.getBucket('photos')).tags
const ofObject = async (bucket: string) => (await site.store.headObject(bucket, 'a.txt', undefined)).tags
const put = (bucket: string, ...Statement: object[]) =>
  site.policies.put(bucket, JSON.stringify({ Version: '2012-10-17', Statement }))

describe('tags', () => {
  it('of buckets and objects are shown, and set all at once', async () => {
    for (const [page, tagsOf, back] of [
      [bucketTags, ofBucket, '/ui/buckets/photos/settings'],
      [objectTags('photos'), () => ofObject('photos'), '/ui/buckets/photos/object?key=a.txt'],
    ] as const) {
      const saved = await admin.post(page, { name: ['team', ' cost '], value: ['blue', ''] })
      expect([saved.status, saved.headers.location]).toEqual([303, back])
      expect(await tagsOf()).toEqual({ team: 'blue', cost: '' })
      expect((await admin.get(page)).text).toContain('value="blue"')
      expect((await admin.get(back)).text).toContain('blue')
      expect((await admin.post(page, { name: ['', ''], value: ['', ''] })).status).toBe(303)
      expect(await tagsOf()).toBeUndefined()
    }
  })

  it('that cannot be are refused with the message of the API, and shown as they were typed', async () => {
    for (const page of [bucketTags, objectTags('photos')]) {
      const refused = await admin.post(page, { name: ['<img onerror=x>', 'b'], value: ['1', 'typed'] })
      expect(refused.status).toBe(400)
      expect(refused.text).toContain('The TagKey you have provided is invalid')
      expect(refused.text).toContain('value="typed"')
      expect(refused.text).not.toContain('<img onerror')
    }
    expect([await ofBucket(), await ofObject('photos')]).toEqual([undefined, undefined])
  })

  it('are for those who may read and set them', async () => {
    await admin.post(objectTags('open'), { name: 'team', value: 'blue' })
    const reader = await site.signIn('reader')
    expect((await reader.get(objectTags('open'))).text).toContain('value="blue"')
    expect((await reader.post(objectTags('open'), { name: 'team', value: 'red' })).status).toBe(403)
    expect((await reader.get('/ui/buckets/open/tags')).status).toBe(403)
    expect((await reader.get('/ui/buckets/open/object?key=a.txt')).text).toContain('blue')
    const Resource = 'arn:aws:s3:::open/*'
    await put('open', { Effect: 'Deny', Principal: '*', Action: 's3:GetObjectTagging', Resource })
    expect((await reader.get(objectTags('open'))).status).toBe(403)
    expect((await reader.get('/ui/buckets/open/object?key=a.txt')).text).not.toContain('blue')
  })

  it('are judged by conditions: those there are, and those that are to be', async () => {
    const Resource = 'arn:aws:s3:::open/*'
    const deny = (key: string) => ({
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObjectTagging',
      Resource,
      Condition: { StringEquals: { [key]: 'red' } },
    })
    const save = async (value: string) => (await admin.post(objectTags('open'), { name: 'team', value })).status
    await put('open', deny('s3:RequestObjectTag/team'))
    expect([await save('red'), await save('green')]).toEqual([403, 303])
    await site.policies.remove('open')
    await save('red')
    await put('open', deny('s3:ExistingObjectTag/team'))
    expect(await save('green')).toBe(403)
    // A copy cannot bypass them.
    await put('open', deny('s3:RequestObjectTag/team'))
    const copy = async (target: string) => {
      await admin.post('/ui/buckets/open/copy', { key: 'a.txt', mode: 'copy', target })
      return site.store.findVersion('open', `${target}/a.txt`, undefined)
    }
    expect(await copy('denied')).toBeUndefined()
    await site.policies.remove('open')
    expect((await copy('allowed'))?.tags).toEqual({ team: 'red' })
  })
})
