/** Service-linked roles, through AWS's own client: made, protected and deleted as AWS documents it. */
import * as aws from '@aws-sdk/client-iam'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allAwsPolicies } from '#identity/aws-policies/aws-policies.ts'
import { linkedServices } from '#identity/aws-policies/linked-services.ts'
import { commandOf, decode, failure, makersOf, trust } from './client.ts'
import { accountId, allow, otherRootKeys, policy, startApp, type TestApp } from './start-app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const make = makersOf(() => app.iam())
const create = (AWSServiceName: string, more: Partial<aws.CreateServiceLinkedRoleCommandInput> = {}) =>
  app.iam().send(new aws.CreateServiceLinkedRoleCommand({ AWSServiceName, ...more }))
const remove = (RoleName: string) => app.iam().send(new aws.DeleteServiceLinkedRoleCommand({ RoleName }))
const status = (DeletionTaskId: string, iam = app.iam()) =>
  iam.send(new aws.GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }))
const arnOf = (service: string, name: string) =>
  `arn:aws:iam::${accountId}:role/aws-service-role/${service}.amazonaws.com/${name}`

describe('a service-linked role', () => {
  it('has the path, name, trust and policy of its service, and can be read and listed', async () => {
    const { Role } = await create('ecs.amazonaws.com', { Description: 'For tasks' })
    expect(Role).toMatchObject({
      Path: '/aws-service-role/ecs.amazonaws.com/',
      RoleName: 'AWSServiceRoleForECS',
      RoleId: expect.stringMatching(/^AROA/),
      Arn: arnOf('ecs', 'AWSServiceRoleForECS'),
      Description: 'For tasks',
      MaxSessionDuration: 3600,
    })
    expect(decode(Role?.AssumeRolePolicyDocument)).toEqual({
      Version: '2012-10-17',
      Statement: [{ Action: ['sts:AssumeRole'], Principal: { Service: ['ecs.amazonaws.com'] }, Effect: 'Allow' }],
    })
    const RoleName = 'AWSServiceRoleForECS'
    expect((await app.iam().send(new aws.GetRoleCommand({ RoleName }))).Role?.Arn).toBe(Role?.Arn)
    const { AttachedPolicies } = await app.iam().send(new aws.ListAttachedRolePoliciesCommand({ RoleName }))
    expect(AttachedPolicies).toEqual([
      {
        PolicyName: 'AmazonECSServiceRolePolicy',
        PolicyArn: 'arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy',
      },
    ])
    const { Roles } = await app.iam().send(new aws.ListRolesCommand({ PathPrefix: '/aws-service-role/' }))
    expect(Roles?.map((role) => role.RoleName)).toContain(RoleName)
  })

  it('gets a second name by its suffix', async () => {
    await create('autoscaling.amazonaws.com')
    const { Role } = await create('autoscaling.amazonaws.com', { CustomSuffix: 'blue' })
    expect(Role?.Arn).toBe(arnOf('autoscaling', 'AWSServiceRoleForAutoScaling_blue'))
    const taken = (name: string) =>
      failure(
        'InvalidInput',
        `Service role name ${name} has been taken in this account, please try a different suffix.`,
      )
    await expect(create('autoscaling.amazonaws.com')).rejects.toEqual(taken('AWSServiceRoleForAutoScaling'))
    await expect(create('autoscaling.amazonaws.com', { CustomSuffix: 'blue' })).rejects.toEqual(
      taken('AWSServiceRoleForAutoScaling_blue'),
    )
  })

  it('is not made where an ordinary role has its name', async () => {
    await make.role('AWSServiceRoleForBackup')
    await expect(create('backup.amazonaws.com')).rejects.toEqual(failure('InvalidInput', /has been taken/))
  })

  it('is assumed by nobody in the account', async () => {
    await create('batch.amazonaws.com')
    const RoleArn = arnOf('batch', 'AWSServiceRoleForBatch')
    await expect(app.sts().send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'night' }))).rejects.toEqual(
      failure('AccessDenied'),
    )
  })
})

