/**
 * Further examples that AWS documents: of other services' principals and organizations, and of what identities may
 * manage. https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_examples.html
 */
import { describe, expect, it } from 'vitest'
import { anonymousRequester, type Requester } from '#policy/requester.ts'
import { type Asked, account, bucketPolicy, identityPolicy, isAllowed, otherAccount, roleSession, user } from './ask.ts'

const bucket = 'arn:aws:s3:::amzn-s3-demo-bucket'
const objects = `${bucket}/*`
const key = `${bucket}/key`
const admin = identityPolicy({ Effect: 'Allow', Action: '*', Resource: '*' })
const service = (arn: string): Requester => ({ ...anonymousRequester, type: 'service', arn })
const userArn = (name: string) => `arn:aws:iam::${account}:user/${name}`

describe('bucket policies for services and organizations', () => {
  it('let the logging service write, from one bucket of one account only', () => {
    const resource = bucketPolicy({
      Sid: 'S3ServerAccessLogsPolicy',
      Effect: 'Allow',
      Principal: { Service: 'logging.s3.amazonaws.com' },
      Action: ['s3:PutObject'],
      Resource: `${bucket}/logs/*`,
      Condition: {
        ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::source-bucket' },
        StringEquals: { 'aws:SourceAccount': account },
      },
    })
    const put = (name: string, SourceArn: string, where = 'logs/1') =>
      isAllowed(
        { resource },
        {
          principal: service(name),
          action: 's3:PutObject',
          resource: `${bucket}/${where}`,
          keys: { 'aws:SourceArn': SourceArn, 'aws:SourceAccount': account },
        },
      )
    expect(put('logging.s3.amazonaws.com', 'arn:aws:s3:::source-bucket')).toBe(true)
    expect(put('logging.s3.amazonaws.com', 'arn:aws:s3:::other')).toBe(false)
    expect(put('logging.s3.amazonaws.com', 'arn:aws:s3:::source-bucket', 'else/1')).toBe(false)
    expect(put('s3.amazonaws.com', 'arn:aws:s3:::source-bucket')).toBe(false)
  })

  it('open objects to a distribution alone', () => {
    const distribution = `arn:aws:cloudfront::${account}:distribution/EDFDVBD6EXAMPLE`
    const resource = bucketPolicy({
      Sid: 'AllowCloudFrontServicePrincipalReadOnly',
      Effect: 'Allow',
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Action: 's3:GetObject',
      Resource: objects,
      Condition: { StringEquals: { 'AWS:SourceArn': distribution } },
    })
    const get = (SourceArn: string) =>
      isAllowed(
        { resource },
        { principal: service('cloudfront.amazonaws.com'), resource: key, keys: { 'aws:SourceArn': SourceArn } },
      )
    expect(get(distribution)).toBe(true)
    expect(get(`${distribution}X`)).toBe(false)
    expect(isAllowed({ resource }, { principal: anonymousRequester, resource: key })).toBe(false)
  })

  it('name an account by its canonical id', () => {
    const canonicalId = '79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be'
    const resource = bucketPolicy({
      Effect: 'Allow',
      Principal: { CanonicalUser: canonicalId },
      Action: 's3:GetObject',
      Resource: objects,
    })
    const principal = user('pat', { account: otherAccount, arn: `arn:aws:iam::${otherAccount}:user/pat`, canonicalId })
    expect(isAllowed({ identity: [admin], resource }, { principal, resource: key })).toBe(true)
    expect(isAllowed({ resource }, { principal, resource: key })).toBe(false)
    const stranger = { ...principal, canonicalId: 'b'.repeat(64) }
    expect(isAllowed({ identity: [admin], resource }, { principal: stranger, resource: key })).toBe(false)
  })

  it('keep to an organization, of which nobody is a member here', () => {
    const resource = bucketPolicy({
      Sid: 'AllowGetObject',
      Principal: { AWS: '*' },
      Effect: 'Allow',
      Action: 's3:GetObject',
      Resource: objects,
      Condition: { StringEquals: { 'aws:PrincipalOrgID': ['o-aa111bb222'] } },
    })
    const get = (keys: Asked['keys']) => isAllowed({ resource }, { resource: key, ...(keys && { keys }) })
    expect(get({})).toBe(false)
    expect(get({ 'aws:PrincipalOrgID': 'o-aa111bb222' })).toBe(true)
  })

  it('let reports be written by the service for the account that asked for them', () => {
    const resource = bucketPolicy({
      Sid: 'InventoryAndAnalyticsExamplePolicy',
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 's3:PutObject',
      Resource: [objects],
      Condition: {
        ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::source-*' },
        StringEquals: { 'aws:SourceAccount': account, 's3:x-amz-acl': 'bucket-owner-full-control' },
      },
    })
    const put = (acl: string) =>
      isAllowed(
        { resource },
        {
          principal: service('s3.amazonaws.com'),
          action: 's3:PutObject',
          resource: key,
          keys: { 'aws:SourceArn': 'arn:aws:s3:::source-1', 'aws:SourceAccount': account, 's3:x-amz-acl': acl },
        },
      )
    expect([put('bucket-owner-full-control'), put('private')]).toEqual([true, false])
  })

  it('keep users from deleting, but for one role', () => {
    const resource = bucketPolicy({
      Effect: 'Deny',
      Principal: '*',
      Action: ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:PutLifecycleConfiguration'],
      Resource: [bucket, objects],
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': `arn:aws:iam::${account}:role/cleaner` } },
    })
    const remove = (principal: Requester) =>
      isAllowed({ identity: [admin], resource }, { principal, action: 's3:DeleteObject', resource: key })
    expect([remove(user('mary')), remove(roleSession('cleaner', 'night'))]).toEqual([false, true])
    expect(isAllowed({ identity: [admin], resource }, { resource: key })).toBe(true)
  })
})

