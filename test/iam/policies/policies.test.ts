/** Policies of every kind, providers, the account, and simulations through AWS's own client. */
import * as aws from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decode, failure, makersOf } from '../client.ts'
import { accountId, allow, otherRootKeys, policy, startApp, type TestApp } from '../start-app.ts'

let app: TestApp
let iam: aws.IAMClient
beforeAll(async () => {
  app = await startApp()
  iam = app.iam()
})
afterAll(() => app.close())

const { user, role } = makersOf(() => iam)

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
    const names: (string | undefined)[] = []
    for await (const { Policies } of aws.paginateListPolicies({ client: iam, pageSize: 1000 }, { Scope: 'AWS' })) {
      names.push(...(Policies ?? []).map(({ PolicyName }) => PolicyName))
    }
    expect(names).toEqual(
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
    ['an action without a service', policy(allow('GetObject'))],
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

  it('say where in a policy the statement stands that decided, as AWS counts', async () => {
    const indented = JSON.stringify(
      { Version: '2012-10-17', Statement: [allow('s3:GetObject'), allow('s3:ListBucket')] },
      null,
      4,
    )
    const alone = JSON.stringify({ Statement: allow('s3:ListBucket') })
    const { EvaluationResults } = await iam.send(
      new aws.SimulateCustomPolicyCommand({ PolicyInputList: [indented, alone], ActionNames: ['s3:ListBucket'] }),
    )
    const [first, second] = EvaluationResults?.[0]?.MatchedStatements ?? []
    expect(first).toMatchObject({
      SourcePolicyId: 'PolicyInputList.1',
      StartPosition: { Line: 8, Column: 11 },
      EndPosition: { Line: 13, Column: 10 },
    })
    expect(second).toMatchObject({
      StartPosition: { Line: 1, Column: 14 },
      EndPosition: { Line: 1, Column: alone.length },
    })
  })

  it('tell which context they lack where there is no principal to have it', async () => {
    const asking = policy({
      ...allow('s3:GetObject', `arn:aws:s3:::home/\${aws:username}/*`),
      Condition: {
        StringEquals: { 'aws:PrincipalTag/team': 'a', 's3:ExistingObjectTag/k': `\${aws:userid}` },
        DateGreaterThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' },
      },
    })
    const ask = async (more: Partial<aws.SimulateCustomPolicyCommandInput> = {}) => {
      const input = {
        PolicyInputList: [asking],
        ActionNames: ['s3:GetObject'],
        ResourceArns: ['arn:aws:s3:::home/zoe/x'],
      }
      const { EvaluationResults } = await iam.send(new aws.SimulateCustomPolicyCommand({ ...input, ...more }))
      return EvaluationResults?.[0]
    }
    const keys = ['aws:PrincipalTag/team', 'aws:userid', 'aws:username', 's3:ExistingObjectTag/k']
    expect((await ask())?.MissingContextValues).toEqual(keys)
    const named = await ask({ CallerArn: `arn:aws:iam::${accountId}:user/zoe` })
    expect(named?.MissingContextValues).toEqual(keys.filter((key) => key !== 'aws:username'))
    const values = {
      'aws:username': 'zoe',
      'aws:PrincipalTag/team': 'a',
      'aws:userid': 'v',
      's3:ExistingObjectTag/k': 'v',
    }
    const given = await ask({
      ContextEntries: Object.entries(values).map(([ContextKeyName, value]) => ({
        ContextKeyName,
        ContextKeyValues: [value],
        ContextKeyType: 'string',
      })),
    })
    expect(given).toMatchObject({ EvalDecision: 'allowed', MissingContextValues: [] })
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