describe('a service-linked role is refused', () => {
  it.each<[string, string, Partial<aws.CreateServiceLinkedRoleCommandInput>, string, string | RegExp]>([
    [
      'for a service that has none',
      'account.amazonaws.com',
      {},
      'AccessDenied',
      'Cannot find Service Linked Role template for account.amazonaws.com',
    ],
    ['for another case of a service', 'ECS.amazonaws.com', {}, 'AccessDenied', /ECS\.amazonaws\.com$/],
    ['for a service without its domain', 'ecs', {}, 'AccessDenied', /template for ecs$/],
    ['for a name of an object’s property', '__proto__', {}, 'AccessDenied', /template for __proto__$/],
    [
      'with a suffix where the service takes none',
      'es.amazonaws.com',
      { CustomSuffix: 'x' },
      'InvalidInput',
      'Custom suffix is not allowed for es.amazonaws.com',
    ],
    [
      'with a suffix that makes its name too long',
      'autoscaling.amazonaws.com',
      { CustomSuffix: 'x'.repeat(64) },
      'InvalidInput',
      /longer than 64/,
    ],
    ['with an empty suffix', 'autoscaling.amazonaws.com', { CustomSuffix: '' }, 'ValidationError', /customSuffix/],
    [
      'with a suffix of other characters',
      'autoscaling.amazonaws.com',
      { CustomSuffix: 'a/b' },
      'ValidationError',
      /a\/b/,
    ],
    [
      'with a long suffix',
      'autoscaling.amazonaws.com',
      { CustomSuffix: 'x'.repeat(65) },
      'ValidationError',
      /equal to 64/,
    ],
    ['for a service of other characters', 'ecs/amazonaws', {}, 'ValidationError', /aWSServiceName/],
    ['for a long name', 'x'.repeat(129), {}, 'ValidationError', /equal to 128/],
    [
      'with a long description',
      'mq.amazonaws.com',
      { Description: 'x'.repeat(1001) },
      'ValidationError',
      /equal to 1000/,
    ],
  ])('%s', async (_, service, more, code, message) => {
    await expect(create(service, more)).rejects.toEqual(failure(code, message))
  })

  it('without a service', async () => {
    const asked = app.iam().send(commandOf({ Action: 'CreateServiceLinkedRole' }))
    await expect(asked).rejects.toEqual(failure('ValidationError', /Member must not be null/))
  })
})

describe('a service-linked role is the service’s to change', () => {
  const RoleName = 'AWSServiceRoleForRDS'
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'
  const InstanceProfileName = 'machines'
  beforeAll(async () => {
    await create('rds.amazonaws.com')
    await app.iam().send(new aws.CreateInstanceProfileCommand({ InstanceProfileName }))
  })

  it.each<[string, () => object]>([
    ['DeleteRole', () => new aws.DeleteRoleCommand({ RoleName })],
    ['UpdateAssumeRolePolicy', () => new aws.UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust })],
    ['UpdateRole', () => new aws.UpdateRoleCommand({ RoleName, MaxSessionDuration: 7200 })],
    ['AttachRolePolicy', () => new aws.AttachRolePolicyCommand({ RoleName, PolicyArn })],
    [
      'DetachRolePolicy',
      () =>
        new aws.DetachRolePolicyCommand({
          RoleName,
          PolicyArn: 'arn:aws:iam::aws:policy/aws-service-role/AmazonRDSServiceRolePolicy',
        }),
    ],
    [
      'PutRolePolicy',
      () => new aws.PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: policy(allow('*')) }),
    ],
    ['DeleteRolePolicy', () => new aws.DeleteRolePolicyCommand({ RoleName, PolicyName: 'p' })],
    [
      'PutRolePermissionsBoundary',
      () => new aws.PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: PolicyArn }),
    ],
    ['DeleteRolePermissionsBoundary', () => new aws.DeleteRolePermissionsBoundaryCommand({ RoleName })],
    ['AddRoleToInstanceProfile', () => new aws.AddRoleToInstanceProfileCommand({ RoleName, InstanceProfileName })],
  ])('not by %s', async (_, command) => {
    await expect(app.iam().send(command() as never)).rejects.toEqual(
      failure(
        'UnmodifiableEntity',
        `Cannot perform the operation on the protected role '${RoleName}' - this role is only modifiable by AWS`,
      ),
    )
  })

  it('but for its description and tags', async () => {
    await app.iam().send(new aws.UpdateRoleDescriptionCommand({ RoleName, Description: 'one' }))
    await app.iam().send(new aws.UpdateRoleCommand({ RoleName, Description: 'two' }))
    await app.iam().send(new aws.TagRoleCommand({ RoleName, Tags: [{ Key: 'Team', Value: 'blue' }] }))
    const { Role } = await app.iam().send(new aws.GetRoleCommand({ RoleName }))
    expect(Role).toMatchObject({ Description: 'two', Tags: [{ Key: 'Team', Value: 'blue' }] })
  })
})

