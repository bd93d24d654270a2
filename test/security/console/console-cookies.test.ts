/** Cookies know no ports, and proxies speak TLS for us: what that means for the console's session. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole } from '../../console/start-console.ts'

let site: TestConsole
beforeAll(async () => {
  site = await startTestConsole({ TRUSTED_PROXIES: '127.0.0.1' })
})
afterAll(() => site.close())

/** As a browser sends it. */
const ask = (cookie: string, path = '/ui', headers: Record<string, string> = {}) =>
  fetch(site.url + path, { headers: { cookie, ...headers }, redirect: 'manual' })

async function signIn(headers: Record<string, string> = {}): Promise<{ cookies: string[]; pair: string }> {
  const form = await ask('', '/ui/sign-in', headers)
  const visitor = form.headers.getSetCookie()
  const csrf = /name="csrf" (?:content|value)="([^"]+)"/.exec(await form.text())?.[1] ?? ''
  const answer = await fetch(`${site.url}/ui/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: visitor[0]?.split(';')[0] ?? '', ...headers },
    body: new URLSearchParams({ csrf, name: 'admin', secret: 'admin-secret' }),
  })
  const cookies = [...visitor, ...answer.headers.getSetCookie()]
  const pair = cookies.find((one) => one.includes('myfsio.session='))?.split(';')[0] ?? ''
  return { cookies, pair }
}

describe('a second session cookie', () => {
  it.each([
    ['before', (own: string, planted: string) => `${planted}; ${own}`],
    ['after', (own: string, planted: string) => `${own}; ${planted}`],
  ])('%s the first is refused, on every page, and both are removed', async (_, join) => {
    const [own, planted] = [await signIn(), await signIn()]
    const both = join(own.pair, planted.pair)
    for (const path of ['/ui', '/ui/buckets/open', '/ui/sign-in', '/ui/nowhere', '/ui/bucket-names']) {
      const answer = await ask(both, path)
      expect([path, answer.status]).toEqual([path, 400])
      expect(await answer.text()).toContain('two session cookies')
      const removed = answer.headers.getSetCookie()
      for (const one of ['/', '/ui', '/ui/'])
        expect(removed).toContain(`myfsio.session=; Path=${one}; Max-Age=0; HttpOnly`)
    }
    expect((await ask(both, '/ui/buckets/open')).headers.getSetCookie()).toContain(
      'myfsio.session=; Path=/ui/buckets/; Max-Age=0; HttpOnly',
    )
    expect((await ask(own.pair)).status).toBe(200)
  })

  it('is refused for changes, too', async () => {
    const [own, planted] = [await signIn(), await signIn()]
    const answer = await fetch(`${site.url}/ui/sign-out`, {
      method: 'POST',
      headers: { cookie: `${own.pair}; ${planted.pair}` },
      redirect: 'manual',
    })
    expect(answer.status).toBe(400)
    expect((await ask(own.pair)).status).toBe(200)
  })
})

describe('behind a trusted proxy that says https', () => {
  const secure = { 'x-forwarded-proto': 'https' }

  it('every cookie is Secure, and those that count are of this host alone', async () => {
    const { cookies, pair } = await signIn(secure)
    expect(cookies).toHaveLength(2)
    for (const cookie of cookies) {
      expect(cookie).toMatch(/^__Host-myfsio\.(session|visitor)=/)
      expect(cookie).toMatch(/; Path=\/;/)
      expect(cookie).toMatch(/; Secure/)
      expect(cookie).toContain('; HttpOnly')
      expect(cookie).not.toMatch(/domain/i)
    }
    expect((await ask(pair, '/ui', secure)).status).toBe(200)
  })

  it('a session cookie without the prefix is worth nothing', async () => {
    const { pair } = await signIn(secure)
    const bare = pair.replace('__Host-', '')
    expect((await ask(bare, '/ui', secure)).status).toBe(303)
    expect((await ask(`${bare}; ${pair}`, '/ui', secure)).status).toBe(200)
  })

  it('says nothing of TLS to those who came without', async () => {
    for (const headers of [{}, { 'x-forwarded-proto': 'http' }] as Record<string, string>[]) {
      const { cookies } = await signIn(headers)
      expect(cookies.join()).not.toMatch(/Secure|__Host-/)
    }
  })

  it('is believed of trusted proxies only', async () => {
    const direct = await startTestConsole()
    const answer = await fetch(`${direct.url}/ui/sign-in`, { headers: secure })
    expect(answer.headers.getSetCookie().join()).not.toMatch(/Secure/)
    await direct.close()
  })
})
