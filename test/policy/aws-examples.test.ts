/**
 * The examples that AWS documents, one by one:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
 */
import { describe, expect, it } from 'vitest'
import { anonymousRequester, type Requester } from '#policy/requester.ts'
import { account, bucketPolicy, identityPolicy, isAllowed, otherAccount, policy, roleSession, user } from './ask.ts'

const bucket = 'arn:aws:s3:::amzn-s3-demo-bucket'
const objects = `${bucket}/*`
const admin = identityPolicy({ Effect: 'Allow', Action: '*', Resource: '*' })
const anyone = anonymousRequester
const key = `${bucket}/key`

describe('bucket policies of the S3 user guide', () => {
  it('require encryption by a key', () => {
    const resource = bucketPolicy({
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: objects,
      Condition: { Null: { 's3:x-amz-server-side-encryption-aws-kms-key-id': 'true' } },
    })
    const put = (keys: Record<string, string>) =>
      isAllowed({ identity: [admin], resource }, { action: 's3:PutObject', resource: key, keys })
    expect(put({})).toBe(false)
    expect(put({ 's3:x-amz-server-side-encryption-aws-kms-key-id': 'arn:aws:kms:us-east-1:1:key/x' })).toBe(true)
  })

  it('let several accounts upload with public-read only', () => {
    const root = (id: string) => `arn:aws:iam::${id}:root`
    const resource = bucketPolicy({
      Effect: 'Allow',
      Principal: { AWS: [root('111122223333'), root('444455556666')] },
      Action: ['s3:PutObject', 's3:PutObjectAcl'],
      Resource: objects,
      Condition: { StringEquals: { 's3:x-amz-acl': ['public-read'] } },
    })
    const put = (id: string, acl: string) =>
      isAllowed(
        { identity: [admin], resource },
        {
          principal: user('x', { account: id, arn: `arn:aws:iam::${id}:user/x`, canonicalId: id }),
          action: 's3:PutObject',
          resource: key,
          keys: { 's3:x-amz-acl': acl },
        },
      )
    expect(put('111122223333', 'public-read')).toBe(true)
    expect(put('444455556666', 'private')).toBe(false)
    expect(put('777788889999', 'public-read')).toBe(false)
  })

  it('open objects to the world', () => {
    const resource = bucketPolicy({ Effect: 'Allow', Principal: '*', Action: ['s3:GetObject'], Resource: [objects] })
    expect(isAllowed({ resource }, { principal: anyone, resource: key })).toBe(true)
    expect(isAllowed({ resource }, { principal: anyone, action: 's3:PutObject', resource: key })).toBe(false)
    expect(isAllowed({ resource }, { principal: anyone, action: 's3:ListBucket', resource: bucket })).toBe(false)
  })

  it('require upload with full control for the bucket owner', () => {
    const resource = bucketPolicy({
      Effect: 'Allow',
      Principal: { AWS: account },
      Action: 's3:PutObject',
      Resource: objects,
      Condition: { StringEquals: { 's3:x-amz-grant-full-control': 'id=AccountA-CanonicalUserID' } },
    })
    const put = (grant: string) =>
      isAllowed(
        { identity: [admin], resource },
        {
          resourceAccount: otherAccount,
          action: 's3:PutObject',
          resource: key,
          keys: { 's3:x-amz-grant-full-control': grant },
        },
      )
    expect(put('id=AccountA-CanonicalUserID')).toBe(true)
    expect(put('id=other')).toBe(false)
  })

  it('restrict access to addresses, of both versions', () => {
    const resource = bucketPolicy({
      Sid: 'SourceIP',
      Principal: '*',
      Effect: 'Deny',
      Action: 's3:*',
      Resource: [bucket, objects],
      Condition: { NotIpAddress: { 'aws:SourceIp': ['11.11.11.11/32', '22.22.22.22/32', '2001:DB8:1234:5678::/64'] } },
    })
    const from = (address: string) =>
      isAllowed({ identity: [admin], resource }, { resource: key, keys: { 'aws:SourceIp': address } })
    expect(from('11.11.11.11')).toBe(true)
    expect(from('2001:db8:1234:5678::1')).toBe(true)
    expect(from('33.33.33.33')).toBe(false)
  })

  it('restrict access to pages of a site', () => {
    const resource = bucketPolicy({
      Effect: 'Allow',
      Principal: '*',
      Action: ['s3:GetObject', 's3:GetObjectVersion'],
      Resource: objects,
      Condition: { StringLike: { 'aws:Referer': ['http://www.example.com/*', 'http://example.com/*'] } },
    })
    const from = (referer: string | undefined) =>
      isAllowed({ resource }, { principal: anyone, resource: key, keys: referer ? { 'aws:Referer': referer } : {} })
    expect(from('http://example.com/page')).toBe(true)
    expect(from('http://evil.example/')).toBe(false)
    expect(from(undefined)).toBe(false)
  })

  it('require HTTPS', () => {
    const resource = bucketPolicy({
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: [bucket, objects],
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    })
    const over = (isSecure: string) =>
      isAllowed({ identity: [admin], resource }, { resource: key, keys: { 'aws:SecureTransport': isSecure } })
    expect(over('true')).toBe(true)
    expect(over('false')).toBe(false)
  })

  it('require multi-factor authentication, and a recent one', () => {
    const resource = bucketPolicy(
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: `${bucket}/tax/*`,
        Condition: { Null: { 'aws:MultiFactorAuthAge': true } },
      },
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: `${bucket}/tax/*`,
        Condition: { NumericGreaterThan: { 'aws:MultiFactorAuthAge': 3600 } },
      },
    )
    const withAge = (age: string | undefined) =>
      isAllowed(
        { identity: [admin], resource },
        {
          principal: roleSession('clerk', 'mary', age ? { session: { 'aws:multifactorauthage': age } } : {}),
          resource: `${bucket}/tax/2026`,
        },
      )
    expect(withAge('60')).toBe(true)
    expect(withAge('7200')).toBe(false)
    expect(withAge(undefined)).toBe(false)
  })

  it('keep users to their folders', () => {
    const resource = bucketPolicy(
      {
        Effect: 'Allow',
        Principal: { AWS: user('JohnDoe').arn },
        Action: 's3:ListBucket',
        Resource: bucket,
        Condition: { StringEquals: { 's3:prefix': ['', 'home/'], 's3:delimiter': ['/'] } },
      },
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:ListBucket',
        Resource: bucket,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
        Condition: { StringLike: { 's3:prefix': ['home/${aws:username}/*'] } },
      },
    )
    const list = (keys: Record<string, string>, name = 'JohnDoe') =>
      isAllowed({ resource }, { principal: user(name), action: 's3:ListBucket', resource: bucket, keys })
    expect(list({ 's3:prefix': '', 's3:delimiter': '/' })).toBe(true)
    expect(list({ 's3:prefix': 'home/' })).toBe(false)
    expect(list({ 's3:prefix': 'home/JohnDoe/x' })).toBe(true)
    expect(list({ 's3:prefix': 'home/JohnDoe/x' }, 'other')).toBe(false)
    expect(list({})).toBe(false)
  })

  it('read objects by their tags, and control which tags are set', () => {
    const resource = bucketPolicy(
      {
        Effect: 'Allow',
        Principal: { AWS: user('JohnDoe').arn },
        Action: ['s3:GetObject', 's3:GetObjectVersion'],
        Resource: objects,
        Condition: { StringEquals: { 's3:ExistingObjectTag/environment': 'production' } },
      },
      {
        Effect: 'Allow',
        Principal: { AWS: user('JohnDoe').arn },
        Action: 's3:PutObjectTagging',
        Resource: objects,
        Condition: { 'ForAllValues:StringLike': { 's3:RequestObjectTagKeys': ['Owner', 'CreationDate'] } },
      },
      {
        Effect: 'Allow',
        Principal: { AWS: user('JohnDoe').arn },
        Action: 's3:PutObject',
        Resource: objects,
        Condition: { StringEquals: { 's3:RequestObjectTag/Department': 'Finance' } },
      },
    )
    const may = (action: string, keys: Record<string, string | string[]>) =>
      isAllowed({ resource }, { principal: user('JohnDoe'), action, resource: key, keys })
    expect(may('s3:GetObject', { 's3:ExistingObjectTag/environment': 'production' })).toBe(true)
    expect(may('s3:GetObject', { 's3:ExistingObjectTag/environment': 'test' })).toBe(false)
    expect(may('s3:GetObject', { 's3:ExistingObjectTag/Environment': 'production' })).toBe(false)
    expect(may('s3:PutObjectTagging', { 's3:RequestObjectTagKeys': ['Owner'] })).toBe(true)
    expect(may('s3:PutObjectTagging', { 's3:RequestObjectTagKeys': ['Owner', 'Secret'] })).toBe(false)
    expect(may('s3:PutObject', { 's3:RequestObjectTag/Department': 'Finance' })).toBe(true)
  })

  it('restrict the source of copies, versions, page sizes and storage classes', () => {
    const deny = (Action: string, Resource: string, Condition: object) =>
      bucketPolicy({ Effect: 'Deny', Principal: '*', Action, Resource, Condition })
    const ask = (resource: ReturnType<typeof deny>, action: string, on: string, keys: Record<string, string>) =>
      isAllowed({ identity: [admin], resource }, { action, resource: on, keys })
    const copies = deny('s3:PutObject', objects, { StringNotLike: { 's3:x-amz-copy-source': 'source/public/*' } })
    expect(ask(copies, 's3:PutObject', key, { 's3:x-amz-copy-source': 'source/public/a' })).toBe(true)
    expect(ask(copies, 's3:PutObject', key, { 's3:x-amz-copy-source': 'source/private/a' })).toBe(false)
    const versions = deny('s3:GetObjectVersion', objects, { StringNotEquals: { 's3:VersionId': 'v1' } })
    expect(ask(versions, 's3:GetObjectVersion', key, { 's3:versionid': 'v1' })).toBe(true)
    expect(ask(versions, 's3:GetObjectVersion', key, { 's3:versionid': 'v2' })).toBe(false)
    const pages = deny('s3:ListBucket', bucket, { NumericGreaterThan: { 's3:max-keys': '10' } })
    expect(ask(pages, 's3:ListBucket', bucket, { 's3:max-keys': '10' })).toBe(true)
    expect(ask(pages, 's3:ListBucket', bucket, { 's3:max-keys': '11' })).toBe(false)
    const classes = deny('s3:PutObject', objects, { StringNotEquals: { 's3:x-amz-storage-class': 'STANDARD_IA' } })
    expect(ask(classes, 's3:PutObject', key, { 's3:x-amz-storage-class': 'STANDARD_IA' })).toBe(true)
    expect(ask(classes, 's3:PutObject', key, {})).toBe(false)
  })

  it('allow Signature V4 in headers only, and presigned URLs that are young', () => {
    const deny = (Condition: object) =>
      bucketPolicy({ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: objects, Condition })
    const ask = (Condition: object, keys: Record<string, string>) =>
      isAllowed({ identity: [admin], resource: deny(Condition) }, { resource: key, keys })
    expect(
      ask({ StringNotEquals: { 's3:signatureversion': 'AWS4-HMAC-SHA256' } }, { 's3:signatureversion': 'AWS' }),
    ).toBe(false)
    expect(ask({ StringNotEquals: { 's3:authType': 'REST-HEADER' } }, { 's3:authType': 'REST-QUERY-STRING' })).toBe(
      false,
    )
    expect(ask({ NumericGreaterThan: { 's3:signatureAge': '600000' } }, { 's3:signatureAge': '599999' })).toBe(true)
    expect(ask({ NumericGreaterThan: { 's3:signatureAge': '600000' } }, { 's3:signatureAge': '600001' })).toBe(false)
  })
})

