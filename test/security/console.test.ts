/** The status page: shown to strangers, so it says nothing that is theirs to spoil or not theirs to know. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '#config.ts'
import { startConsole } from '#console/console.ts'
import { packageRoot } from '#launcher/package-root.ts'
import { type Answer, exchange, format, type HeaderLines } from '../input/wire.ts'

let server: Awaited<ReturnType<typeof startConsole>>
beforeAll(async () => {
  const config = loadConfig([], { UI_PORT: '0', LOG_LEVEL: 'off', SECRET_KEY: 'a-secret-of-sessions' }, '/')
  server = await startConsole({ config: { ...config, isLoopback: false }, version: '1.2.3', packageRoot })
})
afterAll(() => server.close(100))

const ask = (target: string, headers: HeaderLines = [], method = 'GET'): Promise<Answer> =>
  exchange(server.port, format({ method, target, headers: [['Host', `127.0.0.1:${server.port}`], ...headers] }))

describe('the status page', () => {
  it('cannot be framed, runs no script and loads nothing from elsewhere', async () => {
    const { status, headers, body } = await ask('/ui')
    expect(status).toBe(200)
    const policy = headers['content-security-policy'] ?? ''
    for (const rule of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]) {
      expect(policy).toContain(rule)
    }
    expect(policy).not.toMatch(/unsafe|\*|http:/)
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(body).not.toMatch(/<script|style="|javascript:|\son\w+=|src="http/)
  })

  it('GHSA-9pjf-w3c2-m32r: takes addresses from its settings, not from the request', async () => {
    const hostile: HeaderLines = [
      ['X-Forwarded-Host', 'evil.example'],
      ['X-Forwarded-Proto', 'https'],
      ['Origin', 'https://evil.example'],
    ]
    const answer = await ask('/ui', hostile)
    expect(answer.body).not.toContain('evil.example')
    const spoofed = await exchange(
      server.port,
      format({ method: 'GET', target: '/ui', headers: [['Host', 'evil.example']] }),
    )
    expect(spoofed.body).not.toContain('evil.example')
    expect(
      (await exchange(server.port, format({ method: 'GET', target: '/', headers: [['Host', 'evil.example']] }))).headers
        .location,
    ).toBe('/ui')
  })

  it('GHSA-x5xv-223c-8vm7: gives no other origin access', async () => {
    const answer = await ask('/ui', [['Origin', 'https://evil.example']])
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
  })

  it('GHSA-r54g-49rx-98cr: tells no path and no secret of this machine off loopback', async () => {
    for (const target of ['/ui', '/healthz', '/nothing', '/ui/assets/']) {
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
    expect(answer.headers['set-cookie'] ?? answer.headers.location).toBeUndefined()
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('changes nothing by %s', async (method) => {
    expect((await ask('/ui', [['Content-Length', '0']], method)).status).toBe(404)
  })
})
