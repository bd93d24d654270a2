/** How users of other servers gave themselves more than they had, as tests named by their advisories. */
import { readFile } from 'node:fs/promises'
import * as aws from '@aws-sdk/client-iam'
import {
  CreateBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3'
import { AssumeRoleCommand, GetFederationTokenCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operations } from '#iam/operations.ts'
import { Seal } from '#keyring/seal.ts'
import { commandOf } from './client.ts'
import {
  accountId,
  allow,
  type Keys,
  keysOf,
  policy,
  rootKeys,
  startApp,
  type TestApp,
  testDocument,
} from './start-app.ts'

const plain = keysOf('KEYOFTHEUSERPLAIN001')
const limited = keysOf('KEYOFTHEUSERLIMIT002')
const manager = keysOf('KEYOFTHEUSERMANAG003')
const auditor = keysOf('KEYOFTHEUSERAUDIT004')
const ending = keysOf('KEYOFTHEUSERENDING05')
const narrow = keysOf('KEYOFTHEUSERNARROW06')
const text = (...statements: object[]) => JSON.parse(policy(...statements))
const key = ({ accessKeyId, secretAccessKey }: Keys) => ({ id: accessKeyId, secret: secretAccessKey })
const everything = ['arn:aws:iam::aws:policy/AdministratorAccess']

const [one, two] = testDocument.accounts
const document = {
  version: 2,
  accounts: [
    {
      ...one,
      users: [
        { name: 'plain', keys: [key(plain)], inline: { own: text(allow('s3:ListAllMyBuckets')) } },
        {
          name: 'limited',
          attached: everything,
          keys: [
            { ...key(limited), expiresAt: '2090-01-01T00:00:00Z', policies: [text(allow(['iam:*', 's3:GetObject']))] },
          ],
        },
        {
          name: 'manager',
          keys: [key(manager)],
          attached: everything,
          boundary: `arn:aws:iam::${accountId}:policy/no-iam`,
        },
        { name: 'admin', attached: everything },
        { name: 'ending', attached: everything, keys: [{ ...key(ending), expiresAt: '2090-01-01T00:00:00Z' }] },
        {
          name: 'narrow',
          attached: everything,
          keys: [{ ...key(narrow), policies: [text(allow('s3:ListAllMyBuckets'))] }],
        },
        { name: 'auditor', keys: [key(auditor)], attached: ['arn:aws:iam::aws:policy/IAMReadOnlyAccess'] },
      ],
      roles: [
        {
          name: 'everything',
          attached: everything,
          trust: text({ Effect: 'Allow', Principal: { AWS: accountId }, Action: 'sts:AssumeRole' }),
        },
        {
          name: 'for-narrow',
          attached: everything,
          trust: text({
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${accountId}:user/narrow` },
            Action: 'sts:AssumeRole',
          }),
        },
      ],
      policies: [{ name: 'no-iam', versions: [{ id: 'v1', document: text(allow('s3:*'), allow('sts:*')) }] }],
    },
    two,
  ],
}

let app: TestApp
beforeAll(async () => {
  app = await startApp({ document })
})
afterAll(() => app.close())

const denied = expect.objectContaining({ name: 'AccessDenied' })
const keysIn = (
  made:
    | { AccessKeyId?: string | undefined; SecretAccessKey?: string | undefined; SessionToken?: string | undefined }
    | undefined,
): Keys => ({
  accessKeyId: made?.AccessKeyId ?? '',
  secretAccessKey: made?.SecretAccessKey ?? '',
  ...(made?.SessionToken === undefined ? {} : { sessionToken: made.SessionToken }),
})

describe('a user without permission', () => {
  const grant = policy(allow('*'))
  it.each([
    [
      'CVE-2021-43858, CVE-2022-24842: changes their own policy',
      new aws.PutUserPolicyCommand({ UserName: 'plain', PolicyName: 'own', PolicyDocument: grant }),
    ],
    [
      'CVE-2021-43858: attaches themselves another',
      new aws.AttachUserPolicyCommand({ UserName: 'plain', PolicyArn: everything[0] }),
    ],
    ['CVE-2024-24747: makes themselves another key', new aws.CreateAccessKeyCommand({})],
    ['CVE-2024-24747: makes an administrator’s key', new aws.CreateAccessKeyCommand({ UserName: 'admin' })],
    ['CVE-2024-55949: makes a user', new aws.CreateUserCommand({ UserName: 'new' })],
    [
      'gives an administrator a password',
      new aws.CreateLoginProfileCommand({ UserName: 'admin', Password: 'a long password' }),
    ],
    ['reads who there is', new aws.GetAccountAuthorizationDetailsCommand({})],
    [
      'changes who may assume a role',
      new aws.UpdateAssumeRolePolicyCommand({ RoleName: 'everything', PolicyDocument: grant }),
    ],
    ['takes off a boundary', new aws.DeleteUserPermissionsBoundaryCommand({ UserName: 'manager' })],
  ])('is refused who %s', async (_, command) => {
    await expect(app.iam(plain).send(command as aws.CreateUserCommand)).rejects.toThrow(denied)
  })
})

it('CVE-2026-22042: who may read everything may change nothing, whatever the operation', async () => {
  const readable = /^(Get|List|Simulate|GenerateCredentialReport$)/
  const before = await readFile(app.iamPath, 'utf8')
  await app.iam(auditor).send(new aws.GetAccountAuthorizationDetailsCommand({}))
  const changing = operations.filter(({ name, on }) => on !== 'unsupported' && !readable.test(name))
  expect(changing.length).toBeGreaterThan(60)
  for (const { name } of changing) {
    const names = Object.fromEntries(['User', 'Group', 'Role', 'Policy'].map((noun) => [`${noun}Name`, 'admin']))
    const asked = app.iam(auditor).send(commandOf({ Action: name, ...names, PolicyArn: everything[0] ?? '' }))
    await expect(asked, name).rejects.toMatchObject({ name: 'AccessDenied' })
  }
  expect(await readFile(app.iamPath, 'utf8')).toBe(before)
})

describe('CVE-2025-62506, GHSA-jjjj-jwhf-8rgr, CVE-2026-22043: what a restricted key makes', () => {
  it('may do no more than the key, nor last longer', async () => {
    const { AccessKey } = await app.iam(limited).send(new aws.CreateAccessKeyCommand({}))
    const child = keysIn(AccessKey)
    await expect(app.s3(limited).send(new ListBucketsCommand({}))).rejects.toThrow(denied)
    await expect(app.s3(child).send(new ListBucketsCommand({}))).rejects.toThrow(denied)
    const stored = JSON.parse(await readFile(app.iamPath, 'utf8'))
    const [, made] = stored.accounts[0].users[1].keys
    expect(made).toMatchObject({
      id: child.accessKeyId,
      expiresAt: '2090-01-01T00:00:00Z',
      policies: [text(allow(['iam:*', 's3:GetObject']))],
    })
  })

  it('is no token for others, and its own are as restricted', async () => {
    const federate = app.sts(limited).send(new GetFederationTokenCommand({ Name: 'guest', Policy: policy(allow('*')) }))
    await expect(federate).rejects.toThrow(denied)
    const { Credentials } = await app.sts(limited).send(new GetSessionTokenCommand({}))
    await expect(app.s3(keysIn(Credentials)).send(new ListBucketsCommand({}))).rejects.toThrow(denied)
  })

  it('holds for keys of others too', async () => {
    const { AccessKey } = await app.iam(limited).send(new aws.CreateAccessKeyCommand({ UserName: 'admin' }))
    await expect(app.s3(keysIn(AccessKey)).send(new ListBucketsCommand({}))).rejects.toThrow(denied)
  })

  it('a session policy cannot be left behind by a key, a token or a role', async () => {
    const Policy = policy(allow(['s3:GetObject', 'iam:*', 'sts:*']))
    const { Credentials } = await app.sts(manager).send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::${accountId}:role/everything`,
        RoleSessionName: 'session',
        Policy,
      }),
    )
    const session = keysIn(Credentials)
    await expect(app.s3(session).send(new ListBucketsCommand({}))).rejects.toThrow(denied)
    await expect(app.iam(session).send(new aws.CreateAccessKeyCommand({}))).rejects.toThrow(
      expect.objectContaining({ name: 'ValidationError' }),
    )
    await expect(app.sts(session).send(new GetFederationTokenCommand({ Name: 'more' }))).rejects.toThrow(denied)
  })

  it('is no password, which would sign in without the limit', async () => {
    const Password = 'a long password'
    await app.iam().send(new aws.CreateLoginProfileCommand({ UserName: 'manager', Password }))
    for (const keys of [limited, ending]) {
      for (const UserName of ['limited', 'ending', 'admin', undefined]) {
        const create = app.iam(keys).send(new aws.CreateLoginProfileCommand({ UserName, Password }))
        await expect(create).rejects.toThrow(denied)
      }
      const update = app.iam(keys).send(new aws.UpdateLoginProfileCommand({ UserName: 'manager', Password }))
      await expect(update).rejects.toThrow(denied)
    }
    await app
      .iam(limited)
      .send(new aws.UpdateLoginProfileCommand({ UserName: 'manager', PasswordResetRequired: false }))
    const stored = JSON.parse(await readFile(app.iamPath, 'utf8'))
    const owners = stored.accounts[0].users.filter(({ login }: { login?: object }) => login !== undefined)
    expect(owners.map(({ name }: { name: string }) => name)).toEqual(['manager'])
  })

  it('is limited where a session with a policy makes it', async () => {
    const asked = new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${accountId}:role/everything`,
      RoleSessionName: 'session',
      Policy: policy(allow('iam:CreateAccessKey')),
    })
    const { Credentials } = await app.sts(manager).send(asked)
    const make = new aws.CreateAccessKeyCommand({ UserName: 'ending' })
    const { AccessKey } = await app.iam(keysIn(Credentials)).send(make)
    await expect(app.s3(keysIn(AccessKey)).send(new ListBucketsCommand({}))).rejects.toThrow(denied)
  })

  it('is not widened by what names its user: a bucket’s policy, or a role’s', async () => {
    await app.s3(narrow).send(new ListBucketsCommand({}))
    const Bucket = 'for-narrow'
    await app.s3().send(new CreateBucketCommand({ Bucket }))
    const Policy = policy({
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${accountId}:user/narrow` },
      Action: 's3:ListBucket',
      Resource: `arn:aws:s3:::${Bucket}`,
    })
    await app.s3().send(new PutBucketPolicyCommand({ Bucket, Policy }))
    await expect(app.s3(narrow).send(new ListObjectsV2Command({ Bucket }))).rejects.toThrow(denied)
    const RoleArn = `arn:aws:iam::${accountId}:role/for-narrow`
    const assume = new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session' })
    await expect(app.sts(narrow).send(assume)).rejects.toThrow(denied)
  })

  it('a boundary limits what its user asks for', async () => {
    await app.s3(manager).send(new ListBucketsCommand({}))
    await expect(app.iam(manager).send(new aws.ListUsersCommand({}))).rejects.toThrow(denied)
    const { Credentials } = await app
      .sts(manager)
      .send(new GetFederationTokenCommand({ Name: 'guest', Policy: policy(allow('*')) }))
    await app.s3(keysIn(Credentials)).send(new ListBucketsCommand({}))
  })
})

