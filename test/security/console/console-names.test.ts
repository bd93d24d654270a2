/** All names can contain markup. On every page they stay text. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bucketVisits } from '../../console/bucket-visits.ts'
import { startTestConsole, type TestConsole, type Visitor } from '../../console/start-console.ts'

let site: TestConsole
let admin: Visitor
let grace: Visitor
const { at, put } = bucketVisits('open', () => admin)

const payloads = [
  '<img src=x onerror=alert(1)>',
  '"><script>alert(1)</script>',
  "'-alert(1)-'",
  'javascript:alert(1)',
  '</textarea><svg onload=alert(1)>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
]
const payload = payloads.join('')

/** Markup that came out as markup, or an address that runs. */
const broken = /<img src=x|<script>|<svg onload|(?:href|src|action)="\s*javascript:/i

function expectHarmless(page: string, { status, text }: { status: number; text?: string }, statuses = [200]): void {
  expect([page, statuses.includes(status), status]).toEqual([page, true, status])
  expect([page, broken.exec(text ?? '')?.[0]]).toEqual([page, undefined])
}

const shows = (text: string) => expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;')

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
  for (const name of ['open', 'shelf']) await admin.post('/ui/buckets', { name })
  await admin.post('/ui/buckets/open/versioning', { status: 'Enabled' })
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

describe('objects named <img onerror>', () => {
  it('are text in lists, on their pages, in questions and in settings', async () => {
    for (const key of payloads) {
      await put(key, 'harmless')
      await put(key, 'again')
      await put(`${key}/inner.txt`, 'harmless')
      await admin.json('post', at('uploads', key))
    }
    for (const key of payloads) {
      for (const page of ['object', 'presign', 'metadata', 'readers']) {
        expectHarmless(page, await admin.get(at(page, key)))
      }
      const prefix = encodeURIComponent(`${key}/`)
      expectHarmless('folder', await admin.get(`/ui/buckets/open?prefix=${prefix}&deleted=yes`))
      expectHarmless('new folder', await admin.get(`/ui/buckets/open/new-folder?prefix=${prefix}`))
      expectHarmless('delete', await admin.post('/ui/buckets/open/delete', { key, prefix: `${key}/`, back: key }))
      for (const mode of ['copy', 'rename', '<script>']) {
        expectHarmless(mode, await admin.post('/ui/buckets/open/copy', { key, mode, back: key }))
      }
      expectHarmless('link', await admin.post(at('presign', key), { method: 'GET', preset: '900', download: 'on' }))
      expectHarmless('missing', await admin.get(at('object', `${key}.absent`)), [404])
    }
    for (const page of ['/ui/buckets/open', '/ui/buckets/open?sort=size', '/ui/buckets/open/settings', '/ui']) {
      expectHarmless(page, await admin.get(page))
    }
    shows((await admin.get('/ui/buckets/open')).text)
    shows((await admin.get('/ui/buckets/open/settings')).text)
  })

  it('are no header of their own when downloaded', async () => {
    for (const key of [payload, 'a"; filename=evil.html', 'a\r\nset-cookie: b']) {
      await put(key, 'x')
      const { headers, status } = await admin.get(at('content', key, '&download=1'))
      expect(status).toBe(200)
      expect(headers['content-disposition']).toMatch(/^attachment; filename="[^"\\]*"; filename\*=UTF-8''[\w.%~!-]*$/)
      expect([headers['set-cookie'] ?? []].flat().filter((one) => !one.startsWith('myfsio.'))).toEqual([])
    }
  })

  it('have no such tags, nor have buckets, and the attempt is text', async () => {
    await put('tagged', 'x')
    for (const text of payloads) {
      for (const page of ['/ui/buckets/open/tags', at('object-tags', 'tagged')]) {
        const answer = await admin.post(page, { name: text, value: text })
        expectHarmless(page, answer, [400])
      }
    }
  })

  it('show their metadata as text', async () => {
    await put('meta', 'x')
    const fields = { etag: '*', contentType: payload, cacheControl: payload, name: 'note', value: payload }
    expect((await admin.post(at('metadata', 'meta'), fields)).status).toBe(303)
    for (const page of ['object', 'metadata']) {
      const answer = await admin.get(at(page, 'meta'))
      expectHarmless(page, answer)
      shows(answer.text)
    }
    expectHarmless('refused', await admin.post(at('metadata', 'meta'), { ...fields, name: payload }), [400])
  })

  it('are text in previews of text, code, tables and JSON', async () => {
    for (const name of ['a.txt', 'a.html', 'a.svg.txt', 'a.csv', 'a.json', 'a.md', 'a.js']) {
      await put(name, name.endsWith('json') ? JSON.stringify({ [payload]: payload }) : payload)
      const answer = await admin.get(at('object', name))
      expectHarmless(name, answer)
      shows(answer.text)
    }
  })
})

