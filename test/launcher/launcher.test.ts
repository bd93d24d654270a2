import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { canHaveOwnProcessIds, childrenOf, type Launched, type LaunchOptions, launch } from './launcher.ts'

const started: Launched[] = []

const slowly = { timeout: 20_000 }
const nobody = 65_534

function chownAll(folder: string): void {
  for (const path of ['', '.myfsio.sys', '.myfsio.sys/config', '.myfsio.sys/index'].map((name) => join(folder, name))) {
    if (existsSync(path)) chownSync(path, nobody, nobody)
  }
}

function start(flags: string[], env: Record<string, string> = {}, options: LaunchOptions = {}): Launched {
  const launched = launch(flags, env, options)
  started.push(launched)
  return launched
}

afterEach(async () => {
  for (const { child, exited } of started.splice(0)) {
    child.kill('SIGTERM')
    await exited
  }
})

const both = ['--api-port', '0', '--ui-port', '0']
const apiUrl = /S3 API\s+(http:\/\/\S+)/
const consoleUrl = /Console\s+(http:\/\/\S+)/

describe('the launcher', () => {
  it('starts API and console, says where they are, and stops with 0 on SIGTERM', async () => {
    const { said, child, exited, folder } = start(both, { MYFSIO_BUCKETS: 'photos' })
    const [, api = ''] = await said(apiUrl)
    const [, page = ''] = await said(consoleUrl)
    await said(/aws --endpoint-url http:\S+ s3 ls/)
    expect(await (await fetch(`${api}/healthz`)).json()).toMatchObject({ status: 'ok' })
    expect((await fetch(`${api}/photos`)).status).toBe(403)
    expect((await fetch(page)).status).toBe(200)
    expect(existsSync(join(folder, '.myfsio.sys/config/iam.json'))).toBe(true)
    expect(statSync(join(folder, '.myfsio.sys/config/secret_key')).mode & 0o777).toBe(0o600)
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
  })

  it('starts another child for one that was killed', async () => {
    const { said, child } = start([...both, '--workers', '1', '--mode', 'api'])
    const [, api = ''] = await said(apiUrl)
    const [worker = 0] = childrenOf(child.pid)
    process.kill(worker, 'SIGKILL')
    await said(/API worker 1 \(process \d+\) was ended by SIGKILL: starting another/)
    await said(/API worker 1 serves again/)
    expect((await fetch(`${api}/healthz`)).status).toBe(200)
  })

  it.skipIf(!canHaveOwnProcessIds())(
    'starts beside another server of the same folder whose processes have the same ids',
    { timeout: 120_000 },
    async () => {
      const options = { hasOwnProcessIds: true }
      const first = start([...both, '--workers', '2'], {}, options)
      const startBeside = () => start([...both, '--workers', '2'], { STORAGE_ROOT: first.folder }, options)
      const servers = [first, startBeside()]
      try {
        for (const { said } of servers) {
          const [, api = ''] = await said(apiUrl)
          expect(await (await fetch(`${api}/healthz`)).json()).toMatchObject({ status: 'ok' })
        }
        servers.push(startBeside())
        await servers[2]?.said(apiUrl)
      } finally {
        for (const { child } of servers) child.kill('SIGKILL')
      }
    },
  )

  it('gives up loudly when children keep dying', async () => {
    const { said, child, exited, output } = start(['--mode', 'ui', '--ui-port', '0'])
    await said(consoleUrl)
    for (let deaths = 0; deaths < 5; deaths++) {
      await expect.poll(() => childrenOf(child.pid).length, { timeout: 8000 }).toBe(1)
      const [pid = 0] = childrenOf(child.pid)
      if (deaths > 0) await expect.poll(() => output().match(/serves again/g)?.length, { timeout: 8000 }).toBe(deaths)
      process.kill(pid, 'SIGKILL')
      await expect.poll(() => childrenOf(child.pid).includes(pid)).toBe(false)
    }
    expect(await exited).toBe(1)
    expect(output()).toMatch(/Giving up/)
  })

  it('ends with 1 and names the holder when a port is taken', async () => {
    const server = createServer()
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve(Number(Object(server.address()).port))),
    )
    const { exited, output } = start(['--api-port', String(port), '--ui-port', '0'])
    expect(await exited).toBe(1)
    expect(output()).toContain(`Port ${port} for the S3 API is in use by `)
    expect(output()).toContain(`(process ${process.pid})`)
    await new Promise((resolve) => server.close(resolve))
  })

  it('lists every mistake in the settings and ends with 1', async () => {
    const { exited, output } = start(['--check-config'], { API_PORT: 'x', DURABILITY: 'y' })
    expect(await exited).toBe(1)
    expect(output()).toMatch(/API_PORT[\s\S]*DURABILITY/)
  })

  it('generates a secret off loopback, prints it once and refuses the default', async () => {
    const first = start(['--mode', 'api', '--api-port', '0', '--host', '0.0.0.0'])
    const [, secret = ''] = await first.said(/localadmin \/ (\S{32})/)
    expect(readFileSync(join(first.folder, '.myfsio.sys/config/iam.json'), 'utf8')).toContain(secret)
    first.child.kill('SIGTERM')
    await first.exited
    const again = start(['--mode', 'api', '--api-port', '0', '--host', '0.0.0.0'], { STORAGE_ROOT: first.folder })
    await again.said(apiUrl)
    expect(again.output()).not.toContain(secret)
  })

  it('warns loudly where ENFORCE=log denies nothing, in the terminal and in the log', async () => {
    const soft = start(['--mode', 'api', '--api-port', '0', '--workers', '1'], {
      ENFORCE: 'log',
      LOG_FORMAT: 'json',
    })
    await soft.said(/"level":40.*NOTHING IS DENIED/)
    await soft.said(/"enforce":"log".*"msg":"ready"/)
    const shown = start(['--mode', 'api', '--api-port', '0', '--workers', '1'], { ENFORCE: 'log' })
    await shown.said(/ENFORCE\s+log: NOTHING IS DENIED to requests signed with a valid key/)
  })

  it.each(['info', 'warn', 'off'])(
    'writes JSON only to standard output for LOG_FORMAT=json, at level %s',
    async (level) => {
      const { child, exited, stdout, folder } = start(both, { LOG_FORMAT: 'json', LOG_LEVEL: level })
      await expect.poll(() => existsSync(join(folder, '.myfsio.sys/config/bucket_policies.json')), slowly).toBe(true)
      if (level !== 'off') await expect.poll(stdout, slowly).toContain('"msg":"ready"')
      else await expect.poll(() => childrenOf(child.pid).length, slowly).toBeGreaterThan(2)
      child.kill('SIGTERM')
      expect(await exited).toBe(0)
      const lines = stdout()
        .split('\n')
        .filter((line) => line !== '')
      const ready = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'ready')
      const api = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)
      const secretIn = join(folder, '.myfsio.sys/config/iam.json')
      const wanted = { api, console: expect.stringMatching(/\/ui$/), data: folder, user: 'localadmin', secretIn }
      expect(ready).toEqual(level === 'off' ? [] : [expect.objectContaining(wanted)])
      expect(stdout()).not.toContain('secret_key')
    },
  )

  it('writes one line of JSON to standard output for --ready-json, and everything else to standard error', async () => {
    const { said, stdout, output } = start([...both, '--ready-json'], { LOG_LEVEL: 'info' })
    await said(/endpoint.*\n/)
    const ready = JSON.parse(stdout())
    const credentials = { accessKeyId: 'localadmin', secretAccessKey: 'localadmin' }
    expect(ready).toMatchObject({ region: 'us-east-1', credentials, consoleUrl: expect.stringMatching(/\/ui$/) })
    expect((await fetch(`${ready.endpoint}/healthz`)).status).toBe(200)
    await fetch(`${ready.endpoint}/bucket`)
    await expect.poll(output, slowly).toContain('"bucket":"bucket"')
    expect(stdout().trimEnd().split('\n')).toHaveLength(1)
  })

  it('shows its banner on standard error where the log is JSON by default', async () => {
    const { said, stdout } = start([...both, '--mode', 'api'])
    await said(apiUrl)
    expect(stdout()).toBe('')
  })

  it.each([
    [
      'is a file',
      (folder: string) => writeFileSync(folder, ''),
      /STORAGE_ROOT: \S+ cannot be written: there is a file/,
    ],
    [
      'belongs to another user',
      (folder: string) => mkdirSync(folder),
      /STORAGE_ROOT: \S+ cannot be written: user \S+ has no/,
    ],
    [
      'has an index of another user',
      (folder: string) => {
        mkdirSync(join(folder, '.myfsio.sys/index'), { recursive: true })
        chownAll(folder)
        writeFileSync(join(folder, '.myfsio.sys/index/data.mdb'), '', { mode: 0o600 })
      },
      /STORAGE_ROOT: \S+data\.mdb cannot be written: user \S+ has no permission/,
    ],
    [
      'has a secret key of another user',
      (folder: string) => {
        mkdirSync(join(folder, '.myfsio.sys/config'), { recursive: true })
        chownAll(folder)
        writeFileSync(join(folder, '.myfsio.sys/config/secret_key'), '', { mode: 0o600 })
      },
      /STORAGE_ROOT: \S+secret_key cannot be read: user \S+ has no permission/,
    ],
  ])(
    'says in a sentence that the data folder cannot be used where it %s, and ends with 1',
    async (_, make, sentence) => {
      // root is refused nothing: the program then runs as another user.
      const isRoot = process.getuid?.() === 0
      if (!isRoot && !sentence.source.includes('a file')) return
      chmodSync(tmpdir(), 0o755)
      const parent = mkdtempSync(join(tmpdir(), 'unwritable-'))
      chmodSync(parent, 0o755)
      const folder = join(parent, 'data')
      make(folder)
      for (const flags of [both, ['--reset-cred']]) {
        const { exited, output } = start(flags, { STORAGE_ROOT: folder }, isRoot ? { uid: nobody } : {})
        expect(await exited).toBe(1)
        expect(output()).toMatch(sentence)
        expect(output().trim().split('\n')).toHaveLength(1)
      }
      rmSync(parent, { recursive: true })
    },
  )

  it.runIf(process.platform === 'linux')('says so at once of a place where no folder can be made', async () => {
    const { exited, output } = start(both, { STORAGE_ROOT: '/proc/data' })
    expect(await exited).toBe(1)
    expect(output().trim()).toMatch(/^STORAGE_ROOT: \/proc\/data cannot be written: no folder can be made there\.$/)
  })

  it('says nothing when it is told to stop while it starts', async () => {
    const { child, exited, output } = start(both)
    await expect.poll(() => childrenOf(child.pid).length, { timeout: 20_000, interval: 1 }).toBeGreaterThan(0)
    // Like a terminal or a service manager: the children get the signal as well, and some before they listen.
    for (const pid of [child.pid ?? 0, ...childrenOf(child.pid)]) process.kill(pid, 'SIGTERM')
    expect(await exited).toBe(0)
    expect(output()).toBe('')
  })

  it('lets in whom the settings name, whatever iam.json says, and says what it changed', async () => {
    const flags = ['--mode', 'api', '--api-port', '0', '--workers', '1']
    const startWith = (env: Record<string, string>, folder?: string) =>
      start(flags, folder === undefined ? env : { ...env, STORAGE_ROOT: folder })
    const end = async (one: ReturnType<typeof start>) => {
      one.child.kill('SIGTERM')
      await one.exited
    }
    const statusOf = async (one: ReturnType<typeof start>, key: string, secret: string) => {
      const [url = ''] = (await one.said(/http:\/\/127\.0\.0\.1:\d+/)) ?? []
      return (await fetch(`${url}/`, { headers: { 'x-access-key': key, 'x-secret-key': secret } })).status
    }
    const first = startWith({ ADMIN_ACCESS_KEY: 'admin', ADMIN_SECRET_KEY: 'first-secret' })
    expect(await statusOf(first, 'admin', 'first-secret')).toBe(200)
    await end(first)
    const same = startWith({ ADMIN_ACCESS_KEY: 'admin', ADMIN_SECRET_KEY: 'first-secret' }, first.folder)
    expect(await statusOf(same, 'admin', 'first-secret')).toBe(200)
    expect(same.output()).not.toMatch(/ADMIN_/)
    await end(same)
    const changed = startWith({ MINIO_ROOT_USER: 'admin', MINIO_ROOT_PASSWORD: 'second-secret' }, first.folder)
    expect(await statusOf(changed, 'admin', 'second-secret')).toBe(200)
    expect(await statusOf(changed, 'admin', 'first-secret')).toBe(403)
    expect(changed.output()).toMatch(/ADMIN_SECRET_KEY differs from .*iam\.json: it is now the secret of admin\./)
    await end(changed)
    const renamed = startWith({ ADMIN_ACCESS_KEY: 'other', ADMIN_SECRET_KEY: 'third-secret' }, first.folder)
    expect(await statusOf(renamed, 'other', 'third-secret')).toBe(200)
    expect(await statusOf(renamed, 'admin', 'second-secret')).toBe(200)
    expect(renamed.output()).toMatch(/.* has no ADMIN_ACCESS_KEY: the user other is created, with all rights/)
    await end(renamed)
  }, 120_000)

  describe('--reset-cred', () => {
    const resetIn = async (document: object | undefined, flags: readonly string[] = []) => {
      const folder = mkdtempSync(join(tmpdir(), 'reset-cred-'))
      const iamPath = join(folder, '.myfsio.sys/config/iam.json')
      mkdirSync(dirname(iamPath), { recursive: true })
      if (document !== undefined) writeFileSync(iamPath, JSON.stringify(document))
      const { exited, output } = start(['--reset-cred', ...flags], { STORAGE_ROOT: folder })
      const status = await exited
      const [, accessKey, secret] = /(\S+) \/ (\S{32})/.exec(output()) ?? []
      const { accounts } = JSON.parse(readFileSync(iamPath, 'utf8'))
      const keys: Record<string, string> = {}
      for (const user of accounts?.[0].users ?? []) {
        for (const { id, secret: kept } of user.keys) keys[`${user.name}: ${id}`] = kept === secret ? 'new' : kept
      }
      return { status, said: output(), accessKey, keys }
    }
    const everything = ['arn:aws:iam::aws:policy/AdministratorAccess']
    const user = (name: string, id: string, attached: readonly string[] = everything) => ({
      name,
      attached,
      keys: [{ id, secret: 'forgotten-secret' }],
    })
    const account = (...users: object[]) => ({ version: 2, accounts: [{ id: '000000000000', users }] })

    it('makes the administrator where there is none yet', async () => {
      expect(await resetIn(undefined)).toMatchObject({ status: 0, keys: { 'localadmin: localadmin': 'new' } })
    })

    it('gives the administrator of the first start a new secret, whatever the name', async () => {
      const users = account(user('ann', 'ann'), user('later', 'AKIALATER'), user('reader', 'reader', []))
      const keys = { 'ann: ann': 'new', 'later: AKIALATER': 'forgotten-secret', 'reader: reader': 'forgotten-secret' }
      expect(await resetIn(users)).toMatchObject({ status: 0, accessKey: 'ann', keys })
    })

    it('knows the only administrator by any access key', async () => {
      const { accessKey, keys } = await resetIn(account(user('ann', 'AKIAANN'), user('reader', 'reader', [])))
      expect([accessKey, keys]).toEqual(['AKIAANN', { 'ann: AKIAANN': 'new', 'reader: reader': 'forgotten-secret' }])
    })

    it('refuses to choose, says how to name one, and takes the name', async () => {
      const two = account(user('ann', 'AKIAANN'), user('bob', 'AKIABOB'))
      const kept = { 'ann: AKIAANN': 'forgotten-secret', 'bob: AKIABOB': 'forgotten-secret' }
      const refused = await resetIn(two)
      expect(refused).toMatchObject({ status: 1, accessKey: undefined, keys: kept })
      expect(refused.said).toMatch(
        /administrators: AKIAANN, AKIABOB\. Name .*: --reset-cred --admin-access-key NAME\.$/m,
      )
      expect((await resetIn(account(user('reader', 'reader', [])))).said).toMatch(/no access key .* an administrator\./)
      const named = await resetIn(two, ['--admin-access-key', 'AKIABOB'])
      expect(named).toMatchObject({ status: 0, accessKey: 'AKIABOB', keys: { ...kept, 'bob: AKIABOB': 'new' } })
    })
  })
})
