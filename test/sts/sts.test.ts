/** STS through AWS's own client: who one is, roles, and what temporary credentials may and may not. */
import { hash } from 'node:crypto'
import * as iamCommands from '@aws-sdk/client-iam'
import { CreateBucketCommand, GetObjectCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import * as aws from '@aws-sdk/client-sts'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalQuery } from '#signature/canonical-request.ts'
import { signingKey } from '#signature/signing-key.ts'
import {
  accountId,
  allow,
  type Keys,
  keysOf,
  otherAccountId,
  policy,
  rootKeys,
  startApp,
  type TestApp,
  testDocument,
} from '../iam/start-app.ts'

const carol = keysOf('KEYOFTHEUSERCAROL001')
const dave = keysOf('KEYOFTHEUSERDAVE0002')
const erin = keysOf('KEYOFTHEUSERERIN0003')
const key = ({ accessKeyId, secretAccessKey }: Keys) => ({ id: accessKeyId, secret: secretAccessKey })
const text = (...statements: object[]) => JSON.parse(policy(...statements))
const trusting = (principal: string, more: object = {}) =>
  text({
    Effect: 'Allow',
    Principal: { AWS: principal },
    Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    ...more,
  })

const [one, two] = testDocument.accounts
const document = {
  version: 2,
  accounts: [
    {
      ...one,
      users: [
        { name: 'carol', keys: [key(carol)], inline: { all: text(allow(['s3:*', 'sts:*'])) } },
        { name: 'dave', keys: [key(dave)] },
      ],
      roles: [
        {
          name: 'reader',
          trust: trusting(accountId),
          inline: { r: text(allow(['s3:GetObject', 's3:ListAllMyBuckets'])) },
        },
        {
          name: 'writer',
          trust: trusting(`arn:aws:iam::${accountId}:user/dave`),
          inline: { w: text(allow('s3:*')) },
          tags: { dept: 'role' },
        },
        {
          name: 'chained',
          trust: trusting(accountId),
          inline: { c: text(allow('sts:AssumeRole'), allow('s3:ListAllMyBuckets')) },
          maxSessionSeconds: 43_200,
        },
        {
          name: 'external',
          trust: trusting(otherAccountId, { Condition: { StringEquals: { 'sts:ExternalId': 'the-id' } } }),
        },
        {
          name: 'tagged',
          trust: trusting(accountId, { Condition: { StringEquals: { 'aws:RequestTag/team': 'a' } } }),
          inline: {
            t: text({ ...allow('s3:ListAllMyBuckets'), Condition: { StringEquals: { 'aws:PrincipalTag/team': 'a' } } }),
          },
        },
      ],
    },
    { ...two, users: [{ name: 'erin', keys: [key(erin)], inline: { all: text(allow('sts:AssumeRole')) } }] },
  ],
}

let app: TestApp
beforeAll(async () => {
  app = await startApp({ document })
  const s3 = app.s3(carol)
  await s3.send(new CreateBucketCommand({ Bucket: 'docs' }))
  await s3.send(new PutObjectCommand({ Bucket: 'docs', Key: 'a', Body: 'content' }))
})
afterAll(() => app.close())

const failure = (name: string, message?: RegExp) =>
  expect.objectContaining({
    name: expect.stringMatching(new RegExp(`^${name}(Exception)?$`)),
    ...(message && { message: expect.stringMatching(message) }),
  })
const roleArn = (name: string) => `arn:aws:iam::${accountId}:role/${name}`
const keysIn = (credentials: aws.Credentials | undefined): Keys => ({
  accessKeyId: credentials?.AccessKeyId ?? '',
  secretAccessKey: credentials?.SecretAccessKey ?? '',
  sessionToken: credentials?.SessionToken ?? '',
})
const assume = (keys: Keys, name: string, more: Partial<aws.AssumeRoleCommandInput> = {}) =>
  app.sts(keys).send(new aws.AssumeRoleCommand({ RoleArn: roleArn(name), RoleSessionName: 'session', ...more }))
