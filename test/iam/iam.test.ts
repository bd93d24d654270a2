/** IAM through AWS's own client, a noun at a time. */
import * as aws from '@aws-sdk/client-iam'
import { ListBucketsCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountId, allow, type Keys, otherRootKeys, policy, startApp, type TestApp } from './start-app.ts'

let app: TestApp
let iam: aws.IAMClient
beforeAll(async () => {
  app = await startApp()
  iam = app.iam()
})
afterAll(() => app.close())

const failure = (name: string, message?: string | RegExp) =>
  expect.objectContaining({
    name: expect.stringMatching(new RegExp(`^${name}(Exception)?$`)),
    ...(message === undefined
      ? {}
      : { message: typeof message === 'string' ? message : expect.stringMatching(message) }),
  })
const user = (name: string, more: Partial<aws.CreateUserCommandInput> = {}) =>
  iam.send(new aws.CreateUserCommand({ UserName: name, ...more }))
const role = (name: string, more: Partial<aws.CreateRoleCommandInput> = {}) =>
  iam.send(new aws.CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trust, ...more }))
const trust = policy({ Effect: 'Allow', Principal: { AWS: accountId }, Action: 'sts:AssumeRole' })
const decode = (document: string | undefined) => JSON.parse(decodeURIComponent(document ?? ''))

async function keysFor(name: string): Promise<Keys> {
  const { AccessKey } = await iam.send(new aws.CreateAccessKeyCommand({ UserName: name }))
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
}

describe('users', () => {
  it('are made, found whatever the case of their name, changed, tagged and deleted', async () => {
    const { User } = await user('Alice', { Path: '/team/', Tags: [{ Key: 'team', Value: 'a' }] })
    expect(User).toMatchObject({
      UserName: 'Alice',
      Arn: `arn:aws:iam::${accountId}:user/team/Alice`,
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
      Tags: [{ Key: 'team', Value: 'a' }],
    })
    const found = await iam.send(new aws.GetUserCommand({ UserName: 'alice' }))
    expect(found.User).toEqual(User)
    await iam.send(new aws.TagUserCommand({ UserName: 'Alice', Tags: [{ Key: 'cost', Value: '' }] }))
    await iam.send(new aws.UntagUserCommand({ UserName: 'Alice', TagKeys: ['team'] }))
    const { Tags } = await iam.send(new aws.ListUserTagsCommand({ UserName: 'Alice' }))
    expect(Tags).toEqual([{ Key: 'cost', Value: '' }])
    await iam.send(new aws.UpdateUserCommand({ UserName: 'Alice', NewUserName: 'Alicia', NewPath: '/' }))
    const renamed = await iam.send(new aws.GetUserCommand({ UserName: 'Alicia' }))
    expect(renamed.User).toMatchObject({ UserId: User?.UserId, Arn: `arn:aws:iam::${accountId}:user/Alicia` })
    await iam.send(new aws.DeleteUserCommand({ UserName: 'Alicia' }))
    await expect(iam.send(new aws.GetUserCommand({ UserName: 'Alicia' }))).rejects.toThrow(
      failure('NoSuchEntity', 'The user with name Alicia cannot be found.'),
    )
  })

  it('are one whatever the case, and not deleted while they hold something', async () => {
    await user('bob')
    await expect(user('BOB')).rejects.toThrow(failure('EntityAlreadyExists', 'User with name BOB already exists.'))
    const { accessKeyId } = await keysFor('bob')
    await expect(iam.send(new aws.DeleteUserCommand({ UserName: 'bob' }))).rejects.toThrow(
      failure('DeleteConflict', 'Cannot delete entity, must delete access keys first.'),
    )
    await iam.send(new aws.DeleteAccessKeyCommand({ UserName: 'bob', AccessKeyId: accessKeyId }))
    await iam.send(
      new aws.PutUserPolicyCommand({ UserName: 'bob', PolicyName: 'p', PolicyDocument: policy(allow('s3:*')) }),
    )
    await expect(iam.send(new aws.DeleteUserCommand({ UserName: 'bob' }))).rejects.toThrow(
      failure('DeleteConflict', /policies/),
    )
  })

  it('come in pages, under a path', async () => {
    for (const name of ['P3', 'p1', 'p4', 'P2']) await user(name, { Path: '/pages/x/' })
    const names: (string | undefined)[] = []
    for await (const page of aws.paginateListUsers({ client: iam, pageSize: 3 }, { PathPrefix: '/pages/' })) {
      names.push(...(page.Users ?? []).map(({ UserName }) => UserName))
    }
    expect(names).toEqual(['p1', 'P2', 'P3', 'p4'])
    await expect(iam.send(new aws.ListUsersCommand({ MaxItems: 1001 }))).rejects.toThrow(
      failure('ValidationError', /maxItems/),
    )
    await expect(iam.send(new aws.ListUsersCommand({ Marker: '!' }))).rejects.toThrow(
      failure('ValidationError', /marker/),
    )
  })

  it('are of one account only', async () => {
    await user('mine')
    const other = app.iam(otherRootKeys)
    await expect(other.send(new aws.GetUserCommand({ UserName: 'mine' }))).rejects.toThrow(failure('NoSuchEntity'))
    expect((await other.send(new aws.ListUsersCommand({}))).Users).toEqual([])
  })
})

