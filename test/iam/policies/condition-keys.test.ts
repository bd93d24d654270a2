/** Conditions of identity policies on what IAM, STS and CreateBucket are asked, through HTTP. */
import * as aws from '@aws-sdk/client-iam'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { AssumeRoleCommand, GetFederationTokenCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commandOf } from '../client.ts'
import { accountId, allow, keysOf, policy, rootKeys, startApp, type TestApp } from '../start-app.ts'

const sam = keysOf('KEYOFSAM000000000000')
const readOnly = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'
const powerUser = 'arn:aws:iam::aws:policy/PowerUserAccess'
const roleArn = `arn:aws:iam::${accountId}:role/worker`
const trust = JSON.parse(
  policy({
    Effect: 'Allow',
    Principal: { AWS: accountId },
    Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
  }),
)

let app: TestApp
beforeAll(async () => {
  app = await startApp({
    document: {
      version: 2,
      accounts: [
        {
          id: accountId,
          keys: [{ id: rootKeys.accessKeyId, secret: rootKeys.secretAccessKey }],
          users: [
            { name: 'sam', keys: [{ id: sam.accessKeyId, secret: sam.secretAccessKey }] },
            { name: 'bound', boundary: readOnly, tags: { Team: 'blue' } },
            { name: 'free' },
          ],
          instanceProfiles: [{ name: 'empty' }, { name: 'another' }, { name: 'third' }],
          roles: [
            { name: 'worker', tags: { Team: 'blue' }, trust },
            { name: 'other', trust },
          ],
        },
      ],
    },
  })
})
afterAll(() => app.close())

type Ask = () => Promise<unknown>
const iam = <Input extends object>(Command: new (input: Input) => object, input: Input): Ask => {
  return () => app.iam(sam).send(new Command(input) as never)
}
const tags = (Key: string, Value = 'x') => ({ Tags: [{ Key, Value }] })
const assume =
  (more: object, RoleArn = roleArn): Ask =>
  () =>
    app.sts(sam).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'night', ...more }))
const bucket =
  (Bucket: string, more: object): Ask =>
  () =>
    app.s3(sam).send(new CreateBucketCommand({ Bucket, ...more }))

type Row = readonly [action: string, condition: object, met: Ask, unmet: Ask]

const UserName = 'bound'
const equals = (key: string, value: string) => ({ StringEquals: { [key]: value } })