const whoIs = (keys: Keys) => app.sts(keys).send(new aws.GetCallerIdentityCommand({}))
const list = (keys: Keys) => app.s3(keys).send(new ListBucketsCommand({}))
const read = (keys: Keys) => app.s3(keys).send(new GetObjectCommand({ Bucket: 'docs', Key: 'a' }))

describe('GetCallerIdentity', () => {
  it('tells a root and a user who they are, and needs no permission', async () => {
    expect(await whoIs(rootKeys)).toMatchObject({
      Account: accountId,
      Arn: `arn:aws:iam::${accountId}:root`,
      UserId: accountId,
    })
    expect(await whoIs(dave)).toMatchObject({
      Arn: `arn:aws:iam::${accountId}:user/dave`,
      UserId: expect.stringMatching(/^AIDA/),
    })
  })

  it('works as a presigned URL, which others use to prove who they are', async () => {
    const { host } = new URL(app.endpoint)
    const timestamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
    const scope = `${timestamp.slice(0, 8)}/us-east-1/sts/aws4_request`
    const query = canonicalQuery(
      new URLSearchParams({
        Action: 'GetCallerIdentity',
        Version: '2011-06-15',
        'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
        'X-Amz-Credential': `${dave.accessKeyId}/${scope}`,
        'X-Amz-Date': timestamp,
        'X-Amz-Expires': '60',
        'X-Amz-SignedHeaders': 'host',
      }).toString(),
    )
    const canonical = `GET\n/\n${query}\nhost:${host}\n\nhost\n${hash('sha256', '')}`
    const secret = signingKey(dave.secretAccessKey, timestamp.slice(0, 8), 'us-east-1', 'sts')
    const signature = secret.sign(`AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash('sha256', canonical)}`)
    const ask = (signed: string) => fetch(`${app.endpoint}/?${query}&X-Amz-Signature=${signed}`)
    expect(await (await ask(signature)).text()).toContain(`<Arn>arn:aws:iam::${accountId}:user/dave</Arn>`)
    const forged = await ask(signature.replace(/./g, '0'))
    expect([forged.status, await forged.text()]).toEqual([403, expect.stringContaining('SignatureDoesNotMatch')])
  })
})