describe('access keys', () => {
  it('work at once, show their secret once, and stop when told', async () => {
    await user('keys')
    const keys = await keysFor('keys')
    expect(keys.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/)
    await iam.send(
      new aws.AttachUserPolicyCommand({
        UserName: 'keys',
        PolicyArn: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess',
      }),
    )
    const s3 = app.s3(keys)
    await s3.send(new ListBucketsCommand({}))
    const { AccessKeyMetadata } = await iam.send(new aws.ListAccessKeysCommand({ UserName: 'keys' }))
    expect(AccessKeyMetadata).toMatchObject([{ AccessKeyId: keys.accessKeyId, Status: 'Active', UserName: 'keys' }])
    const used = await iam.send(new aws.GetAccessKeyLastUsedCommand({ AccessKeyId: keys.accessKeyId }))
    expect(used).toMatchObject({ UserName: 'keys', AccessKeyLastUsed: { ServiceName: 's3', Region: 'us-east-1' } })
    const change = (Status: aws.StatusType) =>
      iam.send(new aws.UpdateAccessKeyCommand({ UserName: 'keys', AccessKeyId: keys.accessKeyId, Status }))
    await change('Inactive')
    await expect(s3.send(new ListBucketsCommand({}))).rejects.toThrow(failure('InvalidAccessKeyId'))
    await change('Active')
    await s3.send(new ListBucketsCommand({}))
  })

  it('are two at most', async () => {
    await user('twokeys')
    await keysFor('twokeys')
    await keysFor('twokeys')
    await expect(keysFor('twokeys')).rejects.toThrow(
      failure('LimitExceeded', 'Cannot exceed quota for AccessKeysPerUser: 2'),
    )
  })

  it('are sealed in iam.json', async () => {
    const { readFile } = await import('node:fs/promises')
    await user('sealed')
    const { secretAccessKey } = await keysFor('sealed')
    const text = await readFile(app.iamPath, 'utf8')
    expect(text).not.toContain(secretAccessKey)
    expect(text).toContain('sealed:')
  })

  it('of the caller need no name', async () => {
    const { AccessKey } = await iam.send(new aws.CreateAccessKeyCommand({}))
    const id = AccessKey?.AccessKeyId ?? ''
    const { AccessKeyMetadata } = await iam.send(new aws.ListAccessKeysCommand({}))
    expect(AccessKeyMetadata?.map(({ AccessKeyId }) => AccessKeyId)).toContain(id)
    await iam.send(new aws.DeleteAccessKeyCommand({ AccessKeyId: id }))
  })

  it('of the root cannot all be deleted', async () => {
    const [only] = (await iam.send(new aws.ListAccessKeysCommand({}))).AccessKeyMetadata ?? []
    await expect(iam.send(new aws.DeleteAccessKeyCommand({ AccessKeyId: only?.AccessKeyId ?? '' }))).rejects.toThrow(
      failure('DeleteConflict', 'Nobody could administer the account any more.'),
    )
  })
})

