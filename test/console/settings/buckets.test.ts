import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole } from '../start-console.ts'

let site: TestConsole

beforeAll(async () => {
  site = await startTestConsole()
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

describe('buckets', () => {
  it('are made, listed, sorted and filtered', async () => {
    const admin = await site.signIn()
    expect((await admin.get('/ui/buckets')).text).toContain('No buckets yet')
    for (const name of ['photos', 'open', 'logs']) {
      const answer = await admin.post('/ui/buckets', { name, versioning: 'on' })
      expect(answer.headers.location).toBe(`/ui/buckets/${name}`)
    }
    const names = (html: string) => [...html.matchAll(/data-name="([^"]+)"/g)].map(([, name]) => name)
    const list = await admin.get('/ui/buckets')
    expect(names(list.text)).toEqual(['logs', 'open', 'photos'])
    expect(list.text).toContain('Bucket logs created')
    expect(names((await admin.get('/ui/buckets?filter=O&sort=created')).text)).toEqual(['logs', 'open', 'photos'])
    expect(names((await admin.get('/ui/buckets?filter=pho')).text)).toEqual(['photos'])
    expect((await admin.get('/ui')).text).toContain('none public')
  })

  it('with a bad or a taken name are refused, keeping what was typed', async () => {
    const admin = await site.signIn()
    const bad = await admin.post('/ui/buckets', { name: 'Bad_Name"><img onerror>' })
    expect(bad.status).toBe(400)
    expect(bad.text).toContain('A name has 3 to 63')
    expect(bad.text).not.toContain('<img onerror')
    expect((await admin.post('/ui/buckets', { name: 'photos' })).status).toBe(409)
  })

  it('say the region they were made for, if there can be one like it', async () => {
    const admin = await site.signIn()
    await admin.post('/ui/buckets', { name: 'northern', region: 'eu-north-1' })
    expect((await site.store.getBucket('northern')).region).toBe('eu-north-1')
    expect((await admin.post('/ui/buckets', { name: 'nowhere', region: '<img onerror>' })).status).toBe(400)
    expect(await site.store.findBucket('nowhere')).toBeUndefined()
    const fixed = await startTestConsole({ AWS_REGION: 'eu-west-1' })
    const visitor = await fixed.signIn()
    expect((await visitor.get('/ui/buckets')).text).toContain('value="eu-west-1" readonly')
    expect((await visitor.post('/ui/buckets', { name: 'elsewhere', region: 'us-west-2' })).status).toBe(400)
    await fixed.close()
  })

  it('of which one may see only some are only those', async () => {
    const reader = await site.signIn('reader')
    const list = await reader.get('/ui/buckets')
    expect(list.text).toContain('data-name="open"')
    expect(list.text).not.toContain('photos')
    expect((await reader.get('/ui/bucket-names')).body).toEqual({ buckets: ['open'] })
    const denied = await reader.post('/ui/buckets', { name: 'mine-now' })
    expect(denied.status).toBe(403)
    expect(denied.text).toContain('user/Rea is not authorized to perform: s3:CreateBucket')
    expect((await (await site.signIn('other')).get('/ui/buckets')).text).toContain('No buckets yet')
  })

  it('change only from our own pages', async () => {
    const admin = await site.signIn()
    expect((await admin.post('/ui/buckets', { name: 'forged', csrf: 'x' })).status).toBe(403)
    expect((await admin.agent.post('/ui/buckets').type('text').send('name=forged')).status).toBe(403)
    expect(await site.store.findBucket('forged')).toBeUndefined()
  })
})
