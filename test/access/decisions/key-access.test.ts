import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import { explainHypothesis } from '#access/decide/hypothetical.ts'
import { type OpenServices, openServices } from '#app/services.ts'
import { loadConfig } from '#config/config.ts'
import type { KeyView } from '#keyring/data-keys.ts'
import { anonymous } from '#model/account.ts'

const account = '111122223333'
const allow = (...actions: string[]) => ({
  p: { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: actions, Resource: '*' } },
})
const userNamed = (name: string, inline: object = {}) => ({
  name,
  keys: [{ id: `${name}-key`, secret: `${name}-secret` }],
  inline,
})
const users = [userNamed('everything', allow('kms:*')), userNamed('none'), userNamed('denied', deny('kms:Decrypt'))]
const facts: RequestFacts = {
  method: 'PUT',
  headers: {},
  query: new Map(),
  socket: { remoteAddress: '127.0.0.1' },
  caller: { via: 'header' },
}
const context = { 'aws:s3:arn': 'arn:aws:s3:::photos/a.jpg' }
let folder: string
let open: OpenServices
let managed: KeyView

function deny(action: string) {
  return { p: { Version: '2012-10-17', Statement: { Effect: 'Deny', Action: action, Resource: '*' } } }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'myfsio-key-access-'))
  const iamPath = join(folder, 'iam.json')
  const other = { id: '444455556666', users: [userNamed('stranger', allow('kms:*'))] }
  await writeFile(iamPath, JSON.stringify({ version: 2, accounts: [{ id: account, users }, other] }))
  const settings = { STORAGE_ROOT: join(folder, 'data'), IAM_CONFIG: iamPath, SECRET_KEY: 'a-secret-for-tests' }
  const bootstrap = { accessKey: 'x', secretKey: 'x' }
  const config = loadConfig([], settings, folder)
  open = await openServices({ config, version: '9.9.9', isPrimary: false, bootstrap }, pino({ level: 'silent' }))
  managed = await open.keys.keyring.managedKey('s3', { account, region: 'us-east-1' })
})
afterAll(async () => {
  await open.close()
  await rm(folder, { recursive: true, force: true })
})

/** '' if allowed. */
function answer(user: string, key: KeyView, asked: { via?: 's3'; context?: Record<string, string> } = {}): string {
  const identity = open.identities.findByAccessKey(`${user}-key`)
  if (identity === undefined) throw new Error(`There is no user ${user}`)
  try {
    open.services.gatekeeper.authorizeKey(identity, { action: 'kms:Decrypt', key, ...asked }, facts)
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const refused = (user: string, id = account) =>
  `User: arn:aws:iam::${id}:user/${user} is not authorized to perform: kms:Decrypt`

describe('the key of alias/aws/s3', () => {
  it('is for everyone in the account, through S3 only', () => {
    expect(answer('none', managed, { via: 's3', context })).toBe('')
    expect(answer('everything', managed, { via: 's3', context })).toBe('')
    const because = `because no resource-based policy allows the kms:Decrypt action`
    expect(answer('everything', managed, { context })).toBe(
      `${refused('everything')} on resource: ${managed.arn} ${because}`,
    )
  })

  it('is not for those whose own policies deny it, nor for others', () => {
    expect(answer('denied', managed, { via: 's3' })).toBe(
      `${refused('denied')} on resource: ${managed.arn} with an explicit deny in an identity-based policy`,
    )
    expect(answer('stranger', managed, { via: 's3' })).toContain(
      `${refused('stranger', '444455556666')} on this resource because the resource does not exist in this Region`,
    )
    const ask = () =>
      open.services.gatekeeper.authorizeKey(anonymous, { action: 'kms:Decrypt', key: managed, via: 's3' }, facts)
    expect(ask).toThrow('Access Denied')
  })
})

describe('a key policy', () => {
  const keyWith = (...statements: object[]): KeyView => ({
    ...managed,
    policy: { Version: '2012-10-17', Statement: statements },
  })
  const root = { AWS: `arn:aws:iam::${account}:root` }
  const grant = (principal: object | string, more: object = {}) => ({
    Effect: 'Allow',
    Principal: principal,
    Action: 'kms:*',
    Resource: '*',
    ...more,
  })

  it('that names the account lets its identity policies decide', () => {
    const key = keyWith(grant(root))
    expect(answer('everything', key)).toBe('')
    expect(answer('none', key)).toContain('because no identity-based policy allows the kms:Decrypt action')
  })

  it('that names a user needs no identity policy', () => {
    const key = keyWith(grant({ AWS: `arn:aws:iam::${account}:user/none` }))
    expect(answer('none', key)).toBe('')
    expect(answer('everything', key)).toContain('because no resource-based policy allows the kms:Decrypt action')
  })

  it('of another account needs the identity policy too', () => {
    const key = keyWith(grant({ AWS: 'arn:aws:iam::444455556666:root' }))
    expect(answer('stranger', key)).toBe('')
  })

  it('may ask for the encryption context, the service and the tags of the key', () => {
    const ofPhotos = { StringLike: { 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::photos/*' } }
    const key = keyWith(grant(root, { Condition: ofPhotos }))
    expect(answer('everything', key, { context })).toBe('')
    expect(answer('everything', key, { context: { 'aws:s3:arn': 'arn:aws:s3:::other/a' } })).not.toBe('')
    expect(answer('everything', key)).not.toBe('')
    const names = { 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['aws:s3:arn'] } }
    expect(answer('everything', keyWith(grant(root, { Condition: names })), { context: { other: '1' } })).not.toBe('')
    const tagged = keyWith(grant(root, { Condition: { StringEquals: { 'aws:ResourceTag/Team': 'a' } } }))
    expect(answer('everything', tagged)).not.toBe('')
    expect(answer('everything', { ...tagged, tags: { Team: 'a' } })).toBe('')
  })

  it('counts in what is asked about a request that was not made', async () => {
    const principal = open.identities.findByAccessKey('everything-key')
    if (principal === undefined) throw new Error('There is no such user')
    const ask = async (context: Record<string, string>) => {
      const findBucket = async () => undefined
      const asked = { principal, action: 'kms:Decrypt', resource: managed.arn, context, facts, account }
      return explainHypothesis({ ...open.access, findBucket }, asked)
    }
    expect(await ask({})).toMatchObject({ decision: { outcome: 'Deny', policyType: 'resource-based' } })
    const viaS3 = { 'kms:ViaService': 's3.us-east-1.amazonaws.com', 'kms:CallerAccount': account }
    expect(await ask(viaS3)).toMatchObject({ decision: { outcome: 'Allow' }, message: undefined })
  })

  it('that is no policy denies everyone', () => {
    for (const policy of ['text', undefined, { Statement: [{ Effect: 'Perhaps' }] }]) {
      expect(answer('everything', { ...managed, policy })).toContain('with an explicit deny in a resource-based policy')
    }
  })
})
