import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createUser } from '#identity/accounts/users.ts'
import { type Identities, openIdentities } from '#identity/identities.ts'
import { formatPassword, hashOfNone, isPasswordOf } from '#identity/secrets/password.ts'
import { findPasswordOwner } from '#identity/secrets/password-owner.ts'

const bootstrap = { accessKey: 'localadmin', secretKey: 'localadmin' }
let folder: string
let path: string
let errors: object[]
let open: Identities[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'myfsio-identity-'))
  path = join(folder, 'iam.json')
  errors = []
  open = []
})
afterEach(async () => {
  for (const identities of open) await identities.close()
  await rm(folder, { recursive: true, force: true })
})

async function openWith(document?: object | string, secretKey = 'the secret key'): Promise<Identities> {
  const text = typeof document === 'string' ? document : JSON.stringify(document, null, 2)
  if (document !== undefined) await writeFile(path, text)
  const log = { info: () => undefined, error: (fields: object) => errors.push(fields) }
  const identities = await openIdentities({ path, bootstrap, log, secretKey })
  open.push(identities)
  return identities
}

const account = '111122223333'
const withUsers = (...users: object[]) => ({ version: 2, accounts: [{ id: account, users }] })
const admin = {
  name: 'admin',
  keys: [{ id: 'adminkey', secret: 'adminsecret' }],
  attached: ['arn:aws:iam::aws:policy/AdministratorAccess'],
}

const version1 = {
  comment: 'kept by nobody',
  users: [
    {
      access_key: 'localadmin',
      secret_key: 'localadmin',
      display_name: 'Local Admin',
      policies: [{ bucket: '*', actions: ['list', 'read', 'write', 'delete', 'share', 'policy', 'iam:*'] }],
    },
    {
      access_key: 'reader',
      secret_key: 'reader-secret',
      display_name: 'reader',
      policies: [{ bucket: 'photos', actions: ['list', 's3:GetObject', 'nonsense'] }],
    },
  ],
}

describe('a first start', () => {
  it('makes an account with one administrator', async () => {
    const identities = await openWith()
    const identity = identities.identify('localadmin', undefined)
    expect(identity.requester).toMatchObject({ type: 'user', arn: 'arn:aws:iam::000000000000:user/localadmin' })
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ version: 2, accounts: [{ id: '000000000000' }] })
  })
})

describe('version 1 of iam.json', () => {
  it('loads as it is and means what it meant', async () => {
    const identities = await openWith(version1)
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(version1)
    const reader = identities.identify('reader', undefined)
    expect(reader.requester).toMatchObject({ arn: 'arn:aws:iam::000000000000:user/reader', aliases: ['reader'] })
    const [policy] = reader.policies.identity
    expect(policy?.policy.document.statements).toMatchObject([
      { resource: { values: ['arn:aws:s3:::photos', 'arn:aws:s3:::photos/*'] } },
    ])
    expect(policy?.policy.document.statements[0]?.action.values).toEqual(
      expect.arrayContaining(['s3:ListBucket', 's3:GetObject']),
    )
    expect(policy?.policy.document.statements[0]?.action.values).not.toContain('s3:PutObject')
  })

  it('becomes version 2 with the first write, and is kept beside it', async () => {
    const identities = await openWith(version1)
    expect(existsSync(`${path}.v1.bak`)).toBe(false)
    await identities.change('000000000000', (draft, nowMs) => createUser(draft, { name: 'new', path: '/' }, nowMs))
    expect(JSON.parse(await readFile(`${path}.v1.bak`, 'utf8'))).toEqual(version1)
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      version: 2,
      accounts: [
        { users: [{ keys: [{ id: 'localadmin', secret: 'localadmin' }] }, { name: 'reader' }, { name: 'new' }] },
      ],
    })
    const again = await openWith()
    expect(again.identify('reader', undefined).arn).toBe('arn:aws:iam::000000000000:user/reader')
  })
})

