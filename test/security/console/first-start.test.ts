/** Secrets that everybody knows are for a machine of one's own. */
import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '#config/config.ts'
import { prepareFirstStart } from '#launcher/start/first-start.ts'

/** With the folder that a start creates first. */
function configure(env: Record<string, string>, root = mkdtempSync(join(tmpdir(), 'first-start-'))) {
  const config = loadConfig([], { STORAGE_ROOT: root, ...env }, root)
  mkdirSync(config.configFolder, { recursive: true })
  return config
}
const hosts = ['0.0.0.0', '::', '192.168.1.2', 'example.com', '127.0.0.1.example.com']

describe('GHSA-j59h-h7q5-q348 GHSA-h956-rh7x-ppgj: the default secret', () => {
  it('is for loopback', () => {
    const prepared = prepareFirstStart(configure({}))
    expect(prepared.bootstrap).toEqual({ accessKey: 'localadmin', secretKey: 'localadmin' })
  })

  it.each(hosts)('is not made on %s: another is, and told once', (host) => {
    const config = configure({ APP_HOST: host })
    const { bootstrap, hint } = prepareFirstStart(config)
    expect(bootstrap.secretKey).toMatch(/^[\w-]{32}$/)
    expect(hint).toEqual({ ...bootstrap, isNew: true })
    expect(prepareFirstStart(configure({ APP_HOST: host })).bootstrap.secretKey).not.toBe(bootstrap.secretKey)
  })

  it.each(hosts)('is refused on %s, in the file and in the environment', (host) => {
    const config = configure({ APP_HOST: host })
    prepareFirstStart(config)
    const users = [
      { access_key: 'safe', secret_key: 'a-long-secret' },
      { access_key: 'localadmin', secret_key: 'localadmin' },
    ]
    writeFileSync(config.iamPath, JSON.stringify({ users }))
    expect(() => prepareFirstStart(config)).toThrow(/well-known default, which is refused/)
    const given = configure({ APP_HOST: host, ADMIN_ACCESS_KEY: 'admin', ADMIN_SECRET_KEY: 'localadmin' })
    expect(() => prepareFirstStart(given)).toThrow(/well-known default/)
  })

  it('in the file is no hindrance where the settings give its user another', () => {
    const config = configure({ APP_HOST: '0.0.0.0', ADMIN_ACCESS_KEY: 'localadmin', ADMIN_SECRET_KEY: 'my-own-secret' })
    prepareFirstStart(config)
    writeFileSync(config.iamPath, JSON.stringify({ users: [{ access_key: 'localadmin', secret_key: 'localadmin' }] }))
    expect(prepareFirstStart(config).hint).toEqual({ accessKey: 'localadmin', secretKey: undefined, isNew: false })
  })

  it.each(hosts)('is refused on %s in the settings, beside a file with another', (host) => {
    const config = configure({ APP_HOST: host, ADMIN_ACCESS_KEY: 'admin', ADMIN_SECRET_KEY: 'localadmin' })
    expect(() => prepareFirstStart(config)).toThrow(/well-known default/)
    writeFileSync(config.iamPath, JSON.stringify({ users: [{ access_key: 'admin', secret_key: 'my-own-secret' }] }))
    expect(() => prepareFirstStart(config)).toThrow(/well-known default/)
  })

  it('is never printed once it is the user’s own', () => {
    const given = prepareFirstStart(configure({ ADMIN_ACCESS_KEY: 'admin', ADMIN_SECRET_KEY: 'my-own-secret' }))
    expect(given.hint).toEqual({ accessKey: 'admin', secretKey: undefined, isNew: false })
  })
})

describe('the key of sessions', () => {
  it('is made once, for the owner of the files alone', () => {
    const config = configure({})
    const { secretKey } = prepareFirstStart(config).config
    expect(secretKey).toMatch(/^[\w-]{43}$/)
    const file = join(config.configFolder, 'secret_key')
    expect(readFileSync(file, 'utf8').trim()).toBe(secretKey)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(prepareFirstStart(config).config.secretKey).toBe(secretKey)
  })
})
