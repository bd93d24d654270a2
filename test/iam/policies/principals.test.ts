/** Users, their keys and passwords, groups and roles through AWS's own client. */
import * as aws from '@aws-sdk/client-iam'
import { ListBucketsCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decode, failure, makersOf, trust } from '../client.ts'
import { accountId, allow, otherRootKeys, policy, startApp, type TestApp } from '../start-app.ts'

let app: TestApp
let iam: aws.IAMClient
beforeAll(async () => {
  app = await startApp()
  iam = app.iam()
})
afterAll(() => app.close())

const { user, role, keysFor } = makersOf(() => iam)

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
      failure('DeleteConflict', 'The account could no longer be administered.'),
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