describe('a document changed by hand', () => {
  const lines = (text: string) => JSON.stringify(JSON.parse(text), null, 2)
  const cases: [string, (text: string) => string, { line: number | undefined; at: string; problem: RegExp }][] = [
    [
      'with a syntax error',
      (text) => text.replace('"name": "admin",', '"name": "admin"'),
      { line: 9, at: '', problem: /comma/ },
    ],
    [
      'with a name given twice',
      (text) => text.replace('"name": "admin",', '"name": "admin",\n"name": "other",'),
      { line: 9, at: 'accounts[0].users[0].name', problem: /there twice/ },
    ],
    [
      'with a field nobody knows',
      (text) => text.replace('"attached"', '"atached"'),
      { line: 15, at: 'accounts[0].users[0].atached', problem: /atached/ },
    ],
    [
      'with a reference to a policy that is not there',
      (text) => text.replace('policy/AdministratorAccess', 'policy/Nothing'),
      {
        line: 16,
        at: 'accounts[0].users[0].attached[0]',
        problem: /there is no policy arn:aws:iam::aws:policy\/Nothing/,
      },
    ],
    [
      'with a group that is not there',
      (text) => text.replace('"attached"', '"groups": ["gone"],\n"attached"'),
      { line: 15, at: 'accounts[0].users[0].groups[0]', problem: /there is no group gone/ },
    ],
  ]

  it.each(cases)('%s leaves the last good state in force, and says where it is wrong', async (_, spoil, expected) => {
    const identities = await openWith(withUsers(admin))
    await writeFile(path, spoil(lines(JSON.stringify(withUsers(admin)))))
    await new Promise((resolve) => setImmediate(resolve))
    expect(identities.identify('adminkey', undefined).secretAccessKey).toBe('adminsecret')
    expect(identities.problem).toMatchObject({ line: expected.line, message: expect.stringMatching(expected.problem) })
    expect(identities.problem?.path.startsWith(expected.at)).toBe(true)
    // A half-written file may have been seen before.
    expect(errors.at(-1)).toMatchObject({ path, line: expected.line, problem: expect.stringMatching(expected.problem) })
    await expect(identities.change(account, () => undefined)).rejects.toThrow(
      expect.objectContaining({ code: 'ServiceUnavailable' }),
    )
  })

  it('shows at once when it is valid, and ends what it took away', async () => {
    const identities = await openWith(withUsers(admin))
    await writeFile(
      path,
      JSON.stringify(withUsers({ ...admin, keys: [{ id: 'adminkey', secret: 'x', status: 'Inactive' }] })),
    )
    await new Promise((resolve) => setImmediate(resolve))
    expect(() => identities.identify('adminkey', undefined)).toThrow(
      expect.objectContaining({ code: 'InvalidAccessKeyId' }),
    )
  })

  it('does not start at all when it was never valid', async () => {
    await expect(openWith('{"version": 2, "accounts": [')).rejects.toThrow(/iam\.json \(line 1\)/)
  })
})

describe('keys', () => {
  it('expire', async () => {
    const keys = [{ id: 'old', secret: 's', expiresAt: '2020-01-01T00:00:00Z' }]
    const identities = await openWith(withUsers(admin, { name: 'u', keys }))
    expect(identities.findByAccessKey('old')).toBeUndefined()
  })

  it('with a session token of their own are nothing without it', async () => {
    const keys = [{ id: 'tokenkey', secret: 's', sessionToken: 'the token' }]
    const identities = await openWith(withUsers(admin, { name: 'u', keys }))
    expect(identities.identify('tokenkey', 'the token').arn).toBe(`arn:aws:iam::${account}:user/u`)
    for (const token of [undefined, 'another']) {
      expect(() => identities.identify('tokenkey', token)).toThrow(expect.objectContaining({ code: 'InvalidToken' }))
    }
  })

  it('sealed with another SECRET_KEY do not work, and the log says why', async () => {
    const first = await openWith(withUsers(admin))
    const secret = first.secrets.format('a secret')
    expect(secret).toMatch(/^sealed:/)
    const document = withUsers(admin, { name: 'u', keys: [{ id: 'sealedkey', secret }] })
    const same = await openWith(document)
    expect(same.findByAccessKey('sealedkey')?.secretAccessKey).toBe('a secret')
    const other = await openWith(document, 'another secret key')
    expect(other.findByAccessKey('sealedkey')).toBeUndefined()
    expect(errors).toContainEqual({ accessKeyId: 'sealedkey' })
  })
})

