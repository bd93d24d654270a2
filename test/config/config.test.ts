import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findCommand } from '#config/commands.ts'
import { ConfigError, loadConfig } from '#config/config.ts'
import { describeConfig } from '#config/describe.ts'

const nowhere = mkdtempSync(join(tmpdir(), 'config-'))

function mistakesOf(argv: string[], env: Record<string, string> = {}): readonly string[] {
  try {
    loadConfig(argv, env, nowhere)
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return []
}

describe('configuration', () => {
  it('needs nothing to be given', () => {
    const config = loadConfig([], {}, nowhere)
    expect(config).toMatchObject({ host: '127.0.0.1', apiPort: 5000, uiPort: 5100, mode: 'both', durability: 'strict' })
    expect(config.iamPath).toBe(join(nowhere, 'data', '.myfsio.sys', 'config', 'iam.json'))
    expect(config.maxUploadBytes).toBe(1024 ** 3)
    expect(config.rateLimit).toBe(false)
  })

  it('tells all mistakes at once, naming the setting, its value and what is allowed', () => {
    const mistakes = mistakesOf(['--api-port', 'high', '--colour', '--workers'], {
      MAX_UPLOAD_SIZE: 'lots',
      DURABILITY: 'certain',
      MYFSIO_BUCKETS: 'photos,No Bucket',
      TLS_CERT: 'cert.pem',
    })
    expect(mistakes).toEqual(
      [
        '--colour is not known: --help lists all flags.',
        '--workers needs a value.',
        'API_PORT cannot be "high": it must be a port from 0 to 65535.',
        'TLS_CERT and TLS_KEY must be given together: a certificate and its key, as PEM files.',
        'MYFSIO_BUCKETS cannot be "photos,No Bucket": it must be bucket names, separated by commas.',
        'DURABILITY cannot be "certain": it must be strict, relaxed or none.',
        'MAX_UPLOAD_SIZE cannot be "lots": it must be a size such as 1073741824 or 5GiB.',
      ].sort(byOrderIn(mistakes)),
    )
  })

  it.each(['s3.example.com', 'nope', '//x', 'http://', 'http://x.example/path', 'http://x.example?q', 'ftp://x'])(
    'refuses %s as the address of the API',
    (url) => {
      expect(mistakesOf([], { API_BASE_URL: url })).toEqual([
        `API_BASE_URL cannot be "${url}": it must be an http or https address without a path.`,
      ])
    },
  )

  it.each([
    ['timeout=0', 'timeout=0: it must be a whole number of seconds from 1 to 600'],
    ['path-style=maybe', 'path-style=maybe: it must be on or off'],
    ['region=Some Where', 'region=Some Where: it must be small letters, digits or hyphens'],
    ['timeouts=9', 'the parameter timeouts: it can have endpoint, region, path-style, timeout'],
    [
      'endpoint=https://me:very-secret@host',
      'this endpoint: it must be an http or https address without a path and without credentials',
    ],
  ])('says what is wrong with a parameter of BLOBS_URL: %s', (query, wrong) => {
    expect(mistakesOf([], { BLOBS_URL: `s3://bucket?${query}` })).toEqual([`BLOBS_URL cannot have ${wrong}.`])
  })

  it.each([
    ['BLOBS_URL', 's3://me:very-secret@bucket', /^BLOBS_URL cannot have credentials: give BLOBS_ACCESS_KEY_ID/],
    ['BLOBS_URL', 's3://me:very/secret@bucket', /^The value of BLOBS_URL is invalid: it must be an address such as/],
    ['UI_BASE_URL', 'https://me@host', /^The value of UI_BASE_URL is invalid: it must be an http/],
    ['UI_BASE_URL', 'https://me:very-secret@host', /^The value of UI_BASE_URL is invalid: it must be an http/],
  ])('does not show the password of an address: %s=%s', (name, url, sentence) => {
    expect(mistakesOf([], { [name]: url })).toEqual([expect.stringMatching(sentence)])
    expect(mistakesOf([], { [name]: url }).join()).not.toMatch(/very|secret/)
  })

  it.each([
    [undefined, ['local']],
    ['', ['local']],
    ['none', []],
    ['*', ['*']],
    ['https://a.example, null', ['https://a.example', 'null']],
  ])('reads CORS_ORIGINS=%s: an empty value counts as not given', (CORS_ORIGINS, origins) => {
    expect(loadConfig([], { CORS_ORIGINS }, nowhere).cors.origins).toEqual(origins)
  })

  it('refuses CORS_ORIGINS that are none and some', () => {
    expect(mistakesOf([], { CORS_ORIGINS: 'none,https://a.example' })).toHaveLength(1)
  })

  it('reads the domains of websites', () => {
    const WEBSITE_DOMAINS = 'www.Example.com, shop.example.com=shop, *.sites.example.com'
    expect(loadConfig([], { WEBSITE_DOMAINS }, nowhere).websiteDomains).toEqual([
      { domain: 'www.example.com', isWildcard: false },
      { domain: 'shop.example.com', isWildcard: false, bucketName: 'shop' },
      { domain: 'sites.example.com', isWildcard: true },
    ])
  })

  it.each([
    'localhost',
    '127.0.0.1',
    'www.example.com=No Bucket',
    '*.example.com=shop',
    '*',
    'http://a.example',
    'a..b',
  ])('refuses %s as the domain of a website', (WEBSITE_DOMAINS) => {
    expect(mistakesOf([], { WEBSITE_DOMAINS })).toEqual([expect.stringContaining('WEBSITE_DOMAINS cannot be')])
  })

  it.each([
    [{ API_BASE_URL: 'https://s3.example.com' }, 's3.example.com'],
    [{ API_BASE_URL: 'https://S3.example.com:8443' }, '*.example.com'],
    [{ UI_BASE_URL: 'https://console.example.com/ui' }, 'console.example.com=shop'],
    [{ ALLOWED_HOSTS: 'files.example.com:8080' }, 'files.example.com=shop'],
    [{ VIRTUAL_HOST_DOMAINS: 's3.example.com' }, '*.s3.example.com'],
  ])('lets no page of a bucket run on a host of the API or the console: %j', (settings, WEBSITE_DOMAINS) => {
    expect(mistakesOf([], { ...settings, WEBSITE_DOMAINS })).toEqual([
      expect.stringMatching(
        /^WEBSITE_DOMAINS cannot include [a-z0-9]+\.example\.com, which is a host of the API or the console/,
      ),
    ])
  })

  it.each(['s3.example.com', 'nope', 'http://', 'http://x.example/a?b'])(
    'refuses %s as the address of the console',
    (url) => {
      expect(mistakesOf([], { UI_BASE_URL: url })).toEqual([
        `UI_BASE_URL cannot be "${url}": it must be an http or https address such as https://host/path.`,
      ])
    },
  )

  it('takes the word after an unknown flag for its value', () => {
    expect(mistakesOf(['--colour', 'red', '--api-port', 'x'])).toHaveLength(2)
    expect(mistakesOf(['red'])).toEqual(['red is not known: --help lists all flags.'])
  })

  it('says which address is none', () => {
    expect(mistakesOf([], { API_BASE_URL: 's3.example', UI_BASE_URL: 'ftp://s3.example' })).toHaveLength(2)
  })

  it('knows -h', () => {
    expect(findCommand(['-h', '--api-port', 'x'])).toBe('help')
    expect(findCommand(['help'])).toBe('help')
  })

  it('lets flags win over the environment, and the environment over .env', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'))
    writeFileSync(join(folder, '.env'), 'AWS_REGION=eu-one-1\nAPI_PORT=1111\nUI_PORT=2222\n')
    const config = loadConfig(['--ui-port=4444'], { API_PORT: '3333', UI_PORT: '3333' }, folder)
    expect(config).toMatchObject({ region: 'eu-one-1', apiPort: 3333, uiPort: 4444 })
  })

  it('never repeats a secret, neither in a mistake nor in what it shows', () => {
    expect(mistakesOf([], { MINIO_ROOT_USER: 'admin', MINIO_ROOT_PASSWORD: 'short' }).join()).toBe(
      'The value of MINIO_ROOT_PASSWORD is invalid: it must be 8 to 256 characters.',
    )
    const config = loadConfig([], { ADMIN_ACCESS_KEY: 'admin', ADMIN_SECRET_KEY: 'correct-horse' }, nowhere)
    expect(Object.fromEntries(describeConfig(config))).toMatchObject({ ADMIN_SECRET_KEY: '********', SECRET_KEY: '' })
    expect(JSON.stringify(describeConfig(config))).not.toContain('correct-horse')
  })

  it('refuses the well-known session key off loopback only', () => {
    expect(mistakesOf([], { SECRET_KEY: 'dev-secret-key' })).toEqual([])
    expect(mistakesOf(['--host', '0.0.0.0'], { SECRET_KEY: 'dev-secret-key' })).toHaveLength(1)
  })

  it('refuses ENFORCE=log off loopback', () => {
    expect(loadConfig([], { ENFORCE: 'log' }, nowhere).enforce).toBe('log')
    const mistakes = mistakesOf(['--host', '0.0.0.0'], { ENFORCE: 'log', SECRET_KEY: 'a-key-of-some-length-and-more' })
    expect(mistakes).toEqual(['ENFORCE=log is allowed on loopback addresses only, not on 0.0.0.0.'])
  })

  it('believes proxies by address and range', () => {
    const { trustedProxies } = loadConfig([], { TRUSTED_PROXIES: '10.0.0.0/8, ::1' }, nowhere)
    expect(trustedProxies).toEqual(['10.0.0.0/8', '::1'])
    expect(mistakesOf([], { TRUSTED_PROXIES: '10.0.0.0/33' })).toHaveLength(1)
  })

  it('limits the rate of a client address off loopback, and as told', () => {
    expect(loadConfig(['--host', '0.0.0.0'], {}, nowhere).rateLimit).toEqual({ requests: 1000, windowMs: 1000 })
    const config = loadConfig([], { RATE_LIMIT_DEFAULT: '200 per minute' }, nowhere)
    expect(config.rateLimit).toEqual({ requests: 200, windowMs: 60_000 })
  })

  it('runs one worker on the engine that processes cannot share', () => {
    expect(loadConfig([], { METADATA_ENGINE: 'memory' }, nowhere).workers).toBe(1)
    expect(mistakesOf([], { METADATA_ENGINE: 'memory', WORKERS: '2' })).toHaveLength(1)
  })

  it('finds a command wherever it stands', () => {
    expect(findCommand(['--host', '::1', '--show-config'])).toBe('show-config')
    expect(findCommand(['--host', '::1'])).toBe('start')
  })
})

/** Their order is of no consequence. */
function byOrderIn(order: readonly string[]) {
  return (a: string, b: string) => order.indexOf(a) - order.indexOf(b)
}