describe('buckets named <img onerror>', () => {
  it('cannot be, and the attempt is text', async () => {
    for (const name of payloads) {
      expectHarmless(name, await admin.post('/ui/buckets', { name }), [400])
      expectHarmless(name, await admin.get(`/ui/buckets/${encodeURIComponent(name)}`), [404])
      expectHarmless(name, await admin.get(`/ui/buckets?filter=${encodeURIComponent(name)}&sort=<script>`))
      const copy = { key: 'meta', mode: 'copy', back: '', base: '', target: 'x/', targetBucket: name }
      expectHarmless(name, await admin.post('/ui/buckets/open/copy', copy), [400, 404])
    }
  })

  it('may have policies of such words', async () => {
    const statement = { Sid: 'S1', Effect: 'Allow', Principal: '*', Action: 's3:GetObject' }
    const resource = `arn:aws:s3:::open/${payload}`
    const document = JSON.stringify({
      Version: '2012-10-17',
      Id: payload,
      Statement: [{ ...statement, Resource: resource }],
    })
    const change = { preset: 'custom', document }
    expectHarmless('question', await admin.post('/ui/buckets/open/policy', change))
    expect((await admin.post('/ui/buckets/open/policy', { ...change, confirmed: 'yes' })).status).toBe(303)
    expectHarmless('settings', await admin.get('/ui/buckets/open/settings'))
    expectHarmless('object', await admin.get(at('readers', payloads[0] ?? '')))
  })
})

describe('users, tags and policies named <img onerror>', () => {
  it('cannot be made, and the attempt is text', async () => {
    await admin.post('/ui/iam/users', { name: 'grace' })
    for (const text of payloads) {
      for (const [path, fields] of [
        ['users', { name: text }],
        ['groups', { name: text }],
        ['roles', { name: text, trust: text, description: text, minutes: text }],
        ['policies', { name: text, document: text }],
        ['users/grace/inline', { policyName: text, document: text }],
        ['users/grace/attach', { policy: text }],
        ['users/grace/groups/join', { group: text }],
        ['users/grace/boundary', { policy: text }],
        ['users/grace/tags', { key: text, value: text }],
        ['users/grace/password', { password: text.slice(0, 3) }],
        [`users/grace/keys/${encodeURIComponent(text)}/status`, { status: text }],
      ] as const) {
        expectHarmless(`${path} ${text}`, await admin.post(`/ui/iam/${path}`, fields), [400, 404])
      }
      const encoded = encodeURIComponent(text)
      for (const page of [`iam/users/${encoded}`, `iam/policy?arn=${encoded}`]) {
        expectHarmless(page, await admin.get(`/ui/${page}`), [400, 404])
      }
      expectHarmless('draft', await admin.get(`/ui/iam/users/grace?draft=${encoded}`))
      expectHarmless('filter', await admin.get(`/ui/iam/users?filter=${encoded}`))
      const asked = new URLSearchParams({ actions: text, resource: text, context: text, key: text })
      expectHarmless('access', await admin.get(`/ui/iam/users/grace/access?${asked}`), [400])
    }
  })

  it('are text where somebody has written them into iam.json by hand', async () => {
    const path = join(site.root, '.myfsio.sys/config/iam.json')
    const document = JSON.parse(readFileSync(path, 'utf8'))
    const [account] = document.accounts
    account.displayName = payload
    const user = account.users.find(({ name }: { name: string }) => name === 'grace')
    Object.assign(user, { displayName: payload, tags: { [payloads[0] ?? '']: payload } })
    user.keys = [{ id: 'GRACE', secret: 'grace-secret' }]
    user.inline = {
      may: {
        Version: '2012-10-17',
        Id: payload,
        Statement: [{ Effect: 'Allow', Action: ['iam:Get*', 'sts:*'], Resource: '*' }],
      },
    }
    account.roles = [
      {
        name: 'guest',
        description: payload,
        trust: {
          Version: '2012-10-17',
          Id: payload,
          Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' }],
        },
      },
    ]
    account.policies = [
      ...(account.policies ?? []),
      {
        name: 'own',
        description: payload,
        defaultVersion: 'v1',
        versions: [{ id: 'v1', createdAt: '2026-01-01T00:00:00Z', document: user.inline.may }],
      },
    ]
    writeFileSync(`${path}.new`, JSON.stringify(document))
    renameSync(`${path}.new`, path)
    await expect.poll(async () => (await admin.get('/ui/iam/roles')).text).toContain('guest')
    grace = site.visitor()
    expect((await grace.signIn('GRACE', 'grace-secret')).status).toBe(303)
    for (const page of ['users', 'users/grace', 'users/grace/access', 'roles', 'roles/guest', 'policies', 'document']) {
      expectHarmless(page, await admin.get(`/ui/iam/${page}`))
    }
    shows((await admin.get('/ui/iam/users/grace')).text)
    shows((await admin.get('/ui/iam/roles/guest')).text)
    expectHarmless('own policy', await admin.get('/ui/iam/policy?arn=arn:aws:iam::000000000000:policy/own'))
    // Who is signed in stands on every page.
    for (const page of ['', '/docs', '/system', '/buckets', '/iam/users/grace']) {
      const answer = await grace.get(`/ui${page}`)
      expectHarmless(page, answer)
      shows(answer.text)
    }
  })
})

