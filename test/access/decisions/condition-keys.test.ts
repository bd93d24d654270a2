/**
 * Every condition key that a request can have, through HTTP: a Deny with it applies to one request and not to the
 * other.
 */
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ObjectLockRetention,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3'
import { AssumeRoleCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountId, allow, type Keys, keysOf, policy, rootKeys, startApp, type TestApp } from '../../iam/start-app.ts'
import { keysIn } from '../../sts/sessions.ts'

const Bucket = 'keys'
const arn = `arn:aws:s3:::${Bucket}`
const mary = keysOf('KEYOFMARY00000000000')
const clerk = keysOf('KEYOFCLERK0000000000')
const arnOfMary = `arn:aws:iam::${accountId}:user/staff/mary`

let app: TestApp
let role: Keys
let session: Keys
let version: string

const document = {
  version: 2,
  accounts: [
    {
      id: accountId,
      keys: [{ id: rootKeys.accessKeyId, secret: rootKeys.secretAccessKey }],
      users: [
        {
          name: 'mary',
          path: '/staff/',
          id: 'AIDAMARY',
          tags: { Team: 'blue' },
          keys: [{ id: mary.accessKeyId, secret: mary.secretAccessKey }],
          inline: { all: JSON.parse(policy(allow('*'))) },
        },
        { name: 'clerk', keys: [{ id: clerk.accessKeyId, secret: clerk.secretAccessKey }] },
      ],
      roles: [
        {
          name: 'worker',
          trust: JSON.parse(
            policy({
              Effect: 'Allow',
              Principal: { AWS: arnOfMary },
              Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
            }),
          ),
          inline: { all: JSON.parse(policy(allow('s3:*'))) },
        },
      ],
    },
  ],
}

beforeAll(async () => {
  app = await startApp({ document })
  const root = app.s3()
  await root.send(new CreateBucketCommand({ Bucket, ObjectOwnership: 'BucketOwnerPreferred' }))
  await root.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }))
  version = (await root.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'a' }))).VersionId ?? ''
  await root.send(new PutObjectCommand({ Bucket, Key: 'tagged', Body: 'a', Tagging: 'Class=secret' }))
  const assumed = { RoleArn: `arn:aws:iam::${accountId}:role/worker`, RoleSessionName: 'night', SourceIdentity: 'mary' }
  role = keysIn((await app.sts(mary).send(new AssumeRoleCommand(assumed))).Credentials)
  session = keysIn((await app.sts(mary).send(new GetSessionTokenCommand({}))).Credentials)
})
afterAll(() => app.close())

/** A request, or undefined where none can leave the key unmet. */
type Ask = () => Promise<unknown>

const get =
  (keys: Keys, more: object = {}) =>
  () =>
    app.s3(keys).send(new GetObjectCommand({ Bucket, Key: 'a', ...more }))
const put =
  (more: object, keys = mary) =>
  () =>
    app.s3(keys).send(new PutObjectCommand({ Bucket, Key: 'b', Body: 'b', ...more }))
const copy = (more: object) => () =>
  app.s3(mary).send(new CopyObjectCommand({ Bucket, Key: 'c', CopySource: `${Bucket}/a`, ...more }))
const list = (more: object) => () => app.s3(mary).send(new ListObjectsV2Command({ Bucket, ...more }))

/** With a header that the client adds. */
const getWith = (name: string, value: string) => () => {
  const client = app.s3(mary)
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string> }
      request.headers[name] = value
      return next(args)
    },
    { step: 'build', priority: 'low' },
  )
  return client.send(new GetObjectCommand({ Bucket, Key: 'a' }))
}

/** As a presigned URL. */
const url =
  (command: GetObjectCommand | PutObjectCommand, init: RequestInit = {}, more: object = {}) =>
  async () =>
    answered(
      await fetch(await getSignedUrl(app.s3(mary), command as GetObjectCommand, { expiresIn: 600, ...more }), init),
    )

const form = (fields: Record<string, string>) => async () => {
  const Conditions = Object.entries(fields).map(([name, value]) => ({ [name]: value }))
  const post = await createPresignedPost(app.s3(mary), { Bucket, Key: 'form', Conditions, Fields: fields })
  const body = new FormData()
  for (const [name, value] of Object.entries(post.fields)) body.append(name, value)
  body.append('file', new Blob(['f']))
  return answered(await fetch(post.url, { method: 'POST', body }))
}

