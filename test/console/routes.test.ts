/** What holds for every route, whatever its page does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Route } from '#console/route.ts'
import { routes } from '#console/routes.ts'
import { startTestConsole, type TestConsole, type Visitor } from './start-console.ts'

let site: TestConsole
let admin: Visitor

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
  await admin.post('/ui/buckets', { name: 'photos' })
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

const addressOf = ({ path, needsKey }: Route) =>
  path.replace(':bucket', 'photos').replace(':upload', 'a'.repeat(48)).replace(':part', '1') +
  (needsKey ? '?key=a/b.txt' : '')

describe('every route', () => {
  for (const route of routes.filter(({ permission }) => permission !== 'anyone')) {
    const name = `${route.method} ${route.path}`

    it(`${name} asks who is signed out to sign in`, async () => {
      const answer = await site.visitor().agent[route.method](addressOf(route))
      expect(answer.status).toBe(303)
      expect(answer.headers.location).toMatch(/^\/ui\/sign-in/)
    })

    if (route.method !== 'get') {
      it(`${name} refuses what does not come from our own pages`, async () => {
        const address = addressOf(route)
        const send = () => admin.agent[route.method](address)
        expect((await send().send('x')).status).toBe(403)
        expect((await send().type('json').send('{}')).status).toBe(403)
        const withToken = send().set('x-csrf-token', admin.token())
        expect((await withToken.set('origin', 'http://evil.example').send('x')).status).toBe(403)
        const sameSite = send().set('x-csrf-token', admin.token()).set('sec-fetch-site', 'same-site')
        expect((await sameSite.send('x')).status).toBe(403)
      })
    }

    if (route.permission.startsWith('s3:')) {
      it(`${name} refuses who lacks ${route.permission}`, async () => {
        const other = await site.signIn('other')
        const answer = await other.agent[route.method](addressOf(route)).set('x-csrf-token', other.token())
        expect(answer.status).toBe(403)
        expect(answer.text).toContain('You have no access to this')
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
