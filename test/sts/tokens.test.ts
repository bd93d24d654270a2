/** Who one is, tokens without a role, and what ends temporary credentials, through AWS's own client. */
import { hash } from 'node:crypto'
import * as iamCommands from '@aws-sdk/client-iam'
import * as aws from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalQuery } from '#signature/canonical-request.ts'
import { signingKey } from '#signature/signing-key.ts'
import { failure } from '../iam/client.ts'
import { accountId, allow, type Keys, policy, rootKeys, startApp, type TestApp } from '../iam/start-app.ts'
import { carol, dave, erin, trusting } from './document.ts'
import { askersOf, keysIn, startWithObject } from './sessions.ts'

let app: TestApp
beforeAll(async () => {
  app = await startWithObject()
})
afterAll(() => app.close())

const { assume, whoIs, list, read } = askersOf(() => app)

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
    // A role created again under the same name is another one.
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

  it('are not for who is made anew under a trusted name, but follow who is renamed', async () => {
    const iam = app.iam()
    const make = async (UserName: string) => {
      await iam.send(new iamCommands.CreateUserCommand({ UserName }))
      const { AccessKey } = await iam.send(new iamCommands.CreateAccessKeyCommand({ UserName }))
      return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
    }
    const trustedOf = async () => {
      const { Role } = await iam.send(new iamCommands.GetRoleCommand({ RoleName: 'personal' }))
      return JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).Statement[0].Principal.AWS
    }
    const first = await make('frank')
    const AssumeRolePolicyDocument = JSON.stringify(trusting(`arn:aws:iam::${accountId}:user/frank`))
    await iam.send(new iamCommands.CreateRoleCommand({ RoleName: 'personal', AssumeRolePolicyDocument }))
    await iam.send(new iamCommands.UpdateUserCommand({ UserName: 'frank', NewUserName: 'francis' }))
    expect(await trustedOf()).toBe(`arn:aws:iam::${accountId}:user/francis`)
    await assume(first, 'personal')
    const own = { UserName: 'francis', AccessKeyId: first.accessKeyId }
    await iam.send(new iamCommands.DeleteAccessKeyCommand(own))
    await iam.send(new iamCommands.DeleteUserCommand({ UserName: 'francis' }))
    const second = await make('francis')
    await expect(assume(second, 'personal')).rejects.toThrow(failure('AccessDenied'))
    expect(await trustedOf()).toMatch(/^AIDA/)
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
      const iamPath = join(root, 'iam.json')
      await copyFile(app.iamPath, iamPath)
      const again = await startApp({ root, settings: { ...settings, IAM_CONFIG: iamPath } })
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
