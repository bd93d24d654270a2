import { setTimeout as slowDisk } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ManualClock } from '../support/manual-clock.ts'
import { startTestConsole, type TestConsole } from './start-console.ts'

let site: TestConsole

beforeAll(async () => {
  site = await startTestConsole({ AUTH_MAX_ATTEMPTS: '3' })
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

describe('signing in', () => {
  it('every page leads to the sign-in and back', async () => {
    const visitor = site.visitor()
    for (const page of ['/ui/buckets', '/ui/buckets?filter=a%2Fb']) {
      const answer = await visitor.get(page)
      expect([answer.status, answer.headers.location]).toEqual([303, `/ui/sign-in?next=${encodeURIComponent(page)}`])
    }
    const form = await visitor.get('/ui/sign-in?next=%2Fui%2Fbuckets')
    expect(form.text).toMatch(/<input[^>]*type="text"[\s\S]*<input[^>]*type="password"/)
    const answer = await visitor.post('/ui/sign-in', {
      name: 'admin',
      secret: 'admin-secret',
      next: '/ui/buckets',
    })
    expect([answer.status, answer.headers.location]).toEqual([303, '/ui/buckets'])
    expect((await visitor.get('/ui/buckets')).status).toBe(200)
  })

  it('leads back to its own pages only', async () => {
    for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', '/ui//evil', 'javascript:1']) {
      const visitor = site.visitor()
      await visitor.get('/ui/sign-in')
      const answer = await visitor.post('/ui/sign-in', { name: 'admin', secret: 'admin-secret', next })
      expect(answer.headers.location).toBe('/ui')
    }
  })

  it('CVE-2026-33419: says the same of an unknown key and a wrong secret', async () => {
    const visitor = site.visitor()
    await visitor.get('/ui/sign-in')
    const unknown = await visitor.post('/ui/sign-in', { name: 'nobody', secret: 'x' })
    const wrong = await visitor.post('/ui/sign-in', { name: 'reader', secret: 'x' })
    expect([unknown.status, wrong.status]).toEqual([401, 401])
    const problem = /data-text>([^<]+)</
    expect(problem.exec(unknown.text)?.[1]).toBe(problem.exec(wrong.text)?.[1])
  })

  it('CVE-2026-33419: locks a key out after too many failures, whether it exists or not', async () => {
    const visitor = site.visitor()
    await visitor.get('/ui/sign-in')
    for (const name of ['other', 'ghost']) {
      for (let at = 0; at < 3; at++) await visitor.post('/ui/sign-in', { name, secret: 'wrong' })
      const answer = await visitor.post('/ui/sign-in', { name, secret: 'other-secret' })
      expect(answer.status).toBe(429)
      expect(answer.text).toContain('Access temporarily locked')
    }
  })

  it('gives a new session id, HttpOnly and SameSite, and no secret in the cookie', async () => {
    const visitor = site.visitor()
    await visitor.get('/ui/sign-in')
    const answer = await visitor.post('/ui/sign-in', { name: 'admin', secret: 'admin-secret' })
    const cookie = String(answer.headers['set-cookie'])
    expect(cookie).toMatch(/myfsio\.session=s%3A[\w-]+\.[^;]+; Path=\/ui; Expires=[^;]+; HttpOnly; SameSite=Lax/)
    expect(decodeURIComponent(cookie)).not.toContain('secret')
  })

  it('refuses the sign-in of a form that is not ours', async () => {
    const visitor = site.visitor()
    const credentials = { name: 'admin', secret: 'admin-secret' }
    expect((await visitor.post('/ui/sign-in', { ...credentials, csrf: '' })).status).toBe(403)
    await visitor.get('/ui/sign-in')
    const elsewhere = site.visitor()
    await elsewhere.get('/ui/sign-in')
    expect((await visitor.post('/ui/sign-in', { ...credentials, csrf: elsewhere.token() })).status).toBe(403)
    const crossSite = await visitor.post('/ui/sign-in', credentials).set('sec-fetch-site', 'cross-site')
    expect(crossSite.status).toBe(403)
    const otherOrigin = await visitor.post('/ui/sign-in', credentials).set('origin', 'http://evil.example')
    expect(otherOrigin.status).toBe(403)
  })
})

describe('a session', () => {
  it('ends with the sign-out', async () => {
    const visitor = await site.signIn()
    expect((await visitor.post('/ui/sign-out')).headers.location).toBe('/ui/sign-in')
    expect((await visitor.get('/ui')).headers.location).toBe('/ui/sign-in')
  })

  it('ends when its key gets another secret, or is removed', async () => {
    const [one, two] = [await site.signIn('reader'), await site.signIn('reader')]
    await site.writeUsers((all) =>
      all.map((user) => (user.access_key === 'reader' ? { ...user, secret_key: 'new-secret' } : user)),
    )
    expect((await one.get('/ui')).status).toBe(303)
    await site.writeUsers((all) => all.filter((user) => user.access_key !== 'reader'))
    expect((await two.get('/ui')).status).toBe(303)
    await site.writeUsers((all) => all)
    expect((await one.get('/ui')).status).toBe(303)
  })

  it('has saved a session before the browser can follow the redirect', async () => {
    const visitor = site.visitor()
    await visitor.get('/ui/sign-in')
    const signedIn = await visitor.post('/ui/sign-in', { name: 'admin', secret: 'admin-secret' })
    const cookies = [signedIn.headers['set-cookie'] ?? []].flat().map((cookie) => cookie.split(';', 1)[0])
    const headers = { cookie: cookies.join('; ') }
    await visitor.get('/ui/buckets')
    const { engine } = site.opened
    const commit = engine.commit.bind(engine)
    onTestFinished(() => {
      engine.commit = commit
    })
    engine.commit = async (changes) => {
      await slowDisk(50)
      return commit(changes)
    }
    const body = new URLSearchParams({ csrf: visitor.token(), name: 'noticed' })
    // Resolves with the head of the answer.
    const answer = await fetch(`${site.url}/ui/buckets`, { method: 'POST', redirect: 'manual', headers, body })
    const next = await fetch(new URL(answer.headers.get('location') ?? '', site.url), { headers })
    expect(await next.text()).toContain('Bucket noticed created')
  })

  it('ends after SESSION_LIFETIME_DAYS, however much it is used', async () => {
    const clock = new ManualClock()
    const short = await startTestConsole({ SESSION_LIFETIME_DAYS: '1', SESSION_IDLE_MINUTES: '720' }, { clock })
    const visitor = await short.signIn()
    const later = async (hours: number) => {
      clock.jump(hours * 3_600_000)
      return (await visitor.get('/ui')).status
    }
    expect([await later(11), await later(11), await later(3)]).toEqual([200, 200, 303])
    await short.close()
  })

  it('that fails is kept among the denials, with where it came from', async () => {
    await site.visitor().signIn('reader', 'wrong')
    await site.visitor().signIn('stranger', 'wrong')
    const records = await site.opened.access.journal.list({ limit: 10, isVisible: () => true })
    const found = (hint: string, requester: object) =>
      expect.objectContaining({
        code: 'AccessDenied',
        hint,
        requester: expect.objectContaining(requester),
        sourceAddress: '127.0.0.1',
      })
    expect(records).toContainEqual(
      found("At the console's sign-in: The secret or password is wrong.", { accessKeyId: 'reader' }),
    )
    expect(records).toContainEqual(
      found("At the console's sign-in: There is no such user or key.", {
        accessKeyId: 'HIDDEN_DUE_TO_SECURITY_REASONS',
      }),
    )
  })

  it('tells scripts that it has ended', async () => {
    const answer = await site.visitor().agent.get('/ui/bucket-names').set('accept', 'application/json')
    expect([answer.status, answer.body.error]).toEqual([401, 'SignedOut'])
  })

  it('keeps the choice of colours, for the server to know before the first paint', async () => {
    const visitor = await site.signIn()
    expect((await visitor.get('/ui')).text).toContain('<html lang="en" data-theme="auto">')
    await visitor.post('/ui/theme', { theme: 'dark', next: '/ui/buckets' })
    expect((await visitor.get('/ui')).text).toContain('<html lang="en" data-theme="dark">')
    await visitor.post('/ui/theme', { theme: '"><script>' })
    expect((await visitor.get('/ui')).text).toContain('<html lang="en" data-theme="auto">')
  })
})

describe('every page', () => {
  it('has a strict content security policy, and is never framed, cached or sniffed', async () => {
    const { headers } = await (await site.signIn()).get('/ui')
    expect(headers['content-security-policy']).toBe(
      "default-src 'none';script-src 'self';style-src 'self';img-src 'self';media-src 'self';connect-src 'self';" +
        "worker-src 'self';manifest-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'",
    )
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    expect(headers['access-control-allow-origin']).toBeUndefined()
  })

  it('that is not there says so, and that one is not allowed to see', async () => {
    const admin = await site.signIn()
    const missing = await admin.get('/ui/nowhere')
    expect(missing.status).toBe(404)
    expect(missing.text).toContain('Not found')
  })
})
