/** Every managed policy of AWS can be attached, and those about services of this server take effect. */
import * as aws from '@aws-sdk/client-iam'
import { CreateBucketCommand, ListBucketsCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { decode, failure, makersOf } from '../client.ts'
import { startApp, type TestApp } from '../start-app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())
const { user, role, keysFor } = makersOf(() => app.iam())
const arnOf = (place: string) => `arn:aws:iam::aws:policy/${place}`

it.each([
  'service-role/AWSLambdaBasicExecutionRole',
  'service-role/AmazonEC2ContainerServiceforEC2Role',
  'AmazonEKSClusterPolicy',
  'job-function/ViewOnlyAccess',
  'AmazonSSMManagedInstanceCore',
  'CloudWatchLogsFullAccess',
])('%s is attached to users, groups and roles, listed, and taken off', async (place) => {
  const iam = app.iam()
  const name = place.replaceAll('/', '-')
  const PolicyArn = arnOf(place)
  await Promise.all([user(name), role(name), iam.send(new aws.CreateGroupCommand({ GroupName: name }))])
  await iam.send(new aws.AttachUserPolicyCommand({ UserName: name, PolicyArn }))
  await iam.send(new aws.AttachGroupPolicyCommand({ GroupName: name, PolicyArn }))
  await iam.send(new aws.AttachRolePolicyCommand({ RoleName: name, PolicyArn }))
  await iam.send(new aws.PutRolePermissionsBoundaryCommand({ RoleName: name, PermissionsBoundary: PolicyArn }))
  const { AttachedPolicies } = await iam.send(new aws.ListAttachedRolePoliciesCommand({ RoleName: name }))
  expect(AttachedPolicies).toEqual([{ PolicyArn, PolicyName: place.slice(place.lastIndexOf('/') + 1) }])
  const { Policy } = await iam.send(new aws.GetPolicyCommand({ PolicyArn }))
  expect(Policy).toMatchObject({
    Arn: PolicyArn,
    AttachmentCount: 3,
    PermissionsBoundaryUsageCount: 1,
    IsAttachable: true,
  })
  const version = { PolicyArn, VersionId: Policy?.DefaultVersionId ?? '' }
  const { PolicyVersion } = await iam.send(new aws.GetPolicyVersionCommand(version))
  expect(decode(PolicyVersion?.Document).Statement.length).toBeGreaterThan(0)
  await iam.send(new aws.DetachRolePolicyCommand({ RoleName: name, PolicyArn }))
})

it('ReadOnlyAccess lets its holder read S3, and change nothing', async () => {
  await user('reader')
  await app.iam().send(new aws.AttachUserPolicyCommand({ UserName: 'reader', PolicyArn: arnOf('ReadOnlyAccess') }))
  const s3 = app.s3(await keysFor('reader'))
  await s3.send(new ListBucketsCommand({}))
  await expect(s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))).rejects.toThrow(failure('AccessDenied'))
})

it.each(['IAMUserChangePassword', 'AWSKeyManagementServicePowerUser', 'AmazonS3ObjectLambdaExecutionRolePolicy'])(
  '%s has AWS’s document',
  async (name) => {
    const place = name === 'AmazonS3ObjectLambdaExecutionRolePolicy' ? `service-role/${name}` : name
    const { Policy } = await app.iam().send(new aws.GetPolicyCommand({ PolicyArn: arnOf(place) }))
    const asked = { PolicyArn: arnOf(place), VersionId: Policy?.DefaultVersionId ?? '' }
    const { PolicyVersion } = await app.iam().send(new aws.GetPolicyVersionCommand(asked))
    expect(JSON.stringify(decode(PolicyVersion?.Document))).toMatch(/iam:ChangePassword|kms:|s3-object-lambda/)
  },
)

it('what is not on AWS’s list, or stands under another path, is refused', async () => {
  await user('refused')
  for (const place of ['AmazonS3ReadOnlyAcces', 'AWSLambdaBasicExecutionRole', 'service-role/AdministratorAccess']) {
    const attach = new aws.AttachUserPolicyCommand({ UserName: 'refused', PolicyArn: arnOf(place) })
    await expect(app.iam().send(attach)).rejects.toThrow(failure('NoSuchEntity', /does not exist or is not attachable/))
  }
  const service = new aws.AttachUserPolicyCommand({
    UserName: 'refused',
    PolicyArn: arnOf('aws-service-role/AWSSupportServiceRolePolicy'),
  })
  await expect(app.iam().send(service)).rejects.toThrow(failure('PolicyNotAttachable'))
})

it('all are listed, a page at a time', async () => {
  const names = new Set<string>()
  for await (const page of aws.paginateListPolicies({ client: app.iam(), pageSize: 1000 }, { Scope: 'AWS' })) {
    for (const { PolicyName = '' } of page.Policies ?? []) names.add(PolicyName)
  }
  expect(names.size).toBeGreaterThan(1500)
  expect(names).toContain('AdministratorAccess')
})