describe('AssumeRole', () => {
  it('makes a session of the role, which works everywhere a key does', async () => {
    const answer = await assume(carol, 'reader')
    const keys = keysIn(answer.Credentials)
    expect(answer.AssumedRoleUser).toEqual({
      Arn: `arn:aws:sts::${accountId}:assumed-role/reader/session`,
      AssumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:session$/),
    })
    expect(keys.accessKeyId).toMatch(/^ASIA/)
    expect(answer.PackedPolicySize).toBeUndefined()
    expect(await whoIs(keys)).toMatchObject({
      Arn: answer.AssumedRoleUser?.Arn,
      UserId: answer.AssumedRoleUser?.AssumedRoleId,
    })
    await list(keys)
    const url = await getSignedUrl(app.s3(keys), new GetObjectCommand({ Bucket: 'docs', Key: 'a' }))
    expect(await (await fetch(url)).text()).toBe('content')
    await expect(app.s3(keys).send(new PutObjectCommand({ Bucket: 'docs', Key: 'b', Body: '' }))).rejects.toThrow(
      failure('AccessDenied', /assumed-role\/reader\/session is not authorized to perform: s3:PutObject/),
    )
    const plain = await fetch(`${app.endpoint}/docs/a`, {
      headers: {
        'x-access-key': keys.accessKeyId,
        'x-secret-key': keys.secretAccessKey,
        'x-amz-security-token': keys.sessionToken ?? '',
      },
    })
    expect(await plain.text()).toBe('content')
  })

  it('needs the trust policy, and the caller’s own where it names the account', async () => {
    // The account is trusted, but dave has no policy that lets him.
    await expect(assume(dave, 'reader')).rejects.toThrow(
      failure('AccessDenied', /user\/dave is not authorized to perform: sts:AssumeRole/),
    )
    // dave himself is trusted, which is enough within an account.
    await assume(dave, 'writer')
    // carol may assume roles, but this one does not trust her.
    await expect(assume(carol, 'writer')).rejects.toThrow(failure('AccessDenied'))
    await expect(assume(carol, 'nothing')).rejects.toThrow(
      failure('AccessDenied', /sts:AssumeRole on resource: .*role\/nothing/),
    )
    await expect(assume(rootKeys, 'reader')).rejects.toThrow(failure('AccessDenied'))
  })

  it('across accounts needs both, and the external id', async () => {
    await expect(assume(erin, 'external')).rejects.toThrow(failure('AccessDenied'))
    await expect(assume(erin, 'external', { ExternalId: 'another' })).rejects.toThrow(failure('AccessDenied'))
    const { Credentials } = await assume(erin, 'external', { ExternalId: 'the-id' })
    expect(await whoIs(keysIn(Credentials))).toMatchObject({ Account: accountId })
  })

  it('is limited by a session policy, and never widened by it', async () => {
    const Policy = policy(allow(['s3:GetObject', 's3:PutObject']))
    const { Credentials, PackedPolicySize } = await assume(carol, 'reader', { Policy })
    expect(PackedPolicySize).toBeGreaterThan(0)
    await read(keysIn(Credentials))
    await expect(list(keysIn(Credentials))).rejects.toThrow(failure('AccessDenied', /no session policy allows/))
    await expect(
      app.s3(keysIn(Credentials)).send(new PutObjectCommand({ Bucket: 'docs', Key: 'b', Body: '' })),
    ).rejects.toThrow(failure('AccessDenied'))
    const managed = await assume(carol, 'reader', {
      PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/IAMReadOnlyAccess' }],
    })
    await expect(list(keysIn(managed.Credentials))).rejects.toThrow(failure('AccessDenied'))
  })

  it('passes tags on, to the trust policy, the session and, if transitive, the next role', async () => {
    const Tags = [{ Key: 'team', Value: 'a' }]
    await expect(assume(carol, 'tagged')).rejects.toThrow(failure('AccessDenied'))
    const { Credentials } = await assume(carol, 'tagged', { Tags })
    await list(keysIn(Credentials))
    const first = await assume(carol, 'chained', { Tags, TransitiveTagKeys: ['team'] })
    const chained = keysIn(first.Credentials)
    await expect(assume(chained, 'chained', { Tags: [{ Key: 'Team', Value: 'b' }] })).rejects.toThrow(
      failure('ValidationError', /transitive/),
    )
    await expect(assume(carol, 'tagged', { Tags: [...Tags, { Key: 'TEAM', Value: 'b' }] })).rejects.toThrow(
      failure('InvalidInput', /Duplicate tag keys/),
    )
  })

  it('lasts as long as the role allows, and an hour at most when chained', async () => {
    await expect(assume(carol, 'reader', { DurationSeconds: 7200 })).rejects.toThrow(
      failure('ValidationError', /MaxSessionDuration/),
    )
    await expect(assume(carol, 'reader', { DurationSeconds: 100 })).rejects.toThrow(
      failure('ValidationError', /durationSeconds/),
    )
    const { Credentials } = await assume(carol, 'chained', { DurationSeconds: 43_200 })
    const seconds = ((Credentials?.Expiration?.getTime() ?? 0) - Date.now()) / 1000
    expect(Math.abs(seconds - 43_200)).toBeLessThan(60)
    const chained = keysIn(Credentials)
    await expect(assume(chained, 'chained', { DurationSeconds: 7200 })).rejects.toThrow(
      failure('ValidationError', /1 hour session limit/),
    )
    await assume(chained, 'chained', { DurationSeconds: 3600 })
  })

  it('keeps the source identity along a chain', async () => {
    const { Credentials, SourceIdentity } = await assume(carol, 'chained', { SourceIdentity: 'carol' })
    expect(SourceIdentity).toBe('carol')
    const chained = keysIn(Credentials)
    expect((await assume(chained, 'reader')).SourceIdentity).toBe('carol')
    await expect(assume(chained, 'reader', { SourceIdentity: 'dave' })).rejects.toThrow(failure('AccessDenied'))
  })

  it.each([
    ['a session name with blanks', { RoleSessionName: 'a b' }, 'ValidationError'],
    ['a policy that is no JSON', { Policy: '{' }, 'MalformedPolicyDocument'],
    ['a policy with a principal', { Policy: policy({ ...allow('s3:*'), Principal: '*' }) }, 'MalformedPolicyDocument'],
    ['a policy that is too long', { Policy: policy(allow('s3:*', 'x'.repeat(2100))) }, 'ValidationError'],
    ['a device', { SerialNumber: 'arn:aws:iam::111122223333:mfa/x', TokenCode: '123456' }, 'AccessDenied'],
  ] as [string, Partial<aws.AssumeRoleCommandInput>, string][])('refuses %s', async (_, more, code) => {
    await expect(assume(carol, 'reader', more)).rejects.toThrow(failure(code))
  })
})

