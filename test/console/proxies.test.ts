/** The console behind proxies, as browsers send forms over plain HTTP: with Origin, without Sec-Fetch-Site. */
import { afterEach, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole } from './start-console.ts'

let site: TestConsole
afterEach(async () => {
  expect(site?.errors ?? []).toEqual([])
  await site?.close()
})

const origin = 'http://files.example.com:8080'

async function signIn(headers: Readonly<Record<string, string>>, base = '') {
  const visitor = site.visitor()
  const { text } = await visitor.agent.get(`${base}/ui/sign-in`).set(headers)
  const csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? ''
  const action = /method="post" action="([^"]+)"/.exec(text)?.[1] ?? ''
  const answer = await visitor.agent
    .post(action)
    .set({ ...headers, origin })
    .type('form')
    .send({ csrf, name: 'admin', secret: 'admin-secret', next: '/ui' })
  return { visitor, answer }
}

describe('a sign-in through a proxy', () => {
  it('that changes Host is refused with both hosts, and with what helps', async () => {
    site = await startTestConsole()
    for (const host of ['files.example.com', '127.0.0.1:5100']) {
      const { answer } = await signIn({ host })
      expect(answer.status).toBe(403)
      expect(answer.text).toContain(`sent from ${origin}, but the request arrived for ${host}.`)
      expect(answer.text).toContain('UI_BASE_URL')
    }
    expect((await signIn({ host: 'files.example.com:8080' })).answer.status).toBe(303)
  })

  it('is accepted whatever the proxy passes where UI_BASE_URL is set, and from there alone', async () => {
    site = await startTestConsole({ UI_BASE_URL: origin })
    for (const host of ['files.example.com', '127.0.0.1:5100']) {
      expect((await signIn({ host })).answer.status).toBe(303)
    }
    const visitor = site.visitor()
    await visitor.get('/ui/sign-in')
    const sent = { name: 'admin', secret: 'admin-secret' }
    for (const other of ['https://files.example.com:8080', 'http://files.example.com', 'http://evil.example', 'null']) {
      expect((await visitor.post('/ui/sign-in', sent).set('origin', other)).status).toBe(403)
    }
  })

  it('is accepted by the X-Forwarded-Host and -Port of a trusted proxy, and of no other', async () => {
    const forwarded = [
      { 'x-forwarded-host': 'files.example.com:8080' },
      { 'x-forwarded-host': 'files.example.com', 'x-forwarded-port': '8080' },
      { 'x-forwarded-port': '8080', host: 'files.example.com' },
    ]
    site = await startTestConsole({ TRUSTED_PROXIES: '127.0.0.1' })
    for (const headers of forwarded) expect((await signIn({ host: 'x', ...headers })).answer.status).toBe(303)
    await site.close()
    site = await startTestConsole()
    for (const headers of forwarded) expect((await signIn({ host: 'x', ...headers })).answer.status).toBe(403)
  })
})

describe('a console below a path', () => {
  it.each(['/s3-console', ''])(
    'answers a proxy that passes %s/ui, with addresses and cookies below it',
    async (kept) => {
      site = await startTestConsole({ UI_BASE_URL: `${origin}/s3-console/` })
      const visitor = site.visitor()
      const page = await visitor.agent.get(`${kept}/ui/sign-in`)
      const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
      expect(page.text).toContain('action="/s3-console/ui/sign-in"')
      expect(page.text).not.toMatch(/(href|src|action)="\/ui/)
      expect(String(page.headers['set-cookie'])).toContain('Path=/s3-console/ui')
      const cookie = (headers: Record<string, unknown>) =>
        [headers['set-cookie']].flat().map((one) => String(one).split(';')[0])
      const sent = await visitor.agent
        .post(`${kept}/ui/sign-in`)
        .set({ origin, cookie: cookie(page.headers).join('; ') })
        .type('form')
        .send({ csrf, name: 'admin', secret: 'admin-secret', next: '/ui/buckets' })
      expect([sent.status, sent.headers.location]).toEqual([303, '/s3-console/ui/buckets'])
      const session = cookie(sent.headers).find((one) => one?.startsWith('myfsio.session')) ?? ''
      expect(String(sent.headers['set-cookie'])).toMatch(/myfsio\.session=[^;]+; Path=\/s3-console\/ui;/)
      const buckets = await visitor.agent.get(`${kept}/ui/buckets`).set('cookie', session)
      expect(buckets.status).toBe(200)
      expect(buckets.text).toContain('href="/s3-console/ui/iam"')
      expect(buckets.text).toContain('data-root="/s3-console"')
      const script = /src="(\/s3-console\/ui\/assets\/[^"]+console\.js)"/.exec(buckets.text)?.[1] ?? ''
      expect((await visitor.agent.get(kept === '' ? script.replace('/s3-console', '') : script)).status).toBe(200)
      const root = await visitor.agent.get(kept === '' ? '/' : '/s3-console')
      expect(root.headers.location).toBe('/s3-console/ui')
      // Text that users type does not count as an address.
      const typed = await visitor.agent.get(`${kept}/ui/buckets?filter=/ui/x`).set('cookie', session)
      expect(typed.text).not.toContain('value="/s3-console')
    },
  )
})

