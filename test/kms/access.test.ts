/** Key policies and IAM decide together, explained as in IAM, and recorded. */
import * as aws from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failure } from '../iam/client.ts'
import { accountId, allow, keysOf, otherAccountId, policy, startApp, type TestApp } from '../iam/start-app.ts'

const user = (name: string, ...statements: object[]) => ({
  name,
  keys: [{ id: `${name}-key-of-the-tests`, secret: `${name}-key-of-the-tests-secret` }],
  ...(statements.length === 0 ? {} : { inline: { p: JSON.parse(policy(...statements)) } }),
})
const root = (id: string, users: object[]) => ({
  id,
  keys: [{ id: `root-of-${id}`, secret: `root-of-${id}-secret` }],
  users,
})
const users = [
  user('all', allow('kms:*')),
  user('none'),
  user('reader', allow(['kms:Decrypt', 'kms:DescribeKey'])),
  user('denied', allow('kms:*'), { Effect: 'Deny', Action: 'kms:Decrypt', Resource: '*' }),
  user('team', { ...allow('kms:*'), Condition: { StringEquals: { 'aws:ResourceTag/Team': 'blue' } } }),
  user('alias', { ...allow('kms:*'), Condition: { StringEquals: { 'kms:RequestAlias': 'alias/asked' } } }),
  user('tagger', allow(['kms:CreateKey', 'kms:TagResource'])),
  user('untagged', allow('kms:CreateKey')),
]
const document = {
  version: 2,
  accounts: [root(accountId, users), root(otherAccountId, [user('stranger', allow('kms:*'))])],
}
const Plaintext = Buffer.from('a secret')
const EncryptionContext = { team: 'blue' }

let app: TestApp
let key: { KeyId: string; Arn: string }
let CiphertextBlob: Uint8Array
const as = (name: string) => app.kms(keysOf(name === 'root' ? `root-of-${accountId}` : `${name}-key-of-the-tests`))
async function createKey(more: aws.CreateKeyCommandInput = {}) {
  const { KeyMetadata } = await as('root').send(new aws.CreateKeyCommand(more))
  return KeyMetadata as { KeyId: string; Arn: string }
}

beforeAll(async () => {
  app = await startApp({ document })
  key = await createKey()
  const sealed = await as('root').send(new aws.EncryptCommand({ KeyId: key.KeyId, Plaintext, EncryptionContext }))
  CiphertextBlob = sealed.CiphertextBlob ?? new Uint8Array()
})
afterAll(() => app.close())

const decrypt = (name: string, blob = CiphertextBlob) =>
  as(name).send(new aws.DecryptCommand({ CiphertextBlob: blob, EncryptionContext }))
const refused = (name: string, action: string, why: string, arn = key.Arn) =>
  failure(
    'AccessDenied',
    `User: arn:aws:iam::${accountId}:user/${name} is not authorized to perform: kms:${action} on resource: ${arn} ${why}`,
  )