describe('GetSessionToken and GetFederationToken', () => {
  it('make credentials of the user, but not for IAM or more tokens', async () => {
    const { Credentials } = await app.sts(carol).send(new aws.GetSessionTokenCommand({}))
    const keys = keysIn(Credentials)
    expect(await whoIs(keys)).toMatchObject({ Arn: `arn:aws:iam::${accountId}:user/carol` })
    await list(keys)
    await assume(keys, 'reader')
    await expect(app.iam(keys).send(new iamCommands.ListUsersCommand({}))).rejects.toThrow(
      failure('InvalidClientTokenId'),
    )
    await expect(app.sts(keys).send(new aws.GetSessionTokenCommand({}))).rejects.toThrow(
      failure('AccessDenied', /session credentials/),
    )
  })

  it('give a federated user what both the user and the policy allow, and nothing without a policy', async () => {
    const federate = (more: Partial<aws.GetFederationTokenCommandInput> = {}) =>
      app.sts(carol).send(new aws.GetFederationTokenCommand({ Name: 'guest', ...more }))
    const { Credentials, FederatedUser } = await federate({
      Policy: policy(allow('s3:ListAllMyBuckets'), allow('iam:*')),
    })
    expect(FederatedUser).toEqual({
      Arn: `arn:aws:sts::${accountId}:federated-user/guest`,
      FederatedUserId: `${accountId}:guest`,
    })
    await list(keysIn(Credentials))
    await expect(read(keysIn(Credentials))).rejects.toThrow(failure('AccessDenied'))
    await expect(list(keysIn((await federate()).Credentials))).rejects.toThrow(failure('AccessDenied'))
    await expect(app.sts(dave).send(new aws.GetFederationTokenCommand({ Name: 'guest' }))).rejects.toThrow(
      failure('AccessDenied'),
    )
  })
})