describe('requests and refusals named <img onerror>', () => {
  it('are text in Activity, Denials and on the overview', async () => {
    const headers = { 'user-agent': payload, referer: payload, 'x-amz-meta-note': payload }
    const target = `/open/${encodeURIComponent(payload)}?${encodeURIComponent(payload)}=${encodeURIComponent(payload)}`
    const principal = site.opened.identities.findByAccessKey('GRACE')
    site.opened.access.activity.record({
      id: 'FEDCBA9876543210',
      operation: 'GetObject',
      principal,
      bucketName: 'open',
      key: payload,
      bucketOwnerId: principal?.canonicalId,
      status: 403,
      errorCode: 'AccessDenied',
      decisionId: undefined,
      bytes: 0,
      durationMs: 1,
      message: {
        method: 'GET',
        url: target,
        httpVersion: '1.1',
        headers,
        rawHeaders: Object.entries(headers).flat(),
        socket: {},
      },
    })
    for (const key of payloads) {
      const denied = await grace.agent.get(at('object', key)).set('user-agent', payload).set('referer', payload)
      expectHarmless('denied', denied, [403])
      await grace.get(`/ui/buckets/open?prefix=${encodeURIComponent(key)}`)
    }
    for (const page of [
      '/ui',
      '/ui/activity',
      '/ui/activity/FEDCBA9876543210',
      '/ui/denials',
      '/ui/denials?user=grace',
    ]) {
      const answer = await admin.get(page)
      expectHarmless(page, answer)
      if (page !== '/ui') shows(answer.text)
    }
    for (const text of payloads.map(encodeURIComponent)) {
      expectHarmless('denials', await admin.get(`/ui/denials?user=${text}&bucket=${text}&decision=${text}`))
      expectHarmless('activity', await admin.get(`/ui/activity?principal=${text}&bucket=${text}&operation=${text}`))
    }
  })

  it('are text on pages that there are not, and where a sign-in leads back to', async () => {
    for (const text of payloads.map(encodeURIComponent)) {
      expectHarmless('nowhere', await admin.get(`/ui/${text}`), [404])
      expectHarmless('sign-in', await site.visitor().get(`/ui/sign-in?next=${text}`))
      const visitor = site.visitor()
      await visitor.get('/ui/sign-in')
      const failed = await visitor.post('/ui/sign-in', { name: decodeURIComponent(text), secret: 'x' })
      expectHarmless('failed sign-in', failed, [401, 429])
    }
  })
})