describe('the endpoint that is shown', () => {
  const shown = async (host: string, more: Record<string, string> = {}) => {
    const { visitor } = await signIn({ host: 'files.example.com:8080' })
    const answer = await visitor.agent.get('/ui').set({ host, ...more })
    return /Endpoint<\/dt><dd><span class="copy-line"><code>([^<]+)/.exec(answer.text)?.[1]
  }

  it('is the host that the visitor used, with the port of the API, where the server listens on every address', async () => {
    site = await startTestConsole({ APP_HOST: '0.0.0.0', API_PORT: '5000' })
    expect(await shown('files.example.com:8080')).toBe('http://files.example.com:5000')
    expect(await shown('192.168.1.7:5100')).toBe('http://192.168.1.7:5000')
    expect(await shown('[fd00::1]:5100')).toBe('http://[fd00::1]:5000')
    // An invalid host is refused before a page is made; an odd one is not shown.
    for (const odd of ['a b', 'x/../y']) expect(await shown(odd)).toBeUndefined()
    for (const odd of ["a'$(id)", '']) expect(await shown(odd)).toBe('http://127.0.0.1:5000')
  })

  it('is so in snippets, links and addresses of public objects, unless API_BASE_URL says another', async () => {
    for (const [env, endpoint] of [
      [{ APP_HOST: '0.0.0.0', API_PORT: '5000' }, 'http://files.example.com:5000'],
      [{ APP_HOST: '0.0.0.0', API_BASE_URL: 'https://s3.example.com/' }, 'https://s3.example.com'],
      [{ API_PORT: '5000' }, 'http://127.0.0.1:5000'],
    ] as const) {
      site = await startTestConsole(env)
      const admin = await site.signIn()
      await admin.post('/ui/buckets', { name: 'open' })
      await admin.agent
        .put('/ui/buckets/open/upload?key=a.txt')
        .set('x-csrf-token', admin.token())
        .type('bin')
        .send('x')
      const Statement = [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::open/*' }]
      await site.policies.put('open', JSON.stringify({ Version: '2012-10-17', Statement }))
      const get = (path: string) => admin.agent.get(path).set('host', 'files.example.com:8080')
      expect((await get('/ui/docs')).text).toContain(`AWS_ENDPOINT_URL=${endpoint}\n`)
      expect((await get('/ui/buckets/open/object?key=a.txt')).text).toContain(`<code>${endpoint}/open/a.txt</code>`)
      const presign = '/ui/buckets/open/presign?key=a.txt'
      expect((await get(presign)).text).toContain(`name="host" type="url" value="${endpoint}"`)
      const sent = { csrf: admin.token(), method: 'GET', preset: '900', host: endpoint }
      const link = await admin.agent.post(presign).set('host', 'files.example.com:8080').type('form').send(sent)
      expect(link.text).toContain(`data-copy="${endpoint}/open/a.txt?X-Amz-`)
      if (env !== undefined) await site.close()
    }
    site = await startTestConsole()
  })
})