async function answered(answer: Response): Promise<void> {
  const text = await answer.text()
  if (answer.status >= 400) throw Object.assign(new Error(text), { name: /<Code>(.*)<\/Code>/.exec(text)?.[1] })
}

const getCommand = new GetObjectCommand({ Bucket, Key: 'a' })
const putCommand = (more: object) => new PutObjectCommand({ Bucket, Key: 'p', ...more })
const yesterday = new Date(Date.now() - 86_400_000).toISOString()
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000)
const held = {
  ObjectLockMode: 'GOVERNANCE',
  ObjectLockEventHold: 'ON',
  ObjectLockEventHoldDurationYears: 2,
} as const
const retain =
  (Retention: ObjectLockRetention): Ask =>
  () =>
    app.s3(mary).send(new PutObjectRetentionCommand({ Bucket, Key: 'a', Retention }))
const locked = {
  ObjectLockMode: 'GOVERNANCE' as const,
  ObjectLockRetainUntilDate: new Date(Date.now() + 3 * 86_400_000),
}
const soon = Math.floor(Date.now() / 1000) + 3600

type Row = readonly [operator: string, key: string, value: string, action: string, met: Ask, unmet: Ask | undefined]

// biome-ignore format: a table
const rows: readonly Row[] = [
  // Who asks.
  ['ArnEquals', 'aws:PrincipalArn', arnOfMary, 'GetObject', get(mary), () => get(role)()],
  ['ArnEquals', 'aws:PrincipalArn', `arn:aws:iam::${accountId}:role/worker`, 'GetObject', () => get(role)(), get(mary)],
  ['StringEquals', 'aws:PrincipalAccount', accountId, 'GetObject', get(mary), undefined],
  ['StringEquals', 'aws:PrincipalType', 'AssumedRole', 'GetObject', () => get(role)(), get(mary)],
  ['StringEquals', 'aws:PrincipalType', 'User', 'GetObject', get(mary), () => get(role)()],
  ['StringEquals', 'aws:PrincipalType', 'Account', 'GetObject', get(rootKeys), get(mary)],
  ['StringEquals', 'aws:userid', 'AIDAMARY', 'GetObject', get(mary), () => get(role)()],
  ['StringLike', 'aws:userid', '*:night', 'GetObject', () => get(role)(), get(mary)],
  ['StringEquals', 'aws:username', 'mary', 'GetObject', get(mary), get(rootKeys)],
  ['StringEquals', 'aws:PrincipalTag/Team', 'blue', 'GetObject', get(mary), get(rootKeys)],
  ['StringEquals', 'aws:SourceIdentity', 'mary', 'GetObject', () => get(role)(), get(mary)],
  ['Bool', 'aws:PrincipalIsAWSService', 'false', 'GetObject', get(mary), undefined],
  ['Bool', 'aws:ViaAWSService', 'false', 'GetObject', get(mary), undefined],
  ['Bool', 'aws:MultiFactorAuthPresent', 'false', 'GetObject', () => get(session)(), get(mary)],
  ['Null', 'aws:MultiFactorAuthAge', 'true', 'GetObject', get(mary), undefined],
  ['DateGreaterThan', 'aws:TokenIssueTime', yesterday, 'GetObject', () => get(role)(), get(mary)],
  // The request as such.
  ['DateGreaterThan', 'aws:CurrentTime', yesterday, 'GetObject', get(mary), undefined],
  ['NumericLessThan', 'aws:EpochTime', String(soon), 'GetObject', get(mary), undefined],
  ['IpAddress', 'aws:SourceIp', '127.0.0.0/8', 'GetObject', get(mary), undefined],
  ['Bool', 'aws:SecureTransport', 'false', 'GetObject', get(mary), undefined],
  ['StringLike', 'aws:UserAgent', 'robot/*', 'GetObject', getWith('user-agent', 'robot/1'), getWith('user-agent', 'human/1')],
  ['StringLike', 'aws:Referer', 'https://a.example/*', 'GetObject', getWith('referer', 'https://a.example/x'), get(mary)],
  ['StringEquals', 'aws:RequestedRegion', 'us-east-1', 'GetObject', get(mary), undefined],
  ['StringEquals', 'aws:ResourceAccount', accountId, 'GetObject', get(mary), undefined],
  ['StringEquals', 's3:ResourceAccount', accountId, 'GetObject', get(mary), undefined],
  ['StringEquals', 's3:authType', 'REST-HEADER', 'GetObject', get(mary), url(getCommand)],
  ['StringEquals', 's3:authType', 'REST-QUERY-STRING', 'GetObject', url(getCommand), get(mary)],
  ['StringEquals', 's3:authType', 'POST', 'PutObject', form({}), put({})],
  ['StringEquals', 's3:signatureversion', 'AWS4-HMAC-SHA256', 'GetObject', get(mary), undefined],
  ['NumericGreaterThan', 's3:signatureAge', '300000', 'GetObject', url(getCommand, {}, { signingDate: new Date(Date.now() - 400_000) }), url(getCommand)],
  ['NumericLessThan', 's3:signatureAge', '300000', 'PutObject', form({}), undefined],
  ['Null', 's3:TlsVersion', 'true', 'GetObject', get(mary), undefined],
  ['StringEquals', 's3:x-amz-content-sha256', 'UNSIGNED-PAYLOAD', 'PutObject', url(putCommand({}), { method: 'PUT', body: 'x' }), put({})],
  // Listings and versions.
  ['StringLike', 's3:prefix', 'home/*', 'ListBucket', list({ Prefix: 'home/a' }), list({ Prefix: 'b' })],
  ['StringEquals', 's3:delimiter', '/', 'ListBucket', list({ Delimiter: '/' }), list({})],
  ['NumericGreaterThan', 's3:max-keys', '10', 'ListBucket', list({ MaxKeys: 11 }), list({ MaxKeys: 10 })],
  ['StringEquals', 's3:prefix', 'x', 'ListBucketVersions', () => app.s3(mary).send(new ListObjectVersionsCommand({ Bucket, Prefix: 'x' })), () => app.s3(mary).send(new ListObjectVersionsCommand({ Bucket }))],
  ['StringEquals', 's3:prefix', 'x', 'ListBucketMultipartUploads', () => app.s3(mary).send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'x' })), () => app.s3(mary).send(new ListMultipartUploadsCommand({ Bucket }))],
  ['StringLike', 's3:VersionId', '?*', 'GetObjectVersion', () => get(mary, { VersionId: version })(), undefined],
  ['StringEquals', 's3:VersionId', 'null', 'DeleteObjectVersion', () => app.s3(mary).send(new DeleteObjectCommand({ Bucket, Key: 'none', VersionId: 'null' })), undefined],
  ['StringEquals', 's3:ExistingObjectTag/Class', 'secret', 'GetObject', get(mary, { Key: 'tagged' }), get(mary)],
  // Attributes of a write.
  ['StringEquals', 's3:x-amz-acl', 'public-read', 'PutObject', put({ ACL: 'public-read' }), put({ ACL: 'private' })],
  ['StringEquals', 's3:x-amz-acl', 'public-read', 'PutObject', url(putCommand({ ACL: 'public-read' }), { method: 'PUT', body: 'x' }), url(putCommand({ ACL: 'private' }), { method: 'PUT', body: 'x' })],
  ['StringEquals', 's3:x-amz-acl', 'public-read', 'PutObject', form({ acl: 'public-read' }), form({ acl: 'private' })],
  ...['full-control', 'read', 'read-acp', 'write-acp'].map((grant): Row => {
    const name = `Grant${grant.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())}`.replace('Acp', 'ACP')
    return ['StringLike', `s3:x-amz-grant-${grant}`, '*AuthenticatedUsers*', 'PutObject', put({ [name]: 'uri="http://acs.amazonaws.com/groups/global/AuthenticatedUsers"' }), put({})]
  }),
  ['StringEquals', 's3:x-amz-storage-class', 'STANDARD_IA', 'PutObject', put({ StorageClass: 'STANDARD_IA' }), put({ StorageClass: 'STANDARD' })],
  ['StringEquals', 's3:x-amz-storage-class', 'STANDARD_IA', 'PutObject', url(putCommand({ StorageClass: 'STANDARD_IA' }), { method: 'PUT', body: 'x' }), url(putCommand({}), { method: 'PUT', body: 'x' })],
  ['StringLike', 's3:x-amz-copy-source', `${Bucket}/a`, 'PutObject', copy({}), copy({ CopySource: `${Bucket}/tagged` })],
  ['StringEquals', 's3:x-amz-metadata-directive', 'REPLACE', 'PutObject', copy({ MetadataDirective: 'REPLACE' }), copy({})],
  ['StringEquals', 's3:x-amz-website-redirect-location', '/x', 'PutObject', put({ WebsiteRedirectLocation: '/x' }), put({ WebsiteRedirectLocation: '/y' })],
  ['StringEquals', 's3:if-none-match', '*', 'PutObject', put({ IfNoneMatch: '*', Key: 'fresh' }), put({})],
  ['StringLike', 's3:if-match', '?*', 'PutObject', put({ IfMatch: 'x' }), put({})],
  ['StringLike', 's3:if-match', '?*', 'DeleteObject', () => app.s3(mary).send(new DeleteObjectCommand({ Bucket, Key: 'd', IfMatch: '*' })), () => app.s3(mary).send(new DeleteObjectCommand({ Bucket, Key: 'd' }))],
  ['Bool', 's3:ObjectCreationOperation', 'true', 'PutObject', put({}), undefined],
  ['StringEquals', 's3:object-lock-mode', 'GOVERNANCE', 'PutObject', put(locked), put({})],
  ['DateGreaterThan', 's3:object-lock-retain-until-date', yesterday, 'PutObject', put(locked), put({})],
  ['NumericGreaterThan', 's3:object-lock-remaining-retention-days', '2', 'PutObject', put(locked), put({})],
  ['StringEquals', 's3:object-lock-legal-hold', 'ON', 'PutObject', put({ ObjectLockLegalHoldStatus: 'ON' }), put({})],
  ['StringEquals', 's3:object-lock-event-hold', 'ON', 'PutObject', put(held), put({})],
  ['NumericEquals', 's3:object-lock-event-hold-duration-days', '730', 'PutObject', put(held), put({})],
  // From the body.
  ['StringEquals', 's3:object-lock-mode', 'COMPLIANCE', 'PutObjectRetention', retain({ Mode: 'COMPLIANCE', RetainUntilDate: inDays(3) }), undefined],
  ['NumericGreaterThan', 's3:object-lock-remaining-retention-days', '2', 'PutObjectRetention', retain({ Mode: 'COMPLIANCE', RetainUntilDate: inDays(3) }), undefined],
  ['NumericEquals', 's3:object-lock-event-hold-duration-days', '730', 'PutObjectRetention', retain({ Mode: 'COMPLIANCE', EventHold: 'ON', EventHoldDuration: { Years: 2 } }), undefined],
  ['StringEquals', 's3:object-lock-legal-hold', 'ON', 'PutObjectLegalHold', () => app.s3(mary).send(new PutObjectLegalHoldCommand({ Bucket, Key: 'a', LegalHold: { Status: 'ON' } })), undefined],
  ['StringEquals', 's3:RequestObjectTag/Class', 'x', 'PutObject', put({ Tagging: 'Class=x' }), put({ Tagging: 'Class=y' })],
  ['ForAnyValue:StringEquals', 's3:RequestObjectTagKeys', 'Class', 'PutObject', put({ Tagging: 'Class=x' }), put({ Tagging: 'Other=y' })],
]