describe('what identities may manage', () => {
  const may = (policies: ReturnType<typeof identityPolicy>, asked: Asked) => isAllowed({ identity: [policies] }, asked)

  it('their own keys and password, by their name', () => {
    const own = identityPolicy({
      Effect: 'Allow',
      Action: ['iam:ChangePassword', 'iam:*AccessKey*', 'iam:GetUser'],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
      Resource: ['arn:aws:iam::*:user/${aws:username}'],
    })
    const create = (name: string) => may(own, { action: 'iam:CreateAccessKey', resource: userArn(name) })
    expect([create('mary'), create('john')]).toEqual([true, false])
    expect(
      may(own, { principal: roleSession('r', 'mary'), action: 'iam:CreateAccessKey', resource: userArn('mary') }),
    ).toBe(false)
  })

  it('what bears the tag that they bear', () => {
    const byTag = identityPolicy({
      Effect: 'Allow',
      Action: ['iam:GetRole', 'sts:AssumeRole'],
      Resource: '*',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
      Condition: { StringEquals: { 'aws:ResourceTag/access-project': '${aws:PrincipalTag/access-project}' } },
    })
    const assume = (mine: string | undefined, theirs: string | undefined) =>
      may(byTag, {
        principal: user('mary', { tags: mine === undefined ? {} : { 'access-project': mine } }),
        action: 'sts:AssumeRole',
        resource: `arn:aws:iam::${account}:role/r`,
        keys: theirs === undefined ? {} : { 'aws:ResourceTag/access-project': theirs },
      })
    expect([
      assume('peg', 'peg'),
      assume('peg', 'uni'),
      assume(undefined, 'peg'),
      assume(undefined, undefined),
    ]).toEqual([true, false, false, false])
  })

  it('tags, of certain keys and values', () => {
    const tagging = identityPolicy({
      Effect: 'Allow',
      Action: 'iam:TagUser',
      Resource: '*',
      Condition: {
        StringEquals: { 'aws:RequestTag/environment': ['preprod', 'production'] },
        'ForAllValues:StringEquals': { 'aws:TagKeys': ['environment', 'CostCenter'] },
      },
    })
    const tag = (environment: string, ...more: string[]) =>
      may(tagging, {
        action: 'iam:TagUser',
        resource: userArn('x'),
        keys: { 'aws:RequestTag/environment': environment, 'aws:TagKeys': ['environment', ...more] },
      })
    expect([tag('preprod'), tag('production', 'CostCenter'), tag('test'), tag('preprod', 'owner')]).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  it('users, if these are kept within a boundary', () => {
    const boundary = `arn:aws:iam::${account}:policy/XCompanyBoundaries`
    const delegated = identityPolicy(
      {
        Sid: 'CreateOrChangeOnlyWithBoundary',
        Effect: 'Allow',
        Action: [
          'iam:AttachUserPolicy',
          'iam:CreateUser',
          'iam:DeleteUserPolicy',
          'iam:PutUserPermissionsBoundary',
          'iam:PutUserPolicy',
        ],
        Resource: '*',
        Condition: { StringEquals: { 'iam:PermissionsBoundary': boundary } },
      },
      {
        Sid: 'NoBoundaryPolicyEdit',
        Effect: 'Deny',
        Action: ['iam:CreatePolicyVersion', 'iam:DeletePolicy', 'iam:SetDefaultPolicyVersion'],
        Resource: [boundary],
      },
      { Sid: 'NoBoundaryUserDelete', Effect: 'Deny', Action: 'iam:DeleteUserPermissionsBoundary', Resource: '*' },
      { Effect: 'Allow', Action: 'iam:CreatePolicyVersion', Resource: '*' },
    )
    const create = (given?: string) =>
      may(delegated, {
        action: 'iam:CreateUser',
        resource: userArn('new'),
        keys: given === undefined ? {} : { 'iam:PermissionsBoundary': given },
      })
    expect([create(boundary), create(`${boundary}2`), create()]).toEqual([true, false, false])
    expect(may(delegated, { action: 'iam:CreatePolicyVersion', resource: boundary })).toBe(false)
    expect(may(delegated, { action: 'iam:CreatePolicyVersion', resource: `${boundary}2` })).toBe(true)
    expect(may(delegated, { action: 'iam:DeleteUserPermissionsBoundary', resource: userArn('new') })).toBe(false)
  })

  it('nothing outside their regions, but for what is everywhere', () => {
    const regional = [
      admin,
      identityPolicy({
        Sid: 'DenyAllOutsideRequestedRegions',
        Effect: 'Deny',
        NotAction: ['iam:*', 'sts:*', 's3:ListAllMyBuckets'],
        Resource: '*',
        Condition: { StringNotEquals: { 'aws:RequestedRegion': ['eu-central-1', 'eu-west-1'] } },
      }),
    ]
    const get = (region: string, action = 's3:GetObject') =>
      isAllowed({ identity: regional }, { action, resource: key, keys: { 'aws:RequestedRegion': region } })
    expect([get('eu-west-1'), get('us-east-1'), get('us-east-1', 's3:ListAllMyBuckets')]).toEqual([true, false, true])
  })

  it('nothing from other addresses, unless a service asks for them', () => {
    const fromHome = [
      admin,
      identityPolicy({
        Effect: 'Deny',
        Action: '*',
        Resource: '*',
        Condition: {
          NotIpAddress: { 'aws:SourceIp': ['192.0.2.0/24', '203.0.113.0/24'] },
          Bool: { 'aws:ViaAWSService': 'false' },
        },
      }),
    ]
    const from = (SourceIp: string, keys: Asked['keys'] = {}) =>
      isAllowed({ identity: fromHome }, { resource: key, keys: { 'aws:SourceIp': SourceIp, ...keys } })
    expect([from('192.0.2.7'), from('198.51.100.1')]).toEqual([true, false])
    expect(from('198.51.100.1', { 'aws:ViaAWSService': 'true' })).toBe(true)
  })
})