describe('deleting a service-linked role', () => {
  it('answers a task that has succeeded, and the role can be made again', async () => {
    await create('kafka.amazonaws.com')
    const { DeletionTaskId = '' } = await remove('AWSServiceRoleForKafka')
    expect(DeletionTaskId).toMatch(
      /^task\/aws-service-role\/kafka\.amazonaws\.com\/AWSServiceRoleForKafka\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    )
    expect((await status(DeletionTaskId)).Status).toBe('SUCCEEDED')
    await expect(app.iam().send(new aws.GetRoleCommand({ RoleName: 'AWSServiceRoleForKafka' }))).rejects.toEqual(
      failure('NoSuchEntity'),
    )
    await expect(status(DeletionTaskId, app.iam(otherRootKeys))).rejects.toEqual(failure('NoSuchEntity'))
    await create('kafka.amazonaws.com')
  })

  it('refuses an ordinary role, also one at the path of a service, and one that is not there', async () => {
    await make.role('plain')
    await make.role('parked', { Path: '/aws-service-role/ecs.amazonaws.com/' })
    for (const name of ['plain', 'parked', 'nowhere']) {
      await expect(remove(name)).rejects.toEqual(failure('NoSuchEntity', `The role with name ${name} cannot be found.`))
    }
    await app.iam().send(new aws.GetRoleCommand({ RoleName: 'parked' }))
    await app.iam().send(new aws.DeleteRoleCommand({ RoleName: 'parked' }))
  })

  it.each([
    [
      'an unknown task',
      `task/aws-service-role/ecs.amazonaws.com/A/${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`,
      'NoSuchEntity',
    ],
    ['what is no task', 'task', 'InvalidInput'],
    ['an empty task', '', 'ValidationError'],
    ['a long task', 'x'.repeat(1001), 'ValidationError'],
  ])('has no status for %s', async (_, task, code) => {
    await expect(status(task)).rejects.toEqual(failure(code))
  })
})

describe('the permission for it', () => {
  const ask = async (name: string, statement: object) => {
    await make.user(name)
    const keys = await make.keysFor(name)
    const PolicyDocument = policy({ Effect: 'Allow', Action: 'iam:*', ...statement })
    await app.iam().send(new aws.PutUserPolicyCommand({ UserName: name, PolicyName: 'p', PolicyDocument }))
    return app.iam(keys)
  }

  it('can name the service as iam:AWSServiceName', async () => {
    const iam = await ask('by-service', {
      Resource: '*',
      Condition: { StringLike: { 'iam:AWSServiceName': 'spot.amazonaws.com' } },
    })
    await iam.send(new aws.CreateServiceLinkedRoleCommand({ AWSServiceName: 'spot.amazonaws.com' }))
    await expect(
      iam.send(new aws.CreateServiceLinkedRoleCommand({ AWSServiceName: 'sso.amazonaws.com' })),
    ).rejects.toEqual(failure('AccessDenied', /not authorized to perform: iam:CreateServiceLinkedRole/))
  })

  it('can name the role, for its creation, deletion and the status of that', async () => {
    const iam = await ask('by-role', { Resource: arnOf('ssm', 'AWSServiceRoleForAmazonSSM') })
    await iam.send(new aws.CreateServiceLinkedRoleCommand({ AWSServiceName: 'ssm.amazonaws.com' }))
    const RoleName = 'AWSServiceRoleForAmazonSSM'
    const { DeletionTaskId } = await iam.send(new aws.DeleteServiceLinkedRoleCommand({ RoleName }))
    await iam.send(new aws.GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }))
    await create('ram.amazonaws.com')
    const other = new aws.DeleteServiceLinkedRoleCommand({ RoleName: 'AWSServiceRoleForResourceAccessManager' })
    await expect(iam.send(other)).rejects.toEqual(failure('AccessDenied'))
  })
})

it('services of AWS that have such a role have their policy in AWS’s list, and names of their own', () => {
  const rows = [...linkedServices.values()]
  const policies = allAwsPolicies()
  const missing = rows.filter(
    ({ policyName }) => !policies.has(`arn:aws:iam::aws:policy/aws-service-role/${policyName}`),
  )
  expect(missing).toEqual([])
  expect(new Set(rows.map(({ roleName }) => roleName.toLowerCase())).size).toBe(rows.length)
})