describe('policies of the IAM user guide', () => {
  it('evaluate identity and resource policies together: Carlos may list and read, others may not, Zhang is kept out', () => {
    const carlos = identityPolicy(
      {
        Sid: 'AllowS3ListRead',
        Effect: 'Allow',
        Action: ['s3:GetBucketLocation', 's3:ListAllMyBuckets'],
        Resource: 'arn:aws:s3:::*',
      },
      {
        Sid: 'AllowS3Self',
        Effect: 'Allow',
        Action: ['s3:*'],
        Resource: ['arn:aws:s3:::carlossalazar/*', 'arn:aws:s3:::carlossalazar'],
      },
      { Sid: 'DenyS3Logs', Effect: 'Deny', Action: 's3:*', Resource: 'arn:aws:s3:::*log*' },
    )
    const may = (action: string, resource: string, more = {}) =>
      isAllowed({ identity: [carlos], ...more }, { principal: user('carlossalazar'), action, resource })
    expect(may('s3:PutObject', 'arn:aws:s3:::carlossalazar/x')).toBe(true)
    expect(may('s3:PutObject', 'arn:aws:s3:::carlossalazar-logs/x')).toBe(false)
    expect(may('s3:GetObject', 'arn:aws:s3:::carlossalazar/log/x')).toBe(false)
    expect(may('s3:GetObject', 'arn:aws:s3:::bobby/x')).toBe(false)
    const own = bucketPolicy({
      Effect: 'Allow',
      Principal: { AWS: user('carlossalazar').arn },
      Action: 's3:*',
      Resource: ['arn:aws:s3:::carlossalazar/*', 'arn:aws:s3:::carlossalazar'],
    })
    expect(
      isAllowed({ resource: own }, { principal: user('carlossalazar'), resource: 'arn:aws:s3:::carlossalazar/x' }),
    ).toBe(true)
    expect(isAllowed({ resource: own }, { principal: user('zhang'), resource: 'arn:aws:s3:::carlossalazar/x' })).toBe(
      false,
    )
  })

  it('deny everything but with NotAction, NotResource and NotPrincipal', () => {
    const notAction = identityPolicy({ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' })
    expect(isAllowed({ identity: [notAction] }, { action: 's3:GetObject' })).toBe(true)
    expect(isAllowed({ identity: [notAction] }, { action: 'iam:ListUsers' })).toBe(false)
    const notResource = identityPolicy({ Effect: 'Deny', Action: 's3:*', NotResource: [`${bucket}/HR/*`, bucket] })
    expect(isAllowed({ identity: [admin, notResource] }, { resource: `${bucket}/HR/x` })).toBe(true)
    expect(isAllowed({ identity: [admin, notResource] }, { resource: `${bucket}/Payroll/x` })).toBe(false)
    const resource = bucketPolicy({
      Effect: 'Deny',
      NotPrincipal: { AWS: [user('Bob').arn, `arn:aws:iam::${account}:root`] },
      Action: 's3:*',
      Resource: [bucket, objects],
    })
    const as = (principal: Requester) => isAllowed({ identity: [admin], resource }, { principal, resource: key })
    expect(as(user('Bob'))).toBe(true)
    expect(as(user('Eve'))).toBe(false)
  })

  it('limit by date, and by principal tags with a default', () => {
    const between = identityPolicy({
      Effect: 'Allow',
      Action: '*',
      Resource: '*',
      Condition: {
        DateGreaterThan: { 'aws:CurrentTime': '2020-04-01T00:00:00Z' },
        DateLessThan: { 'aws:CurrentTime': '2020-06-30T23:59:59Z' },
      },
    })
    const at = (time: string) => isAllowed({ identity: [between] }, { keys: { 'aws:CurrentTime': time } })
    expect([at('2020-03-31T23:59:59Z'), at('2020-05-01T00:00:00Z'), at('2020-07-01T00:00:00Z')]).toEqual([
      false,
      true,
      false,
    ])
    expect(isAllowed({ identity: [between] })).toBe(false)
    const team = identityPolicy({
      Effect: 'Allow',
      Action: 's3:GetObject',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
      Resource: "arn:aws:s3:::bucket/${aws:PrincipalTag/team, 'company-wide'}/*",
    })
    const reads = (resource: string, tags: Record<string, string>) =>
      isAllowed({ identity: [team] }, { principal: user('x', { tags }), resource })
    expect(reads('arn:aws:s3:::bucket/blue/x', { team: 'blue' })).toBe(true)
    expect(reads('arn:aws:s3:::bucket/company-wide/x', { team: 'blue' })).toBe(false)
    expect(reads('arn:aws:s3:::bucket/company-wide/x', {})).toBe(true)
  })

  it('deny old console sessions, and let a boundary cap an administrator', () => {
    const revoke = identityPolicy({
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: { DateLessThan: { 'aws:TokenIssueTime': '2026-01-01T00:00:00Z' } },
    })
    const issued = (time: string) =>
      isAllowed(
        { identity: [admin, revoke] },
        { principal: roleSession('r', 's', { session: { 'aws:tokenissuetime': time } }) },
      )
    expect([issued('2025-12-31T00:00:00Z'), issued('2026-01-02T00:00:00Z')]).toEqual([false, true])
    const boundary = identityPolicy({ Effect: 'Allow', Action: ['s3:*', 'cloudwatch:*', 'ec2:*'], Resource: '*' })
    expect(isAllowed({ identity: [admin], boundary }, { action: 'iam:CreateUser', resource: '*' })).toBe(false)
    expect(isAllowed({ identity: [admin], boundary })).toBe(true)
  })

  it('trust a third party by its external id, and an identity provider by its claims', () => {
    const assume = { action: 'sts:AssumeRole', resource: `arn:aws:iam::${account}:role/r`, resourceAccount: account }
    const third = policy('trust', {
      Effect: 'Allow',
      Principal: { AWS: otherAccount },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'sts:ExternalId': '12345' } },
    })
    const principal = user('x', { account: otherAccount, arn: `arn:aws:iam::${otherAccount}:user/x` })
    const mayAssume = (id: string, identity = [admin]) =>
      isAllowed({ identity, resource: third }, { ...assume, principal, keys: { 'sts:ExternalId': id } })
    expect(mayAssume('12345')).toBe(true)
    expect(mayAssume('54321')).toBe(false)
    expect(mayAssume('12345', [])).toBe(false)
    const provider = `arn:aws:iam::${account}:oidc-provider/token.actions.githubusercontent.com`
    const github = policy('trust', {
      Effect: 'Allow',
      Principal: { Federated: provider },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: {
        StringEquals: { 'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com' },
        StringLike: { 'token.actions.githubusercontent.com:sub': 'repo:octo-org/octo-repo:*' },
      },
    })
    const claims = (sub: string) => ({
      'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
      'token.actions.githubusercontent.com:sub': sub,
    })
    const web: Requester = { type: 'web-identity', arn: provider, account: '', userId: 'x', canonicalId: '' }
    const federates = (sub: string) =>
      isAllowed(
        { resource: github },
        { ...assume, action: 'sts:AssumeRoleWithWebIdentity', principal: web, keys: claims(sub) },
      )
    expect(federates('repo:octo-org/octo-repo:ref:refs/heads/main')).toBe(true)
    expect(federates('repo:evil/octo-repo:ref:refs/heads/main')).toBe(false)
  })
})