describe('when a key was last used', () => {
  it('is known after a restart, and forgotten with the key', async () => {
    const first = await openWith(withUsers(admin))
    first.lastUsed.recordUse('adminkey', 's3', 'us-east-1')
    first.lastUsed.recordUse('nosuchkey', 's3', 'us-east-1')
    expect(first.lastUsed.find('adminkey')).toMatchObject({ service: 's3', region: 'us-east-1' })
    await first.lastUsed.flush()
    const again = await openWith()
    expect(again.lastUsed.find('adminkey')?.atMs).toBeGreaterThan(Date.now() - 60_000)
    expect(again.lastUsed.find('nosuchkey')).toBeUndefined()
  })
})

describe('a password', () => {
  it('tells its user, by name in the server’s own account, or in another by number or alias', async () => {
    const passwordHash = await formatPassword('correct horse')
    const login = { passwordHash, createdAt: '2026-01-01T00:00:00Z' }
    const identities = await openWith({
      version: 2,
      accounts: [
        { id: account, users: [admin, { name: 'pat', login }] },
        { id: '444455556666', alias: 'other', users: [{ name: 'sam', login }] },
      ],
    })
    const ask = async (userName: string, password: string, name?: string) => {
      const owner = findPasswordOwner(identities.directory, { account: name, userName })
      return (await isPasswordOf(owner?.passwordHash ?? hashOfNone, password)) ? owner?.identity : undefined
    }
    expect((await ask('Pat', 'correct horse'))?.arn).toBe(`arn:aws:iam::${account}:user/pat`)
    expect((await ask('sam', 'correct horse', 'other'))?.account).toBe('444455556666')
    expect(await ask('pat', 'wrong')).toBeUndefined()
    expect(await ask('sam', 'correct horse')).toBeUndefined()
    expect(await ask('admin', 'nobody has this password')).toBeUndefined()
  })
})

describe('the last way in', () => {
  it('cannot be taken away', async () => {
    const identities = await openWith(withUsers(admin))
    const lockedOut = expect.objectContaining({ code: 'DeleteConflict' })
    const change = (alter: (user: { keys: { status: string }[]; attached: string[] }) => void) =>
      identities.change(account, (draft) => alter(draft.users[0] as never))
    await expect(change((user) => user.keys.splice(0))).rejects.toThrow(lockedOut)
    await expect(change((user) => Object.assign(user.keys[0] ?? {}, { status: 'Inactive' }))).rejects.toThrow(lockedOut)
    await expect(change((user) => user.attached.splice(0))).rejects.toThrow(lockedOut)
    expect(identities.findByAccessKey('adminkey')).toBeDefined()
  })

  it('may go when there is another', async () => {
    const identities = await openWith(withUsers(admin, { ...admin, name: 'second', keys: [{ id: 'k2', secret: 's' }] }))
    await identities.change(account, (draft) => draft.users.shift())
    expect(identities.findByAccessKey('adminkey')).toBeUndefined()
  })
})

describe('ten thousand users', () => {
  it('are loaded and changed, and a key is found without a search', async () => {
    const users = Array.from({ length: 10_000 }, (_, at) => ({
      name: `user-${at}`,
      keys: [{ id: `AKIA${String(at).padStart(16, '0')}`, secret: `secret of ${at}` }],
      inline: {
        own: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::b/${at}/*` }],
        },
      },
    }))
    await writeFile(path, JSON.stringify(withUsers(admin, ...users)))
    const identities = await openWith()
    // If each call took a time that grows with the number of users, the test would run into its time limit.
    for (let at = 0; at < 10_000; at++) {
      const { requester } = identities.identify('AKIA0000000000009999', undefined)
      if (at === 0) expect(requester.userName).toBe('user-9999')
    }
    await identities.change(account, (draft, nowMs) => createUser(draft, { name: 'first', path: '/' }, nowMs))
    await identities.change(account, (draft, nowMs) => createUser(draft, { name: 'second', path: '/' }, nowMs))
  })
})