describe('a key whose policy leaves all to the account', () => {
  it('is for its users whose own policies allow it', async () => {
    for (const name of ['all', 'reader', 'root']) {
      expect(Buffer.from((await decrypt(name)).Plaintext ?? [])).toEqual(Plaintext)
    }
    const none = 'because no identity-based policy allows the kms:Decrypt action'
    await expect(decrypt('none')).rejects.toEqual(refused('none', 'Decrypt', none))
    await expect(decrypt('denied')).rejects.toEqual(
      refused('denied', 'Decrypt', 'with an explicit deny in an identity-based policy'),
    )
    await expect(as('reader').send(new aws.DisableKeyCommand({ KeyId: key.KeyId }))).rejects.toEqual(
      refused('reader', 'DisableKey', 'because no identity-based policy allows the kms:DisableKey action'),
    )
  })

  it('is nothing to other accounts, and whether it exists is not told', async () => {
    const message = (arn: string) =>
      as('stranger')
        .send(new aws.DescribeKeyCommand({ KeyId: arn }))
        .catch((error: Error) => error.message)
    const why =
      'on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'
    const expected = `User: arn:aws:iam::${otherAccountId}:user/stranger is not authorized to perform: kms:DescribeKey ${why}`
    expect(await message(key.Arn)).toBe(expected)
    expect(await message(key.Arn.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')))).toBe(expected)
    await expect(decrypt('stranger')).rejects.toEqual(failure('AccessDenied', /kms:Decrypt on this resource/))
    const list = as('stranger').send(new aws.ListAliasesCommand({ KeyId: key.Arn }))
    await expect(list).rejects.toEqual(failure('NotFound'))
  })

  it('is not told of to users without the permission', async () => {
    const unknown = '12345678-1234-1234-1234-123456789012'
    const describeAs = (name: string) => as(name).send(new aws.DescribeKeyCommand({ KeyId: unknown }))
    await expect(describeAs('none')).rejects.toEqual(failure('AccessDenied', /because the resource does not exist/))
    await expect(describeAs('all')).rejects.toEqual(failure('NotFound', /does not exist$/))
  })
})

describe('a key policy', () => {
  const grant = (Principal: object, more: object = {}) => ({ ...allow('kms:*'), Principal, ...more })
  const ofRoot = grant({ AWS: `arn:aws:iam::${accountId}:root` })
  const none = { AWS: `arn:aws:iam::${accountId}:user/none` }

  it('may allow a user without any policy of its own', async () => {
    const { KeyId } = await createKey({ Policy: policy(ofRoot, grant(none)) })
    const send = as('none').send(new aws.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))
    expect((await send).Plaintext).toHaveLength(32)
  })

  it('that names not the account takes no notice of identity policies', async () => {
    const Policy = policy(grant(none), grant({ AWS: `arn:aws:iam::${accountId}:root` }, { Action: 'kms:PutKeyPolicy' }))
    const { KeyId, Arn } = await createKey({ Policy })
    await expect(as('all').send(new aws.DescribeKeyCommand({ KeyId }))).rejects.toEqual(
      refused('all', 'DescribeKey', 'because no resource-based policy allows the kms:DescribeKey action', Arn),
    )
  })

  it('may deny, and may ask for the encryption context', async () => {
    const isBlue = { StringEquals: { 'kms:EncryptionContext:team': 'blue' } }
    const other = {
      Effect: 'Deny',
      Principal: '*',
      Action: 'kms:Encrypt',
      Resource: '*',
      Condition: { StringNotEquals: { 'kms:EncryptionContext:team': 'blue' } },
    }
    const { KeyId, Arn } = await createKey({ Policy: policy(ofRoot, other, grant(none, { Condition: isBlue })) })
    const encrypt = (name: string, context?: Record<string, string>) =>
      as(name).send(new aws.EncryptCommand({ KeyId, Plaintext, ...(context && { EncryptionContext: context }) }))
    await encrypt('none', { team: 'blue' })
    await encrypt('all', { team: 'blue', more: '1' })
    const denied = refused('all', 'Encrypt', 'with an explicit deny in a resource-based policy', Arn)
    await expect(encrypt('all', { team: 'red' })).rejects.toEqual(denied)
    await expect(encrypt('all')).rejects.toEqual(denied)
  })

  it('of another account lets in whom its own policies let out', async () => {
    const { Arn } = await createKey({ Policy: policy(ofRoot, grant({ AWS: otherAccountId })) })
    const made = await as('stranger').send(new aws.GenerateDataKeyCommand({ KeyId: Arn, KeySpec: 'AES_256' }))
    expect(made.KeyId).toBe(Arn)
  })

  it('must let its maker change it again, unless that is asked for', async () => {
    const lockout = failure(
      'MalformedPolicyDocument',
      'The new key policy will not allow you to update the key policy in the future.',
    )
    await expect(createKey({ Policy: policy(grant(none)) })).rejects.toEqual(lockout)
    const { KeyId } = await createKey()
    const put = (more: object) =>
      as('root').send(new aws.PutKeyPolicyCommand({ KeyId, Policy: policy(grant(none)), ...more }))
    await expect(put({})).rejects.toEqual(lockout)
    await put({ BypassPolicyLockoutSafetyCheck: true })
    await expect(put({})).rejects.toEqual(failure('AccessDenied'))
  })

  it('is refused where it is none', async () => {
    const malformed = (Policy: string, message: string) =>
      expect(createKey({ Policy })).rejects.toEqual(failure('MalformedPolicyDocument', message))
    await malformed('{', 'Syntax errors in policy.')
    await malformed(policy(allow('kms:*')), 'Policy contains a statement with no principal.')
    const nobody = { AWS: `arn:aws:iam::${accountId}:user/nobody` }
    await malformed(policy(ofRoot, grant(nobody)), 'Policy contains a statement with one or more invalid principals.')
    await malformed(policy({ ...ofRoot, Effect: 'Perhaps' }), 'Syntax errors in policy.')
  })

  it('means a user, not a name: another one of that name gains nothing, and a renamed one loses nothing', async () => {
    const iam = app.iam(keysOf(`root-of-${accountId}`))
    const { CreateUserCommand, CreateAccessKeyCommand, UpdateUserCommand } = await import('@aws-sdk/client-iam')
    const make = async (UserName: string) => {
      await iam.send(new CreateUserCommand({ UserName }))
      const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }))
      return app.kms({ accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' })
    }
    const first = await make('named')
    const named = { AWS: `arn:aws:iam::${accountId}:user/named` }
    const { KeyId } = await createKey({ Policy: policy(ofRoot, grant(named)) })
    await iam.send(new UpdateUserCommand({ UserName: 'named', NewUserName: 'renamed' }))
    const second = await make('named')
    expect((await first.send(new aws.DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyId).toBe(KeyId)
    await expect(second.send(new aws.DescribeKeyCommand({ KeyId }))).rejects.toEqual(failure('AccessDenied'))
    const { Policy = '' } = await as('root').send(new aws.GetKeyPolicyCommand({ KeyId }))
    expect(Policy).toContain(':user/renamed')
  })
})

describe('identity policies', () => {
  it('may ask for tags of the key and for the alias of the request', async () => {
    const blue = await createKey({ Tags: [{ TagKey: 'Team', TagValue: 'blue' }] })
    const describeAs = (name: string, KeyId: string) => as(name).send(new aws.DescribeKeyCommand({ KeyId }))
    await describeAs('team', blue.KeyId)
    await expect(describeAs('team', key.KeyId)).rejects.toEqual(failure('AccessDenied'))
    for (const AliasName of ['alias/asked', 'alias/other']) {
      await as('root').send(new aws.CreateAliasCommand({ AliasName, TargetKeyId: blue.KeyId }))
    }
    await describeAs('alias', 'alias/asked')
    await expect(describeAs('alias', 'alias/other')).rejects.toEqual(failure('AccessDenied'))
    await expect(describeAs('alias', blue.KeyId)).rejects.toEqual(failure('AccessDenied'))
  })

  it('must allow tags of a new key by name', async () => {
    const Tags = [{ TagKey: 'Team', TagValue: 'blue' }]
    await as('tagger').send(new aws.CreateKeyCommand({ Tags }))
    await as('untagged').send(new aws.CreateKeyCommand({}))
    await expect(as('untagged').send(new aws.CreateKeyCommand({ Tags }))).rejects.toEqual(
      failure('AccessDenied', /kms:TagResource because no identity-based policy allows the kms:TagResource action$/),
    )
  })

  it('must allow an alias on the alias and on its keys', async () => {
    const create = (name: string) =>
      as(name).send(new aws.CreateAliasCommand({ AliasName: 'alias/new', TargetKeyId: key.KeyId }))
    await expect(create('none')).rejects.toEqual(
      refused(
        'none',
        'CreateAlias',
        'because no identity-based policy allows the kms:CreateAlias action',
        `arn:aws:kms:us-east-1:${accountId}:alias/new`,
      ),
    )
    await expect(create('team')).rejects.toEqual(failure('AccessDenied', /kms:CreateAlias on resource: arn/))
    await create('all')
  })

  it('make no AWS-managed key for those who may not ask for it', async () => {
    const describeAs = (name: string) =>
      app
        .kms(keysOf(`${name}-key-of-the-tests`), 'eu-central-1')
        .send(new aws.DescribeKeyCommand({ KeyId: 'alias/aws/s3' }))
    await expect(describeAs('none')).rejects.toEqual(failure('AccessDenied'))
    const { Keys } = await app.kms(keysOf('all-key-of-the-tests'), 'eu-central-1').send(new aws.ListKeysCommand({}))
    expect(Keys).toEqual([])
    expect((await describeAs('all')).KeyMetadata?.KeyManager).toBe('AWS')
  })
})

describe('a refusal', () => {
  it('has a decision in the journal', async () => {
    const error = await decrypt('none').catch((one: unknown) => one)
    const { $response } = error as { $response: { headers: Record<string, string> } }
    expect($response.headers['x-myfsio-decision-id']).toMatch(/^\S+$/)
  })
})
