/** Rules for every route, tested by the table of routes itself, so that none can be forgotten. */
import { createHash } from 'node:crypto'
import type { Response } from 'superagent'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Route } from '#console/route.ts'
import { routes } from '#console/routes.ts'
import { type Sent, visits } from './route-visits.ts'
import { startTestConsole, type TestConsole, type Visitor } from './start-console.ts'

let site: TestConsole
let admin: Visitor
let stranger: Visitor
const named = {
  ':bucket': 'photos',
  ':holders': 'users',
  ':name': 'grace',
  ':part': '1',
  ':key': '',
  ':request': '',
  ':id': '',
}
let uploadId = 'a'.repeat(48)

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
  // Has rights, but none to any of this.
  stranger = await site.signIn('reader')
  await admin.post('/ui/buckets', { name: 'photos' })
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

const nameOf = ({ method, path }: Route) => `${method} ${path}`

function addressOf({ path, needsKey }: Route): string {
  const filled = path.replace(/:\w+/g, (name) => {
    return name === ':upload' ? uploadId : (named[name as keyof typeof named] ?? name) || 'absent'
  })
  return needsKey ? `${filled}?key=a/b.txt` : filled
}

function send(visitor: Visitor, route: Route, { at, form, json, bytes }: Sent) {
  const request = visitor.agent[route.method](at ?? addressOf(route)).set('x-csrf-token', visitor.token())
  if (form !== undefined) return request.type('form').send(form)
  if (json !== undefined) return request.set('accept', 'application/json').send(json)
  return bytes === undefined ? request : request.type('bin').send(bytes)
}

it('every route has a visit in the table, and every visit a route', () => {
  expect(Object.keys(visits).sort()).toEqual(routes.map(nameOf).sort())
})

describe('every route', () => {
  for (const route of routes) {
    const name = nameOf(route)

    if (route.permission !== 'anyone') {
      it(`${name} asks who is signed out to sign in`, async () => {
        const answer = await site.visitor().agent[route.method](addressOf(route))
        expect(answer.status).toBe(303)
        expect(answer.headers.location).toMatch(/^\/ui\/sign-in/)
        const script = await site.visitor().agent[route.method](addressOf(route)).set('accept', 'application/json')
        expect([script.status, script.body.error]).toEqual([401, 'SignedOut'])
      })
    }

    if (route.method !== 'get') {
      it(`${name} refuses what does not come from our own pages (seaweedfs 5eead9409)`, async () => {
        const address = addressOf(route)
        const ask = () => admin.agent[route.method](address)
        expect((await ask().send('x')).status).toBe(403)
        expect((await ask().type('json').send('{}')).status).toBe(403)
        expect((await ask().type('form').send({ csrf: stranger.token() })).status).toBe(403)
        const withToken = ask().set('x-csrf-token', admin.token())
        expect((await withToken.set('origin', 'http://evil.example').send('x')).status).toBe(403)
        const sameSite = ask().set('x-csrf-token', admin.token()).set('sec-fetch-site', 'same-site')
        expect((await sameSite.send('x')).status).toBe(403)
      })
    }
  }

  it('knows nothing of buckets and keys that cannot be', async () => {
    for (const path of [
      '/ui/buckets/No_Bucket',
      '/ui/buckets/absent',
      '/ui/buckets/..%2f..%2fetc',
      '/ui/buckets/a%00b',
    ]) {
      expect([path, (await admin.get(path)).status]).toEqual([path, 404])
    }
    expect((await admin.get('/ui/buckets/%E0%A4%A')).status).toBe(400)
    expect((await admin.get('/ui/buckets/photos/object')).status).toBe(404)
    expect((await admin.get('/ui/buckets/photos/object?key=absent')).status).toBe(404)
    expect((await admin.get(`/ui/buckets/photos/object?key=${'k'.repeat(1100)}`)).status).toBe(400)
    expect((await admin.get('/ui/buckets/photos/object?key=a%00b')).status).toBe(400)
  })

  it('has bounded bodies', async () => {
    const answer = await admin.post('/ui/buckets', { name: 'x'.repeat(5 * 1024 * 1024) })
    expect(answer.status).toBe(400)
  })
})