// biome-ignore format: a table
const rows: readonly Row[] = [
  ['iam:CreateUser', equals('aws:RequestTag/Team', 'blue'), iam(aws.CreateUserCommand, { UserName: 'n1', ...tags('Team', 'blue') }), iam(aws.CreateUserCommand, { UserName: 'n2', ...tags('Team', 'red') })],
  ['iam:CreateUser', equals('iam:PermissionsBoundary', readOnly), iam(aws.CreateUserCommand, { UserName: 'n3', PermissionsBoundary: readOnly }), iam(aws.CreateUserCommand, { UserName: 'n4' })],
  ['iam:PutUserPermissionsBoundary', equals('iam:PermissionsBoundary', readOnly), iam(aws.PutUserPermissionsBoundaryCommand, { UserName, PermissionsBoundary: readOnly }), iam(aws.PutUserPermissionsBoundaryCommand, { UserName, PermissionsBoundary: powerUser })],
  ['iam:AttachUserPolicy', equals('iam:PermissionsBoundary', readOnly), iam(aws.AttachUserPolicyCommand, { UserName, PolicyArn: powerUser }), iam(aws.AttachUserPolicyCommand, { UserName: 'free', PolicyArn: powerUser })],
  ['iam:PutUserPolicy', equals('iam:PermissionsBoundary', readOnly), iam(aws.PutUserPolicyCommand, { UserName, PolicyName: 'p', PolicyDocument: policy(allow('*')) }), iam(aws.PutUserPolicyCommand, { UserName: 'free', PolicyName: 'p', PolicyDocument: policy(allow('*')) })],
  ['iam:AttachUserPolicy', { ArnEquals: { 'iam:PolicyARN': readOnly } }, iam(aws.AttachUserPolicyCommand, { UserName, PolicyArn: readOnly }), iam(aws.AttachUserPolicyCommand, { UserName, PolicyArn: powerUser })],
  ['iam:GetUser', equals('aws:ResourceTag/Team', 'blue'), iam(aws.GetUserCommand, { UserName }), iam(aws.GetUserCommand, { UserName: 'free' })],
  ['iam:GetUser', equals('iam:ResourceTag/Team', 'blue'), iam(aws.GetUserCommand, { UserName }), iam(aws.GetUserCommand, { UserName: 'free' })],
  ['iam:GetRole', equals('aws:ResourceTag/Team', 'blue'), iam(aws.GetRoleCommand, { RoleName: 'worker' }), iam(aws.GetRoleCommand, { RoleName: 'other' })],
  ['iam:TagUser', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['Team'] } }, iam(aws.TagUserCommand, { UserName: 'free', ...tags('Team') }), iam(aws.TagUserCommand, { UserName: 'free', ...tags('Cost') })],
  ['iam:UntagUser', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['Team'] } }, iam(aws.UntagUserCommand, { UserName: 'free', TagKeys: ['Team'] }), iam(aws.UntagUserCommand, { UserName: 'free', TagKeys: ['Cost'] })],
  ['iam:PassRole', equals('iam:PassedToService', 'ec2.amazonaws.com'), iam(aws.AddRoleToInstanceProfileCommand, { InstanceProfileName: 'empty', RoleName: 'worker' }), iam(aws.CreateInstanceProfileCommand, { InstanceProfileName: 'new' })],
  ['iam:PassRole', equals('aws:ResourceTag/Team', 'blue'), iam(aws.AddRoleToInstanceProfileCommand, { InstanceProfileName: 'another', RoleName: 'worker' }), iam(aws.AddRoleToInstanceProfileCommand, { InstanceProfileName: 'third', RoleName: 'other' })],
  ['sts:*', equals('sts:ExternalId', 'e1'), assume({ ExternalId: 'e1' }), assume({ ExternalId: 'e2' })],
  ['sts:*', { StringLike: { 'sts:RoleSessionName': 'n*' } }, assume({}), assume({ RoleSessionName: 'day' })],
  ['sts:*', equals('sts:SourceIdentity', 'sam'), assume({ SourceIdentity: 'sam' }), assume({ SourceIdentity: 'pat' })],
  ['sts:*', { 'ForAnyValue:StringEquals': { 'sts:TransitiveTagKeys': ['Team'] } }, assume({ ...tags('Team'), TransitiveTagKeys: ['Team'] }), assume(tags('Team'))],
  ['sts:*', equals('aws:RequestTag/Team', 'blue'), assume(tags('Team', 'blue')), assume(tags('Team', 'red'))],
  ['sts:*', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['Team'] } }, assume(tags('Team')), assume(tags('Cost'))],
  ['sts:*', equals('aws:ResourceTag/Team', 'blue'), assume({}), assume({}, `arn:aws:iam::${accountId}:role/other`)],
  ['sts:*', equals('aws:RequestTag/Team', 'blue'), () => app.sts(sam).send(new GetFederationTokenCommand({ Name: 'guest', ...tags('Team', 'blue') })), () => app.sts(sam).send(new GetFederationTokenCommand({ Name: 'guest', ...tags('Team', 'red') }))],
  ['s3:*', equals('s3:locationconstraint', 'eu-west-1'), bucket('in-europe', { CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }), bucket('at-home', {})],
  ['s3:*', equals('s3:x-amz-object-ownership', 'BucketOwnerEnforced'), bucket('enforced', { ObjectOwnership: 'BucketOwnerEnforced' }), bucket('writers', { ObjectOwnership: 'ObjectWriter' })],
  ['s3:*', equals('s3:x-amz-acl', 'private'), bucket('private', { ACL: 'private' }), bucket('unsaid', {})],
]

const outcome = (ask: Ask) =>
  ask().then(
    () => 'done',
    (error: Error) => error.name.replace(/Exception$/, ''),
  )
const permit = (...statements: object[]) =>
  app
    .iam()
    .send(new aws.PutUserPolicyCommand({ UserName: 'sam', PolicyName: 'only', PolicyDocument: policy(...statements) }))

describe('an Allow', () => {
  it.each(rows)('of %s if %j holds where it is met only', async (action, Condition, met, unmet) => {
    // The permissions that they need beside the action, without such a condition key.
    await permit(
      { ...allow(action), Condition },
      allow(['s3:PutBucketOwnershipControls', 'iam:AddRoleToInstanceProfile']),
    )
    expect([await outcome(met), await outcome(unmet)]).toEqual(['done', 'AccessDenied'])
  })
})

describe('what a request says in vain opens nothing', () => {
  const forged = (Action: string, more: Record<string, string>) => () =>
    app.iam(sam).send(commandOf({ Action, ...more }))
  const everything = policy(allow('*'))

  // biome-ignore format: a table
  it.each([
    ['a boundary', equals('iam:PermissionsBoundary', readOnly), 'PutUserPolicy', { UserName: 'free', PolicyName: 'x', PolicyDocument: everything, PermissionsBoundary: readOnly }],
    ['the ARN of a policy', equals('iam:PolicyARN', readOnly), 'PutUserPolicy', { UserName: 'free', PolicyName: 'x', PolicyDocument: everything, PolicyArn: readOnly }],
    ['tags', equals('aws:RequestTag/Team', 'blue'), 'DeleteUser', { UserName: 'free', 'Tags.member.1.Key': 'Team', 'Tags.member.1.Value': 'blue' }],
    ['keys of tags', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['Team'] } }, 'DeleteUser', { UserName: 'free', 'Tags.member.1.Key': 'Team', 'TagKeys.member.1': 'Team' }],
  ])('%s', async (_title, Condition, action, parameters) => {
    await permit({ ...allow('iam:*'), Condition })
    expect(await outcome(forged(action, parameters as Record<string, string>))).toBe('AccessDenied')
    expect((await app.iam().send(new aws.ListUserPoliciesCommand({ UserName: 'free' }))).PolicyNames).not.toContain('x')
  })
})