describe('login profiles', () => {
  it('hold a password as argon2id, which its user can change', async () => {
    await user('login')
    const make = (Password: string) => iam.send(new aws.CreateLoginProfileCommand({ UserName: 'login', Password }))
    await expect(make('short')).rejects.toThrow(failure('PasswordPolicyViolation'))
    const { LoginProfile } = await make('a long password')
    expect(LoginProfile).toMatchObject({ UserName: 'login', PasswordResetRequired: false })
    await expect(make('another password')).rejects.toThrow(failure('EntityAlreadyExists'))
    const { readFile } = await import('node:fs/promises')
    expect(await readFile(app.iamPath, 'utf8')).toContain('$argon2id$')
    await iam.send(
      new aws.PutUserPolicyCommand({
        UserName: 'login',
        PolicyName: 'own',
        PolicyDocument: policy(allow('iam:ChangePassword')),
      }),
    )
    const own = app.iam(await keysFor('login'))
    const change = (OldPassword: string) =>
      own.send(new aws.ChangePasswordCommand({ OldPassword, NewPassword: 'the new password' }))
    await expect(change('wrong')).rejects.toThrow(failure('AccessDenied', 'The old password was incorrect.'))
    await change('a long password')
    await iam.send(new aws.DeleteLoginProfileCommand({ UserName: 'login' }))
    await expect(iam.send(new aws.GetLoginProfileCommand({ UserName: 'login' }))).rejects.toThrow(
      failure('NoSuchEntity'),
    )
  })
})

describe('groups', () => {
  it('give their policies to their members, by whatever name they go', async () => {
    await user('member')
    await iam.send(new aws.CreateGroupCommand({ GroupName: 'Readers', Path: '/g/' }))
    await iam.send(new aws.AddUserToGroupCommand({ GroupName: 'readers', UserName: 'member' }))
    await iam.send(
      new aws.PutGroupPolicyCommand({
        GroupName: 'Readers',
        PolicyName: 'p',
        PolicyDocument: policy(allow('s3:ListAllMyBuckets')),
      }),
    )
    const s3 = app.s3(await keysFor('member'))
    await s3.send(new ListBucketsCommand({}))
    await iam.send(new aws.UpdateGroupCommand({ GroupName: 'Readers', NewGroupName: 'Lookers' }))
    await s3.send(new ListBucketsCommand({}))
    const group = await iam.send(new aws.GetGroupCommand({ GroupName: 'Lookers' }))
    expect(group).toMatchObject({
      Group: { Arn: `arn:aws:iam::${accountId}:group/g/Lookers` },
      Users: [{ UserName: 'member' }],
      IsTruncated: false,
    })
    const { Groups } = await iam.send(new aws.ListGroupsForUserCommand({ UserName: 'member' }))
    expect(Groups).toMatchObject([{ GroupName: 'Lookers' }])
    await expect(iam.send(new aws.DeleteGroupCommand({ GroupName: 'Lookers' }))).rejects.toThrow(
      failure('DeleteConflict'),
    )
    await iam.send(new aws.RemoveUserFromGroupCommand({ GroupName: 'Lookers', UserName: 'member' }))
    await expect(s3.send(new ListBucketsCommand({}))).rejects.toThrow(failure('AccessDenied'))
  })
})

