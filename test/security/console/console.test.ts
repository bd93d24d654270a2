/** The console without a session: only the sign-in, which can change nothing and reveals nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole } from '../../console/start-console.ts'
import { type Answer, exchange, format, type HeaderLines } from '../../input/wire.ts'

let site: TestConsole
let server: { port: number }
beforeAll(async () => {
  site = await startTestConsole({ APP_HOST: '0.0.0.0', SECRET_KEY: 'a-secret-of-sessions' })
  server = { port: Number(new URL(site.url).port) }
})
afterAll(() => site.close())

const ask = (target: string, headers: HeaderLines = [], method = 'GET'): Promise<Answer> =>
  exchange(server.port, format({ method, target, headers: [['Host', `127.0.0.1:${server.port}`], ...headers] }))

describe('the sign-in', () => {
  it('cannot be framed, runs no script and loads nothing from elsewhere', async () => {
    const { status, headers, body } = await ask('/ui/sign-in')
    expect(status).toBe(200)
    const policy = headers['content-security-policy'] ?? ''
    for (const rule of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"]) {
      expect(policy).toContain(rule)
    }
    expect(policy).not.toMatch(/unsafe|\*|http:/)
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(body).not.toMatch(/<script(?! type="module" src="\/ui\/assets\/)|style="|javascript:|\son\w+=|src="http/)
  })

  it('GHSA-9pjf-w3c2-m32r: takes addresses from its settings, not from the request', async () => {
    const hostile: HeaderLines = [
      ['X-Forwarded-Host', 'evil.example'],
      ['X-Forwarded-Proto', 'https'],
      ['Origin', 'https://evil.example'],
    ]
    const answer = await ask('/ui/sign-in', hostile)
    expect(answer.body).not.toContain('evil.example')
    const spoofed = await exchange(
      server.port,
      format({ method: 'GET', target: '/ui/sign-in', headers: [['Host', 'evil.example']] }),
    )
    expect(spoofed.body).not.toContain('evil.example')
    expect(
      (await exchange(server.port, format({ method: 'GET', target: '/', headers: [['Host', 'evil.example']] }))).headers
        .location,
    ).toBe('/ui')
  })

  it('GHSA-x5xv-223c-8vm7: gives no other origin access', async () => {
    const answer = await ask('/ui/sign-in', [['Origin', 'https://evil.example']])
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
  })

  it('GHSA-r54g-49rx-98cr: tells no path and no secret of this machine off loopback', async () => {
    for (const target of ['/ui', '/ui/sign-in', '/healthz', '/nothing', '/ui/assets/', '/ui/assets/x/npm/y']) {
      expect((await ask(target)).body).not.toMatch(/a-secret|localadmin \/|node_modules|\/tmp|\.myfsio\.sys|\.ts:/)
    }
  })

  it.each([
    '/ui/assets/../../package.json',
    '/ui/assets/%2e%2e/%2e%2e/package.json',
    '/ui/assets/..%2f..%2fpackage.json',
    '/ui/assets/..%5c..%5cpackage.json',
    '/ui/assets/%00',
    '/ui/assets/%',
    '//evil.example/',
    '/%0d%0aSet-Cookie:x',
    '/ui/%3Cscript%3Ealert(1)%3C/script%3E',
    '/ui?<img src=x onerror=alert(1)>',
  ])('answers %s with no file but its own, and echoes nothing', async (target) => {
    const answer = await ask(target)
    expect(answer.status).toBeLessThan(500)
    expect(answer.body).not.toMatch(/"name": "myfsio"|<script>alert|<img src=x|\.ts:\d|node_modules/)
    // Except for the value, which is random.
    const cookie = (answer.headers['set-cookie'] ?? '').replace(/^myfsio\.visitor=[\w-]+/, '')
    expect(cookie).not.toMatch(/x;|script|img/)
    expect(answer.headers.location ?? '/ui/sign-in').toMatch(/^\/ui\/sign-in(\?next=[\w%.~-]+)?$/)
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('changes nothing by %s', async (method) => {
    expect((await ask('/ui', [['Content-Length', '0']], method)).status).toBe(404)
    expect((await ask('/ui/buckets', [['Content-Length', '0']], method)).status).toBe(method === 'POST' ? 303 : 404)
  })
})
