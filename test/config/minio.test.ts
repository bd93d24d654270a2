import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type AppConfig, ConfigError, loadConfig } from '#config/config.ts'
import { minioFlags, minioVariables } from '#config/minio-rows.ts'

const folder = mkdtempSync(join(tmpdir(), 'minio-'))

const load = (argv: string[], env: Record<string, string> = {}): AppConfig => loadConfig(argv, env, folder)

function mistakesOf(argv: string[], env: Record<string, string> = {}): readonly string[] {
  try {
    load(argv, env)
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return []
}

const inFile = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

describe("MinIO's variables", () => {
  it.each([
    [{ MINIO_ROOT_USER: 'admin', MINIO_ROOT_PASSWORD: 'correct-horse' }, { adminAccessKey: 'admin' }],
    [{ MINIO_ROOT_USER: 'admin', MINIO_ROOT_PASSWORD: 'correct-horse' }, { adminSecretKey: 'correct-horse' }],
    [{ MINIO_ACCESS_KEY: 'admin', MINIO_SECRET_KEY: 'correct-horse' }, { adminSecretKey: 'correct-horse' }],
    [{ MINIO_DOMAIN: 's3.example,s3.internal' }, { virtualHostDomains: ['s3.example', 's3.internal'] }],
    [{ MINIO_SERVER_URL: 'https://s3.example' }, { apiBaseUrl: 'https://s3.example' }],
    [{ MINIO_BROWSER_REDIRECT_URL: 'https://s3.example/console' }, { uiBaseUrl: 'https://s3.example/console' }],
    [{ MINIO_REGION: 'eu-one-1' }, { region: 'eu-one-1', regions: [] }],
    [{ MINIO_REGION: 'eu-one-1', MINIO_SITE_REGION: 'eu-two-2' }, { region: 'eu-two-2' }],
    [{ MINIO_BROWSER: 'off' }, { mode: 'api' }],
    [{ MINIO_BROWSER: 'on' }, { mode: 'both' }],
    [
      { MINIO_API_CORS_ALLOW_ORIGIN: 'https://a.example' },
      { cors: expect.objectContaining({ origins: ['https://a.example'] }) },
    ],
    [{ MINIO_VOLUMES: '/srv/objects' }, { storageRoot: '/srv/objects' }],
    [
      { MINIO_ADDRESS: ':9000', MINIO_CONSOLE_ADDRESS: ':9001' },
      { host: '0.0.0.0', apiPort: 9000, uiPort: 9001 },
    ],
  ])('%j mean what they do there', (env, expected) => {
    expect(load([], env as Record<string, string>)).toMatchObject(expected)
  })

  it('give way to our own', () => {
    expect(load([], { MINIO_REGION: 'eu-one-1', AWS_REGION: 'eu-two-2' }).region).toBe('eu-two-2')
    expect(load(['--mode', 'both'], { MINIO_BROWSER: 'off' }).mode).toBe('both')
  })

  it('are read from files, as secrets of a container are', () => {
    const env = {
      MINIO_ROOT_USER_FILE: inFile('user', 'admin\n'),
      MINIO_ROOT_PASSWORD_FILE: inFile('password', 'correct-horse\n'),
    }
    expect(load([], env)).toMatchObject({ adminAccessKey: 'admin', adminSecretKey: 'correct-horse' })
    const all = inFile(
      'config.env',
      'export MINIO_ROOT_USER=admin\nMINIO_ROOT_PASSWORD="correct-horse"\nMINIO_REGION=eu-one-1\n',
    )
    expect(load([], { MINIO_CONFIG_ENV_FILE: all })).toMatchObject({
      adminSecretKey: 'correct-horse',
      region: 'eu-one-1',
    })
  })

  it('are mistakes where their value cannot be understood, told by the name that was given', () => {
    expect(mistakesOf([], { MINIO_BROWSER: 'maybe' })).toEqual([
      'MINIO_BROWSER cannot be "maybe": it must be on or off.',
    ])
    expect(mistakesOf([], { MINIO_SERVER_URL: 's3.example' }).join()).toMatch(
      /^MINIO_SERVER_URL cannot be "s3.example"/,
    )
    expect(mistakesOf([], { MINIO_ROOT_PASSWORD_FILE: 'nowhere' })).toEqual([
      'MINIO_ROOT_PASSWORD_FILE: the file nowhere cannot be read, neither as a path nor in /run/secrets.',
    ])
  })

  it('are named where they have no effect, without their values', () => {
    const { notes } = load([], { MINIO_KMS_SECRET_KEY: 'key:c2VjcmV0', MINIO_STORAGE_CLASS_STANDARD: 'EC:2' })
    expect(notes).toEqual([
      'MINIO_KMS_SECRET_KEY has no effect: MyFSIO has no such setting.',
      'MINIO_STORAGE_CLASS_STANDARD has no effect: MyFSIO has no such setting.',
    ])
    expect(load([], { MINIO_REGION: 'eu-one-1' }).notes).toEqual([])
  })
})

describe("MinIO's command line", () => {
  it('gives the folder and the addresses, wherever they stand', () => {
    const expected = { storageRoot: '/data', host: '0.0.0.0', apiPort: 9000, uiPort: 9090, notes: [] }
    expect(load(['server', '/data', '--console-address', ':9090'])).toMatchObject(expected)
    expect(load(['server', '--console-address=:9090', '--address', ':9000', '/data'])).toMatchObject(expected)
    expect(load(['minio', 'server', '-console-address', ':9090', '/data', '--quiet'])).toMatchObject(expected)
    expect(load(['server', '/data', '--address', '127.0.0.1:9100'])).toMatchObject({ host: '127.0.0.1', apiPort: 9100 })
    expect(load(['server', '/data', '--address', '[::1]:9100'])).toMatchObject({ host: '::1', apiPort: 9100 })
  })

  it('wins over the environment, which wins over what MinIO assumes', () => {
    const env = { API_PORT: '5000', STORAGE_ROOT: '/objects', MINIO_CONSOLE_ADDRESS: ':7000' }
    expect(load(['server'], env)).toMatchObject({ apiPort: 5000, uiPort: 7000, storageRoot: '/objects' })
    expect(load(['server', '/data', '--address', ':9000'], env)).toMatchObject({ apiPort: 9000, storageRoot: '/data' })
  })

  it('may be mixed with our own flags', () => {
    const config = load(['server', '/data', '--workers', '1', '--durability=relaxed', '--address', ':9000'])
    expect(config).toMatchObject({ storageRoot: '/data', workers: 1, durability: 'relaxed', apiPort: 9000 })
  })

  it('takes certificates from a folder that has some', () => {
    const certificates = join(folder, 'certs')
    expect(load(['server', '/data', '-S', certificates]).tls).toBeUndefined()
    mkdirSync(certificates)
    writeFileSync(join(certificates, 'public.crt'), '')
    const { tls } = load(['server', '/data', '--certs-dir', certificates])
    expect(tls).toEqual({ certPath: join(certificates, 'public.crt'), keyPath: join(certificates, 'private.key') })
  })

  it('is told what has no effect, and refused what would be another server', () => {
    const { notes, storageRoot } = load(['server', '--ftp', 'address=:8021', '/data'])
    expect([notes, storageRoot]).toEqual([['--ftp has no effect: MyFSIO has no such setting.'], '/data'])
    for (const folders of [['/a', '/b'], ['/data{1...4}'], ['http://host/data']]) {
      expect(mistakesOf(['server', ...folders])).toEqual([
        `server cannot be "${folders.join(' ')}": it must be one folder, since MyFSIO keeps objects in one folder.`,
      ])
    }
    expect(mistakesOf(['server', '/data', '--colour', 'red'])).toEqual([
      '--colour is not known: --help lists all flags.',
    ])
    expect(mistakesOf(['server', '/data', '--address', 'high'])).toHaveLength(1)
  })
})

describe('docs/container.md', () => {
  it('names every variable and flag of the tables, beside what it is here', () => {
    const rows = readFileSync(join(import.meta.dirname, '../../docs/container.md'), 'utf8').split('\n')
    for (const [name, { settings }] of [...Object.entries(minioVariables), ...Object.entries(minioFlags)]) {
      const row = rows.find((line) => line.startsWith('|') && line.includes(`\`${name}\``)) ?? ''
      expect([name, settings.filter((setting) => !row.includes(`\`${setting}`))]).toEqual([name, []])
    }
  })
})
