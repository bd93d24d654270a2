import { describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from '#config/config.ts'
import { describeConfig } from '#config/describe.ts'
import { parsePostgresUrl } from '#config/metadata-url.ts'

describe('METADATA_URL', () => {
  it('is read as libpq reads addresses', () => {
    expect(parsePostgresUrl('postgres://me:p%40ss@db.example.com/index')).toEqual({
      hosts: [{ host: 'db.example.com', port: 5432 }],
      user: 'me',
      password: 'p@ss',
      database: 'index',
      schema: 'myfsio',
      sslMode: 'prefer',
      sslFiles: {},
      poolSize: 4,
      connectTimeoutMs: 5000,
      statementTimeoutMs: 30_000,
      retryMs: 15_000,
      applicationName: 'myfsio',
    })
  })

  it('has several hosts, ports and parameters', () => {
    const parameters =
      'sslmode=verify-full&sslrootcert=/etc/ca.pem&pool_size=8&connect_timeout=3&statement_timeout=5000&schema=store_1'
    expect(parsePostgresUrl(`postgresql://me@db1,db2:6432,[::1]:7000/index?${parameters}`)).toMatchObject({
      hosts: [
        { host: 'db1', port: 5432 },
        { host: 'db2', port: 6432 },
        { host: '::1', port: 7000 },
      ],
      password: '',
      sslMode: 'verify-full',
      sslFiles: { ca: '/etc/ca.pem' },
      poolSize: 8,
      connectTimeoutMs: 3000,
      statementTimeoutMs: 5000,
      schema: 'store_1',
    })
  })

  it('may be the folder of a socket', () => {
    const hosts = [{ host: '/run/postgresql', port: 5432 }]
    expect(parsePostgresUrl('postgres://me@%2Frun%2Fpostgresql/index')).toMatchObject({ hosts })
    expect(parsePostgresUrl('postgres://me@/index?host=/run/postgresql')).toMatchObject({ hosts })
  })

  for (const url of [
    'mysql://me@db/index',
    'postgres://db/index',
    'postgres://me@db',
    'postgres://me@/index',
    'postgres://me@db:99999/index',
    'postgres://me:%zz@db/index',
    'postgres://me@db/index?sslmode=never',
    'postgres://me@db/index?sslcert=/etc/me.pem',
    'postgres://me@db/index?schema=a;b',
    'postgres://me@db/index?pool_size=1',
    'postgres://me@db/index?unknown=1',
  ]) {
    it(`cannot be ${url}`, () => expect(parsePostgresUrl(url)).toBeUndefined())
  }

  it('needs BLOBS_URL, and is never shown', () => {
    const url = 'postgres://me:very-secret@db/index'
    const mistakesOf = (env: Record<string, string>): readonly string[] => {
      try {
        const config = loadConfig([], env, '/tmp')
        expect(JSON.stringify(describeConfig(config))).not.toContain('very-secret')
        return []
      } catch (error) {
        if (error instanceof ConfigError) return error.mistakes
        throw error
      }
    }
    expect(mistakesOf({ METADATA_URL: url })).toEqual([
      'METADATA_URL needs BLOBS_URL: plain files need an index on the same machine.',
    ])
    expect(mistakesOf({ METADATA_URL: url, BLOBS_URL: 's3://bucket' })).toEqual([])
    expect(mistakesOf({ METADATA_URL: `${url}?x=1`, BLOBS_URL: 's3://bucket' }).join()).not.toContain('very-secret')
  })
  it.each([
    ['pool_size=1', 'pool_size=1: it must be a whole number from 2 to 100'],
    ['connect_timeout=soon', 'connect_timeout=soon: it must be a whole number of seconds from 1 to 60'],
    ['sslmode=never', 'sslmode=never: it must be disable, prefer, require, verify-ca or verify-full'],
    ['sslcert=/me.pem', 'only one of sslcert and sslkey: they must be given together'],
    ['poolsize=8', expect.stringMatching(/^the parameter poolsize: it can have host, sslmode, .*, pool_size, /)],
    ['password=very-secret', expect.stringMatching(/^the parameter password: it can have host, /)],
  ])('says what is wrong with a parameter: %s', (query, wrong) => {
    const [sentence = '', ...others] = mistakesOf(`postgres://me:very-secret@db/index?${query}`)
    expect([sentence.replace(/^METADATA_URL cannot have (.*)\.$/, '$1'), ...others]).toEqual([wrong])
    expect(sentence).not.toContain('very-secret')
  })

  it.each(['me:word/x?very-secret@db/index', 'me:very@db/x?secret=1@db/index', 'me@db/index?pool_size=very@secret'])(
    'shows nothing of a password that is not encoded: %s',
    (rest) => expect(mistakesOf(`postgres://${rest}`).join()).toMatch(/^((?!very|secret).)+$/),
  )
})

function mistakesOf(METADATA_URL: string): readonly string[] {
  try {
    loadConfig([], { METADATA_URL, BLOBS_URL: 's3://bucket' }, '/tmp')
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
}