describe('temporary credentials', () => {
  it('are nothing without their token, with another’s, or with a changed one', async () => {
    const keys = keysIn((await assume(carol, 'reader')).Credentials)
    const others = keysIn((await assume(carol, 'reader')).Credentials)
    const { sessionToken = '', accessKeyId, secretAccessKey } = keys
    const at = Math.floor(sessionToken.length / 2)
    const changed = sessionToken.slice(0, at) + (sessionToken[at] === 'A' ? 'B' : 'A') + sessionToken.slice(at + 1)
    await expect(list({ accessKeyId, secretAccessKey })).rejects.toThrow(failure('InvalidAccessKeyId'))
    await expect(list({ ...keys, sessionToken: others.sessionToken ?? '' })).rejects.toThrow(failure('InvalidToken'))
    await expect(list({ ...keys, sessionToken: changed })).rejects.toThrow(failure('InvalidToken'))
    await expect(list({ ...keys, secretAccessKey: others.secretAccessKey })).rejects.toThrow(
      failure('SignatureDoesNotMatch'),
    )
    await expect(whoIs({ ...keys, sessionToken: changed })).rejects.toThrow(failure('InvalidClientTokenId'))
  })

  it('end when their role, user or key does', async () => {
    const iam = app.iam()
    await iam.send(
      new iamCommands.CreateRoleCommand({
        RoleName: 'brief',
        AssumeRolePolicyDocument: JSON.stringify(trusting(accountId)),
      }),
    )
    await iam.send(
      new iamCommands.PutRolePolicyCommand({
        RoleName: 'brief',
        PolicyName: 'p',
        PolicyDocument: policy(allow('s3:ListAllMyBuckets')),
      }),
    )
    const keys = keysIn((await assume(carol, 'brief')).Credentials)
    await list(keys)
    await iam.send(new iamCommands.DeleteRolePolicyCommand({ RoleName: 'brief', PolicyName: 'p' }))
    await expect(list(keys)).rejects.toThrow(failure('AccessDenied'))
    await iam.send(new iamCommands.DeleteRoleCommand({ RoleName: 'brief' }))
    // A role made anew under the same name is another.
    await iam.send(
      new iamCommands.CreateRoleCommand({
        RoleName: 'brief',
        AssumeRolePolicyDocument: JSON.stringify(trusting(accountId)),
      }),
    )
    await expect(list(keys)).rejects.toThrow(failure('InvalidToken'))
    const session = keysIn((await assume(carol, 'reader')).Credentials)
    const status = (Status: 'Active' | 'Inactive') =>
      iam.send(new iamCommands.UpdateAccessKeyCommand({ UserName: 'carol', AccessKeyId: carol.accessKeyId, Status }))
    await status('Inactive')
    await expect(list(session)).rejects.toThrow(failure('InvalidToken'))
    await status('Active')
    await list(session)
  })

  it('are known to every process with the same SECRET_KEY, and to no other', async () => {
    const keys = keysIn((await assume(carol, 'reader')).Credentials)
    const { copyFile, mkdtemp } = await import('node:fs/promises')
    const { join } = await import('node:path')
    for (const [settings, isKnown] of [
      [{}, true],
      [{ SECRET_KEY: 'quite another secret key' }, false],
    ] as const) {
      const root = await mkdtemp(join(app.root, 'again-'))
      await copyFile(app.iamPath, join(root, 'iam.json'))
      const again = await startApp({ root, settings })
      const asked = again.sts(keys).send(new aws.GetCallerIdentityCommand({}))
      if (isKnown) expect(await asked).toMatchObject({ Account: accountId })
      else await expect(asked).rejects.toThrow(failure('InvalidClientTokenId'))
      await again.close()
    }
  })
})

describe('what else STS answers', () => {
  it('tells the account of a key, by the key itself', async () => {
    const info = (AccessKeyId: string) => app.sts(carol).send(new aws.GetAccessKeyInfoCommand({ AccessKeyId }))
    expect((await info(dave.accessKeyId)).Account).toBe(accountId)
    const { Credentials } = await assume(carol, 'reader')
    expect((await info(Credentials?.AccessKeyId ?? '')).Account).toBe(accountId)
    await expect(info('AKIAAAAAAAAAAAAAAAAA')).rejects.toThrow(failure('ValidationError'))
  })

  it('decodes the message of a denial, for those of the account who may', async () => {
    const denied = await list(dave).then(
      () => '',
      (error: { $response?: { headers: Record<string, string> } }) =>
        error.$response?.headers['x-myfsio-decision-id'] ?? '',
    )
    expect(denied).toMatch(/^[0-9a-f]{16}$/)
    const decode = (keys: Keys, EncodedMessage = denied) =>
      app.sts(keys).send(new aws.DecodeAuthorizationMessageCommand({ EncodedMessage }))
    const { DecodedMessage = '' } = await decode(carol)
    expect(JSON.parse(DecodedMessage)).toMatchObject({
      allowed: false,
      explicitDeny: false,
      context: { action: 's3:ListAllMyBuckets', principal: { arn: `arn:aws:iam::${accountId}:user/dave` } },
    })
    await expect(decode(dave)).rejects.toThrow(failure('AccessDenied'))
    await expect(decode(erin)).rejects.toThrow(failure('AccessDenied'))
    await expect(decode(carol, 'nonsense')).rejects.toThrow(failure('InvalidAuthorizationMessage'))
  })

  it('says what it does not have', async () => {
    await expect(
      app.sts(carol).send(new aws.GetWebIdentityTokenCommand({ Audience: ['a'], SigningAlgorithm: 'RS256' })),
    ).rejects.toThrow(failure('NotImplemented'))
  })
})
