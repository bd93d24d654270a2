import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { policyExamples } from '#console/docs/policy-examples.ts'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

const publicPolicy = (bucket: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*` }],
})

/** An account, with all its principals. */
const someone = 'arn:aws:iam::000000000000:root'

let site: TestConsole
let admin: Visitor

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
  for (const name of ['photos', 'open', 'full']) await admin.post('/ui/buckets', { name })
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

const policyOf = (bucket: string) => site.policies.find(bucket)
const put = (bucket: string, key: string, bytes = 'x') =>
  admin.agent.put(`/ui/buckets/${bucket}/upload?key=${key}`).set('x-csrf-token', admin.token()).type('bin').send(bytes)

describe('the policy of a bucket', () => {
  const save = (fields: Record<string, string>) => admin.post('/ui/buckets/photos/policy', fields)

  it('is shown as a difference before it takes effect', async () => {
    const ask = await save({ preset: 'public-read' })
    expect(ask.text).toContain('class="is-added"')
    expect(ask.text).toContain('<strong>Anyone</strong>')
    expect(policyOf('photos')).toBeUndefined()
    expect((await save({ preset: 'public-read', confirmed: 'yes' })).status).toBe(303)
    expect((await admin.get('/ui/buckets')).text).toContain('Public read')
    expect((await admin.get('/ui')).text).toContain('1 public')
    expect((await save({ preset: 'private' })).text).toContain('class="is-removed"')
    await save({ preset: 'private', confirmed: 'yes' })
    expect(policyOf('photos')).toBeUndefined()
  })

  it('of the public preset lifts a block of public policies in the same step, and says so', async () => {
    await admin.post('/ui/buckets', { name: 'blocked' })
    const on = { blockPublicPolicy: 'on', restrictPublicBuckets: 'on', blockPublicAcls: 'on', ignorePublicAcls: 'on' }
    await admin.post('/ui/buckets/blocked/public-access', on)
    const wish = (fields: Record<string, string>) => admin.post('/ui/buckets/blocked/policy', fields)
    const ask = await wish({ preset: 'public-read' })
    expect(ask.text).toMatch(/setting is turned off in the same step/)
    expect(ask.text).toContain('name="preset" value="public-read"')
    const block = async () => (await site.store.getBucket('blocked')).publicAccessBlock
    expect(await block()).toMatchObject({ blockPublicPolicy: true, restrictPublicBuckets: true })
    // Typed, it is a policy like any other.
    const document = JSON.stringify(publicPolicy('blocked'))
    expect((await wish({ preset: 'custom', document, confirmed: 'yes' })).status).toBe(403)
    expect((await wish({ preset: 'public-read', confirmed: 'yes' })).status).toBe(303)
    expect((await admin.get('/ui/buckets/blocked/settings')).text).toMatch(
      /Block Public Access was turned off for public policies of this bucket/,
    )
    expect(site.policies.isPublic('blocked')).toBe(true)
    expect(await block()).toEqual({
      blockPublicPolicy: false,
      restrictPublicBuckets: false,
      blockPublicAcls: true,
      ignorePublicAcls: true,
    })
    await admin.post('/ui/buckets/blocked/delete', { typed: 'blocked' })
  })

  it('that is no policy is refused with the message of the API, and the line where JSON breaks', async () => {
    const check = async (document: string) =>
      (await admin.json('post', '/ui/buckets/photos/policy/check', { document })).body
    expect(await check('{\n"Version": "2012-10-17",\n}')).toMatchObject({
      line: 3,
      problem: expect.stringMatching(/^Line 3: /),
    })
    expect((await check('{"Version": "2012-10-17"}')).problem).toBeTruthy()
    expect((await check('[]')).problem).toBeTruthy()
    const refused = await save({
      preset: 'custom',
      document: '{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}',
      confirmed: 'yes',
    })
    expect(refused.status).toBe(400)
    expect(policyOf('photos')).toBeUndefined()
  })

  it('of every example in the docs is one', async () => {
    for (const { text } of policyExamples('photos', someone)) {
      const { body } = await admin.json('post', '/ui/buckets/photos/policy/check', { document: text })
      expect([text, body.problem]).toEqual([text, undefined])
      expect(body.sentences.length).toBe(1)
    }
  })

  it('that somebody changed meanwhile is told', async () => {
    const page = await admin.get('/ui/buckets/photos/settings')
    const stamp = /data-stamp="([^"]+)"/.exec(page.text)?.[1] ?? ''
    const path = join(site.root, '.myfsio.sys/config/bucket_policies.json')
    writeFileSync(
      path,
      JSON.stringify({ policies: { photos: JSON.parse(policyExamples('photos', someone)[0]?.text ?? '') } }),
    )
    expect((await admin.get('/ui/buckets/photos/policy/stamp')).body.stamp).not.toBe(stamp)
    expect((await save({ preset: 'private', stamp })).text).toContain('It was changed elsewhere')
    expect((await admin.get('/ui/buckets')).text).toContain('Custom, public')
  })

  it('is not for those without the right to it', async () => {
    const reader = await site.signIn('reader')
    const page = await reader.get('/ui/buckets/open/settings')
    expect(page.status).toBe(200)
    expect(page.text).toContain('You may not see the policy')
    expect(page.text).not.toContain('Danger zone')
  })
})

describe('versioning', () => {
  it('is turned on and suspended, and nothing else', async () => {
    await admin.post('/ui/buckets/photos/versioning', { status: 'Enabled' })
    expect((await site.store.getBucket('photos')).versioning).toBe('Enabled')
    await admin.post('/ui/buckets/photos/versioning', { status: 'Suspended' })
    expect((await site.store.getBucket('photos')).versioning).toBe('Suspended')
    expect((await admin.post('/ui/buckets/photos/versioning', { status: 'Off' })).status).toBe(400)
  })
})

describe('uploads that were never finished', () => {
  it('are shown and can be aborted', async () => {
    const { uploadId } = (await admin.json('post', '/ui/buckets/photos/uploads?key=half.bin')).body
    expect((await admin.get('/ui/buckets/photos/settings')).text).toContain('half.bin')
    await admin.post(`/ui/buckets/photos/uploads/${uploadId}/abort?key=half.bin`)
    expect((await admin.get('/ui/buckets/photos/settings')).text).not.toContain('half.bin')
  })
})

describe('deleting a bucket', () => {
  it('needs its name typed, and says so if it is not empty', async () => {
    await put('full', 'a.txt')
    expect((await admin.post('/ui/buckets/full/remove', { name: 'wrong' })).text).toContain('This is not the name')
    const refused = await admin.post('/ui/buckets/full/remove', { name: 'full' })
    expect([refused.status, refused.text]).toEqual([
      409,
      expect.stringContaining('The bucket you tried to delete is not empty'),
    ])
  })

  it('can empty it first, versions and delete markers too, and takes the policy along', async () => {
    await admin.post('/ui/buckets/full/versioning', { status: 'Enabled' })
    for (const bytes of ['1', '2']) await put('full', 'a.txt', bytes)
    await admin.post('/ui/buckets/full/delete', { key: 'a.txt', back: '', confirmed: 'yes' })
    await admin.post('/ui/buckets/full/policy', { preset: 'public-read', confirmed: 'yes' })
    const done = await admin.post('/ui/buckets/full/remove', { name: 'full', empty: 'on' })
    expect(done.headers.location).toBe('/ui/buckets')
    expect(await site.store.findBucket('full')).toBeUndefined()
    expect(policyOf('full')).toBeUndefined()
  })

  it('goes step by step for scripts', async () => {
    await admin.post('/ui/buckets', { name: 'steps' })
    await put('steps', 'a')
    await put('steps', 'b')
    const { body } = await admin.json('post', '/ui/buckets/steps/empty', {})
    expect(body).toEqual({ done: 2, failed: [] })
    expect((await admin.json('post', '/ui/buckets/steps/empty', { from: 1 })).status).toBe(400)
  })
})

describe('docs and system', () => {
  it('show this server’s own values, and never a secret', async () => {
    const docs = await admin.get('/ui/docs')
    expect(docs.text).toContain('export AWS_ACCESS_KEY_ID=admin')
    expect(docs.text).toContain('http://127.0.0.1:5000')
    const system = await admin.get('/ui/system')
    expect(system.text).toContain('MyFSIO 9.9.9')
    expect(system.text).toContain('iam.json')
    for (const name of ['Multipart uploads', 'Scrub', 'Completed uploads', 'Console sessions']) {
      expect(system.text).toContain(`<strong>${name}</strong>`)
    }
    expect(system.text).toMatch(/\d sessions?/)
    for (const { text } of [docs, system]) expect(text).not.toMatch(/admin-secret|a-secret-for-tests/)
  })

  it('keep settings and paths from those who do not administer', async () => {
    const { text } = await (await site.signIn('reader')).get('/ui/system')
    expect(text).not.toContain('Background work')
    expect(text).toContain('Settings and paths are shown to administrators.')
    expect(text).not.toContain(site.root)
  })

  it('start the scrub by hand, for administrators of the server’s own account', async () => {
    expect((await admin.get('/ui/system')).text).toContain('aria-label="Start now: Scrub"')
    const started = await admin.follow('/ui/system/jobs/scrub/start')
    expect(started.text).toContain('The job was started.')
    expect(started.text).toContain('<span class="badge good">Starting</span>')
    expect(started.text).not.toContain('aria-label="Start now: Scrub"')
    expect((await admin.post('/ui/system/jobs/sessions/start')).status).toBe(405)
    const other = await site.signIn('other')
    expect((await other.get('/ui/system')).text).not.toContain('aria-label="Start now: Scrub"')
    expect((await other.post('/ui/system/jobs/scrub/start')).status).toBe(403)
  })

  it('say that a document is invalid', async () => {
    const path = join(site.root, '.myfsio.sys/config/bucket_policies.json')
    writeFileSync(path, '{ broken')
    expect((await admin.get('/ui/system')).text).toContain('Its last valid state stays in force.')
    expect((await admin.get('/ui')).text).toContain('bucket_policies.json is invalid')
    writeFileSync(path, '{"policies": {}}')
    expect((await admin.get('/ui')).text).not.toContain('is invalid')
    site.errors.length = 0
  })
})