describe('a visit to every route', () => {
  const shape = ({ status, text }: Response) => ({ status, text: status < 400 ? '' : text.slice(-400) })
  const etag = createHash('md5').update('part').digest('hex')

  beforeAll(async () => {
    const put = (key: string) =>
      admin.agent.put(`/ui/buckets/photos/upload?key=${key}`).set('x-csrf-token', admin.token()).type('bin').send('old')
    for (const key of ['a/b.txt', 'old.txt', 'spare.txt']) await put(key)
    for (const [path, fields] of Object.entries(made)) await admin.post(`/ui/iam/${path}`, fields)
    const key = await admin.follow('/ui/iam/users/grace/keys')
    named[':key'] = /<code>(AKIA\w+)<\/code>/.exec(key.text)?.[1] ?? ''
    named[':request'] = await recordRequest(site)
    await admin.post('/ui/kms', { alias: 'visits', region: 'us-east-1' })
    named[':id'] = site.opened.keys.keyring.keys.keys[0]?.id ?? ''
  })

  it.each(Object.entries(visits))('%s goes well, badly, and not at all without the right', async (name, visit) => {
    const route = routes.find((one) => nameOf(one) === name) as Route
    if (/:upload(?!\/abort)/.test(name) || name.endsWith('/abort')) uploadId = await openUpload(name)
    const { good, bad, stranger: lacking = { status: 403 } } = visit
    const refused = await send(stranger, route, good).buffer(true)
    expect({ refused: refused.status }).toEqual({ refused: lacking.status })
    if ('says' in lacking) expect(refused.text ?? String(refused.body)).toMatch(lacking.says as RegExp)
    // Some nonsense is so only once the sense is done.
    const isLast = bad?.at === undefined && bad?.status === 404
    if (bad !== undefined && !isLast) expect(shape(await send(admin, route, bad))).toMatchObject({ status: bad.status })
    expect(shape(await send(admin, route, withEtag(good)))).toMatchObject({ status: good.status })
    if (bad !== undefined && isLast) expect(shape(await send(admin, route, bad))).toMatchObject({ status: bad.status })
    if (/sign-(in|out)$/.test(name)) [admin, stranger] = [await site.signIn(), await site.signIn('reader')]
  })

  const withEtag = (sent: Sent): Sent =>
    sent.json !== undefined && 'parts' in sent.json ? { json: { parts: [{ partNumber: 1, etag }] } } : sent

  /** With a part, if it will be completed. */
  async function openUpload(name: string): Promise<string> {
    const { body } = await admin.json('post', '/ui/buckets/photos/uploads?key=a/b.txt')
    if (name.startsWith('post')) {
      const part = admin.agent.put(`/ui/buckets/photos/uploads/${body.uploadId}/parts/1?key=a/b.txt`)
      await part.set('x-csrf-token', admin.token()).type('bin').send('part')
    }
    return body.uploadId
  }
})

const made: Readonly<Record<string, Record<string, string>>> = {
  users: { name: 'grace' },
  groups: { name: 'team' },
  roles: {
    name: 'guest',
    minutes: '60',
    trust: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'sts:AssumeRole' }],
    }),
  },
  policies: {
    name: 'spare',
    document: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
    }),
  },
}

/** One request to the API, as its endpoint notes it. */
async function recordRequest({ opened }: TestConsole): Promise<string> {
  const { access, identities } = opened
  const principal = identities.findByAccessKey('admin')
  const message = { method: 'GET', url: '/photos/a/b.txt', httpVersion: '1.1', headers: {}, rawHeaders: [], socket: {} }
  access.activity.record({
    id: '0123456789ABCDEF',
    operation: 'GetObject',
    principal,
    bucketName: 'photos',
    key: 'a/b.txt',
    bucketOwnerId: principal?.canonicalId,
    status: 200,
    errorCode: undefined,
    decisionId: undefined,
    bytes: 3,
    durationMs: 1,
    message,
  })
  return '0123456789ABCDEF'
}