describe('roles', () => {
  it('are made with a trust policy, changed and deleted', async () => {
    const { Role } = await role('r1', {
      Path: '/p/',
      Description: 'd',
      MaxSessionDuration: 7200,
      Tags: [{ Key: 'k', Value: 'v' }],
    })
    expect(Role).toMatchObject({
      Arn: `arn:aws:iam::${accountId}:role/p/r1`,
      RoleId: expect.stringMatching(/^AROA/),
      MaxSessionDuration: 7200,
    })
    expect(decode(Role?.AssumeRolePolicyDocument)).toEqual(JSON.parse(trust))
    await iam.send(new aws.UpdateRoleCommand({ RoleName: 'r1', Description: 'other', MaxSessionDuration: 3600 }))
    await iam.send(new aws.UpdateAssumeRolePolicyCommand({ RoleName: 'r1', PolicyDocument: trust }))
    expect((await iam.send(new aws.GetRoleCommand({ RoleName: 'r1' }))).Role).toMatchObject({
      Description: 'other',
      MaxSessionDuration: 3600,
      Tags: [{ Key: 'k', Value: 'v' }],
    })
    await expect(role('r1')).rejects.toThrow(failure('EntityAlreadyExists', 'Role with name r1 already exists.'))
    await iam.send(new aws.DeleteRoleCommand({ RoleName: 'r1' }))
  })

  it.each([
    ['no JSON', 'not json'],
    ['no principal', policy({ Effect: 'Allow', Action: 'sts:AssumeRole' })],
    [
      'a principal that is not there',
      policy({
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:user/nobody` },
        Action: 'sts:AssumeRole',
      }),
    ],
    ['an action of S3', policy({ Effect: 'Allow', Principal: '*', Action: 's3:GetObject' })],
  ])('are refused a trust policy with %s', async (_, document) => {
    await expect(role('refused', { AssumeRolePolicyDocument: document })).rejects.toThrow(
      failure('MalformedPolicyDocument'),
    )
  })

  it('stand in instance profiles, one in each', async () => {
    await role('profiled')
    await role('profiled2')
    await iam.send(new aws.CreateInstanceProfileCommand({ InstanceProfileName: 'ip' }))
    await iam.send(new aws.AddRoleToInstanceProfileCommand({ InstanceProfileName: 'ip', RoleName: 'profiled' }))
    await expect(
      iam.send(new aws.AddRoleToInstanceProfileCommand({ InstanceProfileName: 'ip', RoleName: 'profiled2' })),
    ).rejects.toThrow(failure('LimitExceeded'))
    const { InstanceProfile } = await iam.send(new aws.GetInstanceProfileCommand({ InstanceProfileName: 'ip' }))
    expect(InstanceProfile).toMatchObject({
      Arn: `arn:aws:iam::${accountId}:instance-profile/ip`,
      Roles: [{ RoleName: 'profiled' }],
    })
    const { InstanceProfiles } = await iam.send(new aws.ListInstanceProfilesForRoleCommand({ RoleName: 'profiled' }))
    expect(InstanceProfiles).toHaveLength(1)
    await expect(iam.send(new aws.DeleteRoleCommand({ RoleName: 'profiled' }))).rejects.toThrow(
      failure('DeleteConflict', /instance profile/),
    )
    await iam.send(new aws.RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: 'ip', RoleName: 'profiled' }))
    await iam.send(new aws.DeleteInstanceProfileCommand({ InstanceProfileName: 'ip' }))
  })
})

describe('managed policies', () => {
  const arn = `arn:aws:iam::${accountId}:policy/managed`

  it('have versions, of which one is in force', async () => {
    const made = await iam.send(
      new aws.CreatePolicyCommand({
        PolicyName: 'managed',
        PolicyDocument: policy(allow('s3:GetObject')),
        Description: 'd',
      }),
    )
    expect(made.Policy).toMatchObject({
      Arn: arn,
      DefaultVersionId: 'v1',
      AttachmentCount: 0,
      IsAttachable: true,
      PolicyId: expect.stringMatching(/^ANPA/),
    })
    const version = (action: string, SetAsDefault: boolean) =>
      iam.send(
        new aws.CreatePolicyVersionCommand({ PolicyArn: arn, PolicyDocument: policy(allow(action)), SetAsDefault }),
      )
    expect((await version('s3:ListAllMyBuckets', true)).PolicyVersion).toMatchObject({
      VersionId: 'v2',
      IsDefaultVersion: true,
    })
    for (const action of ['s3:PutObject', 's3:DeleteObject', 's3:ListBucket']) await version(action, false)
    await expect(version('s3:*', false)).rejects.toThrow(failure('LimitExceeded', /up to 5 versions/))
    const { Versions } = await iam.send(new aws.ListPolicyVersionsCommand({ PolicyArn: arn }))
    expect(Versions?.map(({ VersionId }) => VersionId)).toEqual(['v5', 'v4', 'v3', 'v2', 'v1'])
    const v3 = await iam.send(new aws.GetPolicyVersionCommand({ PolicyArn: arn, VersionId: 'v3' }))
    expect(decode(v3.PolicyVersion?.Document)).toEqual(JSON.parse(policy(allow('s3:PutObject'))))
    await expect(iam.send(new aws.DeletePolicyVersionCommand({ PolicyArn: arn, VersionId: 'v2' }))).rejects.toThrow(
      failure('DeleteConflict'),
    )
    await iam.send(new aws.SetDefaultPolicyVersionCommand({ PolicyArn: arn, VersionId: 'v1' }))
    for (const VersionId of ['v2', 'v3', 'v4', 'v5'])
      await iam.send(new aws.DeletePolicyVersionCommand({ PolicyArn: arn, VersionId }))
  })

  it('are attached, listed with who has them, and not deleted while in use', async () => {
    await user('attached')
    await role('attachedrole')
    await iam.send(new aws.AttachUserPolicyCommand({ UserName: 'attached', PolicyArn: arn }))
    await iam.send(new aws.PutRolePermissionsBoundaryCommand({ RoleName: 'attachedrole', PermissionsBoundary: arn }))
    const { AttachedPolicies } = await iam.send(new aws.ListAttachedUserPoliciesCommand({ UserName: 'attached' }))
    expect(AttachedPolicies).toEqual([{ PolicyName: 'managed', PolicyArn: arn }])
    const entities = await iam.send(new aws.ListEntitiesForPolicyCommand({ PolicyArn: arn }))
    expect(entities.PolicyUsers).toMatchObject([{ UserName: 'attached' }])
    const bounded = await iam.send(
      new aws.ListEntitiesForPolicyCommand({ PolicyArn: arn, PolicyUsageFilter: 'PermissionsBoundary' }),
    )
    expect(bounded.PolicyRoles).toMatchObject([{ RoleName: 'attachedrole' }])
    expect((await iam.send(new aws.GetPolicyCommand({ PolicyArn: arn }))).Policy).toMatchObject({
      AttachmentCount: 1,
      PermissionsBoundaryUsageCount: 1,
    })
    await expect(iam.send(new aws.DeletePolicyCommand({ PolicyArn: arn }))).rejects.toThrow(
      failure('DeleteConflict', 'Cannot delete a policy attached to entities.'),
    )
    await iam.send(new aws.DetachUserPolicyCommand({ UserName: 'attached', PolicyArn: arn }))
    await expect(iam.send(new aws.DetachUserPolicyCommand({ UserName: 'attached', PolicyArn: arn }))).rejects.toThrow(
      failure('NoSuchEntity'),
    )
    await iam.send(new aws.DeleteRolePermissionsBoundaryCommand({ RoleName: 'attachedrole' }))
    await iam.send(new aws.DeletePolicyCommand({ PolicyArn: arn }))
    await expect(iam.send(new aws.GetPolicyCommand({ PolicyArn: arn }))).rejects.toThrow(
      failure('NoSuchEntity', `Policy ${arn} was not found.`),
    )
  })

  it('of AWS are there, and nobody changes them', async () => {
    const { Policies } = await iam.send(new aws.ListPoliciesCommand({ Scope: 'AWS' }))
    expect(Policies?.map(({ PolicyName }) => PolicyName)).toEqual(
      expect.arrayContaining([
        'AdministratorAccess',
        'AmazonS3FullAccess',
        'AmazonS3ReadOnlyAccess',
        'IAMFullAccess',
        'IAMReadOnlyAccess',
        'PowerUserAccess',
      ]),
    )
    await expect(
      iam.send(new aws.DeletePolicyCommand({ PolicyArn: 'arn:aws:iam::aws:policy/PowerUserAccess' })),
    ).rejects.toThrow(failure('AccessDenied'))
    await expect(
      iam.send(new aws.AttachUserPolicyCommand({ UserName: 'attached', PolicyArn: 'arn:aws:iam::aws:policy/Nothing' })),
    ).rejects.toThrow(failure('NoSuchEntity', /does not exist or is not attachable/))
  })
})

describe('inline policies', () => {
  it.each(['User', 'Group', 'Role'] as const)('of a %s are put, got, listed and deleted', async (noun) => {
    const name = `inline${noun}`
    if (noun === 'User') await user(name)
    else if (noun === 'Role') await role(name)
    else await iam.send(new aws.CreateGroupCommand({ GroupName: name }))
    const of = { [`${noun}Name`]: name, PolicyName: 'p' } as never
    const document = policy(allow('s3:GetObject', 'arn:aws:s3:::a b/ü*'))
    const send = (verb: string, more: object = {}) => {
      const Command = (aws as unknown as Record<string, new (input: object) => aws.GetUserCommand>)[`${verb}Command`]
      if (Command === undefined) throw new Error(verb)
      return iam.send(new Command({ ...(of as object), ...more })) as Promise<unknown>
    }
    await send(`Put${noun}Policy`, { PolicyDocument: document })
    const got = (await send(`Get${noun}Policy`)) as { PolicyDocument: string }
    expect(decode(got.PolicyDocument)).toEqual(JSON.parse(document))
    expect(await send(`List${noun}Policies`)).toMatchObject({ PolicyNames: ['p'], IsTruncated: false })
    await send(`Delete${noun}Policy`)
    await expect(send(`Get${noun}Policy`)).rejects.toThrow(
      failure('NoSuchEntity', `The ${noun.toLowerCase()} policy with name p cannot be found.`),
    )
  })

  it.each([
    ['no JSON', '{'],
    ['another version', JSON.stringify({ Version: '2010-10-17', Statement: [allow('s3:*')] })],
    ['no statement', JSON.stringify({ Version: '2012-10-17' })],
    ['a principal', policy({ ...allow('s3:*'), Principal: '*' })],
    ['an operator nobody knows', policy({ ...allow('s3:*'), Condition: { StringSame: { 'aws:username': 'a' } } })],
    ['an action nobody has', policy(allow('s3:GetObjekt'))],
  ])('are refused with %s', async (_, document) => {
    await expect(
      iam.send(new aws.PutUserPolicyCommand({ UserName: 'inlineUser', PolicyName: 'p', PolicyDocument: document })),
    ).rejects.toThrow(failure('MalformedPolicyDocument'))
  })

  it('are bounded in size', async () => {
    const large = policy(
      allow(
        's3:GetObject',
        Array.from({ length: 60 }, (_, at) => `arn:aws:s3:::bucket-number-${at}/some/folder/*`),
      ),
    )
    await expect(
      iam.send(new aws.PutUserPolicyCommand({ UserName: 'inlineUser', PolicyName: 'p', PolicyDocument: large })),
    ).rejects.toThrow(failure('LimitExceeded', 'Maximum policy size of 2048 bytes exceeded for user inlineUser'))
  })
})

describe('OpenID Connect providers', () => {
  it('have client ids, thumbprints and tags', async () => {
    const Url = 'https://issuer.example/realm'
    const thumbprint = 'a'.repeat(40)
    const make = () =>
      iam.send(new aws.CreateOpenIDConnectProviderCommand({ Url, ClientIDList: ['one'], ThumbprintList: [thumbprint] }))
    const { OpenIDConnectProviderArn: arn } = await make()
    expect(arn).toBe(`arn:aws:iam::${accountId}:oidc-provider/issuer.example/realm`)
    await expect(make()).rejects.toThrow(failure('EntityAlreadyExists'))
    const of = { OpenIDConnectProviderArn: arn }
    await iam.send(new aws.AddClientIDToOpenIDConnectProviderCommand({ ...of, ClientID: 'two' }))
    await iam.send(new aws.RemoveClientIDFromOpenIDConnectProviderCommand({ ...of, ClientID: 'one' }))
    await iam.send(new aws.TagOpenIDConnectProviderCommand({ ...of, Tags: [{ Key: 'k', Value: 'v' }] }))
    expect(await iam.send(new aws.GetOpenIDConnectProviderCommand(of))).toMatchObject({
      Url,
      ClientIDList: ['two'],
      ThumbprintList: [thumbprint],
      Tags: [{ Key: 'k' }],
    })
    await iam.send(new aws.DeleteOpenIDConnectProviderCommand(of))
    await expect(iam.send(new aws.GetOpenIDConnectProviderCommand(of))).rejects.toThrow(failure('NoSuchEntity'))
    await expect(iam.send(new aws.CreateOpenIDConnectProviderCommand({ Url: 'ftp://x.example' }))).rejects.toThrow(
      failure('ValidationError'),
    )
  })
})

describe('the account', () => {
  it('has an alias, a summary, and everything in one answer', async () => {
    await iam.send(new aws.CreateAccountAliasCommand({ AccountAlias: 'my-account' }))
    expect((await iam.send(new aws.ListAccountAliasesCommand({}))).AccountAliases).toEqual(['my-account'])
    await expect(
      app.iam(otherRootKeys).send(new aws.CreateAccountAliasCommand({ AccountAlias: 'my-account' })),
    ).rejects.toThrow(failure('EntityAlreadyExists'))
    await iam.send(new aws.DeleteAccountAliasCommand({ AccountAlias: 'my-account' }))
    const { SummaryMap } = await iam.send(new aws.GetAccountSummaryCommand({}))
    expect(SummaryMap).toMatchObject({
      AccessKeysPerUserQuota: 2,
      Groups: expect.any(Number),
      UsersQuota: expect.any(Number),
    })
    const users: (string | undefined)[] = []
    const policies: (string | undefined)[] = []
    for await (const page of aws.paginateGetAccountAuthorizationDetails({ client: iam, pageSize: 5 }, {})) {
      users.push(...(page.UserDetailList ?? []).map(({ UserName }) => UserName))
      policies.push(...(page.Policies ?? []).map(({ PolicyName }) => PolicyName))
    }
    expect(users.length).toBe(SummaryMap?.Users)
    expect(policies).toContain('AdministratorAccess')
  })

  it('says what it does not have', async () => {
    expect((await iam.send(new aws.ListMFADevicesCommand({}))).MFADevices).toEqual([])
    await expect(iam.send(new aws.GetAccountPasswordPolicyCommand({}))).rejects.toThrow(failure('NoSuchEntity'))
    await expect(iam.send(new aws.CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: 'x' }))).rejects.toThrow(
      expect.objectContaining({ name: 'NotImplemented', $metadata: expect.objectContaining({ httpStatusCode: 501 }) }),
    )
  })
})

/** A home of one's own, as IAM writes it. */
const homes = 'arn:aws:s3:::home/$' + '{aws:username}/*'

describe('simulations', () => {
  it('of a user answer as the engine would decide', async () => {
    await user('simulated')
    const document = policy(
      {
        ...allow('s3:GetObject', 'arn:aws:s3:::docs/*'),
        Condition: { StringEquals: { 'aws:PrincipalTag/team': 'a', 's3:ExistingObjectTag/k': 'v' } },
      },
      { ...allow('s3:DeleteObject'), Effect: 'Deny' },
    )
    await iam.send(
      new aws.PutUserPolicyCommand({ UserName: 'simulated', PolicyName: 'inline', PolicyDocument: document }),
    )
    await iam.send(new aws.TagUserCommand({ UserName: 'simulated', Tags: [{ Key: 'team', Value: 'a' }] }))
    const PolicySourceArn = `arn:aws:iam::${accountId}:user/simulated`
    const ask = (ContextEntries: aws.ContextEntry[] = []) =>
      iam.send(
        new aws.SimulatePrincipalPolicyCommand({
          PolicySourceArn,
          ActionNames: ['s3:GetObject', 's3:DeleteObject', 's3:PutObject'],
          ResourceArns: ['arn:aws:s3:::docs/a'],
          ContextEntries,
        }),
      )
    const without = await ask()
    expect(without.EvaluationResults?.map(({ EvalDecision }) => EvalDecision)).toEqual([
      'implicitDeny',
      'explicitDeny',
      'implicitDeny',
    ])
    expect(without.EvaluationResults?.[0]?.MissingContextValues).toEqual(['s3:ExistingObjectTag/k'])
    const within = await ask([
      { ContextKeyName: 's3:ExistingObjectTag/k', ContextKeyValues: ['v'], ContextKeyType: 'string' },
    ])
    expect(within.EvaluationResults?.[0]).toMatchObject({
      EvalDecision: 'allowed',
      MatchedStatements: [{ SourcePolicyId: 'inline' }],
    })
    const { ContextKeyNames } = await iam.send(new aws.GetContextKeysForPrincipalPolicyCommand({ PolicySourceArn }))
    expect(ContextKeyNames).toEqual(['aws:PrincipalTag/team', 's3:ExistingObjectTag/k'])
  })

  it('of policies that nobody has yet', async () => {
    const answer = await iam.send(
      new aws.SimulateCustomPolicyCommand({
        PolicyInputList: [policy(allow('s3:*', homes))],
        PermissionsBoundaryPolicyInputList: [policy(allow('s3:GetObject'))],
        CallerArn: `arn:aws:iam::${accountId}:user/zoe`,
        ActionNames: ['s3:GetObject', 's3:PutObject'],
        ResourceArns: ['arn:aws:s3:::home/zoe/x', 'arn:aws:s3:::home/amy/x'],
      }),
    )
    expect(answer.EvaluationResults?.map(({ EvalDecision }) => EvalDecision)).toEqual([
      'allowed',
      'implicitDeny',
      'implicitDeny',
      'implicitDeny',
    ])
    const { ContextKeyNames } = await iam.send(
      new aws.GetContextKeysForCustomPolicyCommand({
        PolicyInputList: [policy(allow('s3:*', homes))],
      }),
    )
    expect(ContextKeyNames).toEqual(['aws:username'])
  })
})