const outcome = (ask: Ask) =>
  ask().then(
    () => 'done',
    (error: Error) => error.name,
  )

describe('a Deny on', () => {
  it.each(rows)('%s %s %j of %s holds where it is met only', async (operator, key, value, action, met, unmet) => {
    const Resource = /^List/.test(action) ? arn : `${arn}/*`
    const deny = {
      Effect: 'Deny',
      Principal: '*',
      Action: `s3:${action}`,
      Resource,
      Condition: { [operator]: { [key]: value } },
    }
    await app.s3().send(new PutBucketPolicyCommand({ Bucket, Policy: policy(deny) }))
    expect(await outcome(met)).toBe('AccessDenied')
    if (unmet !== undefined) expect(await outcome(unmet)).toBe('done')
  })
})

describe('an Allow on a lock', () => {
  it('lets nobody in without one, nor with one but without the right to lock', async () => {
    const allowed = { ...allow('s3:PutObject', `${arn}/*`), Principal: { AWS: `arn:aws:iam::${accountId}:user/clerk` } }
    const Condition = { StringEquals: { 's3:object-lock-mode': 'GOVERNANCE' } }
    await app.s3().send(new PutBucketPolicyCommand({ Bucket, Policy: policy({ ...allowed, Condition }) }))
    expect(await outcome(put({ Key: 'locked' }, clerk))).toBe('AccessDenied')
    expect(await outcome(put({ Key: 'locked', ...locked }, clerk))).toBe('AccessDenied')
    expect(await outcome(get(mary, { Key: 'locked' }))).toBe('NoSuchKey')
  })
})