describe('secrets', () => {
  it('GHSA-566f-q62r-wcr8, GHSA-3495-h8r9-gfqg: are in no answer but the one that makes them', async () => {
    const { AccessKey } = await app.iam(rootKeys).send(new aws.CreateAccessKeyCommand({ UserName: 'plain' }))
    const all = JSON.stringify([
      await app.iam().send(new aws.GetAccountAuthorizationDetailsCommand({})),
      await app.iam().send(new aws.ListAccessKeysCommand({ UserName: 'plain' })),
      await app.iam().send(new aws.GetUserCommand({ UserName: 'plain' })),
    ])
    for (const secret of [AccessKey?.SecretAccessKey ?? '', plain.secretAccessKey, rootKeys.secretAccessKey]) {
      expect(all).not.toContain(secret)
    }
  })

  it('GHSA-m77q-r63m-pj89: of a root make no session tokens', async () => {
    const claims = {
      kind: 'role',
      accessKeyId: 'ASIAFORGED0000000000',
      secret: 'x',
      account: accountId,
      issuedAtMs: 0,
      expiresAtMs: 4e12,
    }
    const sessionToken = new Seal(rootKeys.secretAccessKey, 'session tokens')
      .encode(JSON.stringify(claims))
      .toString('base64')
    const forged = { accessKeyId: claims.accessKeyId, secretAccessKey: 'x', sessionToken }
    await expect(app.s3(forged).send(new ListBucketsCommand({}))).rejects.toThrow(
      expect.objectContaining({ name: 'InvalidToken' }),
    )
  })
})
