/** Web pages of other origins run on the machine of their visitor: which requests they may send to a server there. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole } from '../../console/start-console.ts'
import { accountId, startApp, type TestApp } from '../../iam/start-app.ts'
import { type Answer, exchange, format, type HeaderLines } from '../../input/wire.ts'

const open = { id: 'localadmin', secret: 'localadmin' }
const everything = ['arn:aws:iam::aws:policy/AdministratorAccess']
const documentWith = (key: object) => ({
  version: 2,
  accounts: [{ id: accountId, users: [{ name: 'localadmin', attached: everything, keys: [key] }] }],
})
const portOf = (url: string) => Number(new URL(url).port)

interface Asked {
  readonly method?: string
  readonly target?: string
  readonly host?: string
  readonly headers?: HeaderLines
}

function asker(port: () => number) {
  return ({ method = 'GET', target = '/', host = `localhost:${port()}`, headers = [] }: Asked): Promise<Answer> =>
    exchange(port(), format({ method, target, headers: [['Host', host], ...headers] }))
}

const own: HeaderLines = [
  ['X-Access-Key', 'localadmin'],
  ['X-Secret-Key', 'localadmin'],
]
const foreignHosts = [
  'rebound.example',
  'rebound.example:5000',
  'localhost.evil.example',
  '127.0.0.1.nip.io',
  'evillocalhost',
  '192.168.1.2:5000',
  '[::2]:5000',
  '0.0.0.0:5000',
]
const foreign: readonly (readonly [what: string, headers: HeaderLines])[] = [
  ['another origin', [['Origin', 'https://evil.example']]],
  ['a name that only begins like ours', [['Origin', 'http://localhost.evil.example']]],
  ['a name that only ends like ours', [['Origin', 'http://evillocalhost:5000']]],
  ['a sandbox', [['Origin', 'null']]],
  ['an extension', [['Origin', 'chrome-extension://localhost']]],
  ['another site, without an origin', [['Sec-Fetch-Site', 'cross-site']]],
  [
    'another site that says so',
    [
      ['Sec-Fetch-Site', 'cross-site'],
      ['Referer', 'https://evil.example/x'],
    ],
  ],
]
const local: readonly (readonly [what: string, headers: HeaderLines])[] = [
  ['a tool', []],
  ['the address bar', [['Sec-Fetch-Site', 'none']]],
  [
    'localhost',
    [
      ['Origin', 'http://localhost:3000'],
      ['Sec-Fetch-Site', 'same-site'],
    ],
  ],
  [
    '127.0.0.1, which is another site',
    [
      ['Origin', 'http://127.0.0.1:8080'],
      ['Sec-Fetch-Site', 'cross-site'],
    ],
  ],
  [
    '[::1]',
    [
      ['Origin', 'http://[::1]:3000'],
      ['Sec-Fetch-Site', 'cross-site'],
    ],
  ],
  [
    'a subdomain of localhost',
    [
      ['Origin', 'https://app.localhost'],
      ['Sec-Fetch-Site', 'cross-site'],
    ],
  ],
  [
    'an image in a local page',
    [
      ['Sec-Fetch-Site', 'cross-site'],
      ['Referer', 'http://127.0.0.1:3000/'],
    ],
  ],
]

describe('while the well-known default secret is in force, the API', () => {
  let app: TestApp
  const ask = asker(() => portOf(app.endpoint))
  beforeAll(async () => {
    app = await startApp({ document: documentWith(open), settings: { API_BASE_URL: 'http://s3.mine.example:9000' } })
  })
  afterAll(() => app.close())

  it.each(foreign)('refuses a page of %s, and says how to mend it', async (_, headers) => {
    const paths = ['/', '/bucket/key', '/presign/bucket/key', '/bucket-policy/bucket', '/_/whoami', '/healthz']
    for (const target of paths) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        const answer = await ask({ method, target, headers: [...own, ...headers, ['Content-Length', '0']] })
        expect([method, target, answer.status]).toEqual([method, target, 403])
        expect(answer.body).toMatch(/<Code>AccessDenied<[\s\S]*ADMIN_SECRET_KEY[\s\S]*--reset-cred/)
        expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
      }
    }
  })

  it('refuses what such a page asks for beforehand', async () => {
    const answer = await ask({
      method: 'OPTIONS',
      target: '/bucket/key',
      headers: [
        ['Origin', 'https://evil.example'],
        ['Access-Control-Request-Method', 'PUT'],
      ],
    })
    expect(answer.status).toBe(403)
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  })

  it('refuses IAM and STS in their own form', async () => {
    const answer = await ask({
      method: 'POST',
      headers: [
        ['Origin', 'https://evil.example'],
        ['Content-Type', 'application/x-www-form-urlencoded'],
        ['Content-Length', '0'],
      ],
    })
    expect([answer.status, answer.body]).toEqual([403, expect.stringMatching(/<ErrorResponse>.*AccessDenied/)])
  })

  it.each(foreignHosts)('refuses the host %s', async (host) => {
    const answer = await ask({ host, headers: own })
    expect([answer.status, answer.body]).toEqual([403, expect.stringContaining('ADMIN_SECRET_KEY')])
  })

  it.each([
    'localhost',
    'LOCALHOST:5000',
    'bucket.localhost:5000',
    '127.0.0.1:1',
    '[::1]:5000',
    'localhost.:5000',
    's3.mine.example:9000',
  ])('serves the host %s', async (host) => {
    expect((await ask({ host, headers: own })).body).not.toContain('ADMIN_SECRET_KEY')
  })

  it.each(local)('serves %s', async (_, headers) => {
    const answer = await ask({ headers: [...own, ...headers] })
    expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('ListAllMyBucketsResult')])
  })

  it('lets local pages read its answers', async () => {
    const answer = await ask({ headers: [...own, ['Origin', 'http://localhost:3000']] })
    expect(answer.headers['access-control-allow-origin']).toBe('http://localhost:3000')
  })
})

it('an origin that CORS_ORIGINS names is no stranger', async () => {
  const app = await startApp({
    document: documentWith(open),
    settings: { CORS_ORIGINS: 'https://app.mine.example' },
  })
  const ask = asker(() => portOf(app.endpoint))
  expect((await ask({ headers: [...own, ['Origin', 'https://app.mine.example']] })).status).toBe(200)
  expect((await ask({ headers: [...own, ['Origin', 'https://evil.example']] })).status).toBe(403)
  await app.close()
})

it('with a secret of its own the API serves every host and page', async () => {
  const app = await startApp({ document: documentWith({ ...open, secret: 'a secret of mine' }) })
  const ask = asker(() => portOf(app.endpoint))
  for (const host of foreignHosts) expect((await ask({ host, target: '/healthz' })).status).toBe(200)
  for (const [, headers] of foreign) expect((await ask({ target: '/healthz', headers })).status).toBe(200)
  await app.close()
})

describe('while the well-known default secret is in force, the console', () => {
  let site: TestConsole
  const ask = asker(() => portOf(site.url))
  beforeAll(async () => {
    site = await startTestConsole()
    const known = { access_key: 'localadmin', secret_key: 'localadmin', display_name: 'L', policies: [] }
    await site.writeUsers((all) => [...all, known])
  })
  afterAll(() => site.close())

  it.each(foreign)('refuses a page of %s, and says how to mend it', async (_, headers) => {
    for (const target of ['/', '/ui', '/ui/sign-in', '/healthz', '/ui/assets/x/app.css']) {
      const answer = await ask({ target, headers })
      expect([target, answer.status]).toEqual([target, 403])
      expect(answer.body).toMatch(/ADMIN_SECRET_KEY[\s\S]*--reset-cred/)
      expect(answer.headers['set-cookie']).toBeUndefined()
    }
  })

  it.each(foreignHosts)('refuses the host %s', async (host) => {
    for (const target of ['/ui/sign-in', '/ui/buckets']) expect((await ask({ target, host })).status).toBe(403)
    expect(
      (await ask({ method: 'POST', target: '/ui/sign-in', host, headers: [['Content-Length', '0']] })).status,
    ).toBe(403)
  })

  it.each(local)('serves %s', async (_, headers) => {
    expect((await ask({ target: '/ui/sign-in', headers })).status).toBe(200)
  })

  it('until the secret is another', async () => {
    await site.writeUsers((all) => all)
    expect((await ask({ target: '/ui/sign-in', host: 'rebound.example' })).status).toBe(200)
  })
})

describe('answers for pages of other origins', () => {
  const page: HeaderLines = [['Origin', 'https://app.example']]
  const form: HeaderLines = [
    ['Content-Type', 'application/x-www-form-urlencoded'],
    ['Content-Length', '0'],
  ]
  const preflight = (method: string): HeaderLines => [...page, ['Access-Control-Request-Method', method]]
  const administrative: readonly (readonly [string, Asked])[] = [
    ['IAM and STS', { method: 'POST', headers: [...page, ...form] }],
    ['IAM in a query', { target: '/?Action=ListUsers&Version=2010-05-08', headers: page }],
    ['STS in a query', { target: '/?Action=GetCallerIdentity&Version=2011-06-15', headers: page }],
    ['what is asked before IAM and STS', { method: 'OPTIONS', headers: preflight('POST') }],
    ['/presign', { method: 'POST', target: '/presign/bucket/key', headers: [...page, ['Content-Length', '0']] }],
    ['what is asked before /presign', { method: 'OPTIONS', target: '/presign/bucket/key', headers: preflight('POST') }],
    ['/bucket-policy', { target: '/bucket-policy/bucket', headers: page }],
    ['/_/', { target: '/_/status', headers: page }],
    ['what is asked before /_/', { method: 'OPTIONS', target: '/_/status', headers: preflight('GET') }],
  ]

  it.each(administrative)('are not made by %s', async (_, asked) => {
    const app = await startApp()
    const answer = await asker(() => portOf(app.endpoint))(asked)
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    await app.close()
  })

  it.each(administrative)('are made by %s where CORS_ADMIN asks for it', async (_, asked) => {
    const app = await startApp({ settings: { CORS_ADMIN: 'on', CORS_ORIGINS: '*' } })
    const answer = await asker(() => portOf(app.endpoint))(asked)
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    await app.close()
  })

  it('are made by S3 where CORS_ORIGINS allows every page', async () => {
    const app = await startApp({ settings: { CORS_ORIGINS: '*' } })
    const ask = asker(() => portOf(app.endpoint))
    for (const target of ['/', '/bucket', '/bucket/key']) {
      expect((await ask({ target, headers: page })).headers['access-control-allow-origin']).toBe('*')
      const asked = await ask({ method: 'OPTIONS', target, headers: preflight('GET') })
      expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([200, '*'])
    }
    await app.close()
  })

  it('are made by S3 for pages of this machine only, unless CORS_ORIGINS says more', async () => {
    const app = await startApp()
    const ask = asker(() => portOf(app.endpoint))
    const own: HeaderLines = [['Origin', 'http://localhost:3000']]
    for (const target of ['/', '/bucket', '/bucket/key']) {
      expect((await ask({ target, headers: page })).headers['access-control-allow-origin']).toBeUndefined()
      expect((await ask({ method: 'OPTIONS', target, headers: preflight('GET') })).status).toBe(403)
      expect((await ask({ target, headers: own })).headers['access-control-allow-origin']).toBe('http://localhost:3000')
      const headers: HeaderLines = [...own, ['Access-Control-Request-Method', 'GET']]
      const asked = await ask({ method: 'OPTIONS', target, headers })
      expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([200, 'http://localhost:3000'])
    }
    await app.close()
  })
})
