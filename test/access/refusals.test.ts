/** Every AccessDenied answer: with AWS's message, and the id of a record with the reason for those who may see it. */
import { createHash, createHmac } from 'node:crypto'
import { GetSessionTokenCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DecisionRecord } from '#access/records/decision-journal.ts'
import { accountId, allow, keysOf, otherAccountId, policy, rootKeys, startApp, type TestApp } from '../iam/start-app.ts'
import { type SigningOptions, signHeaders, signQuery } from '../input/signer.ts'
import { type Answer, exchange, format, type HeaderLines, type WireRequest } from '../input/wire.ts'

const user = (name: string, ...statements: object[]) => ({
  name,
  keys: [{ id: keyOf(name), secret: `${keyOf(name)}-secret` }],
  inline: { all: { Version: '2012-10-17', Statement: statements } },
})
const keyOf = (name: string) => `KEYOF${name.toUpperCase()}`.padEnd(20, '0')
const trustNobody = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }
const limited = {
  id: keyOf('limited'),
  secret: `${keyOf('limited')}-secret`,
  policies: [{ Version: '2012-10-17', Statement: [allow('*')] }],
}

const document = {
  version: 2,
  accounts: [
    {
      id: accountId,
      keys: [{ id: rootKeys.accessKeyId, secret: rootKeys.secretAccessKey }],
      users: [
        user('admin', allow('*')),
        user('reader', allow('s3:GetObject')),
        {
          ...user('denied', allow('*'), { ...allow('s3:DeleteObject'), Effect: 'Deny' }),
          keys: [...user('denied').keys, limited],
        },
      ],
      roles: [{ name: 'closed', trust: { Version: '2012-10-17', Statement: [trustNobody] } }],
    },
    { id: otherAccountId, users: [user('stranger', allow('*'))] },
  ],
}

let app: TestApp
let port = 0

interface Asked {
  /** `PUT /bucket/key?query`. */
  readonly line: string
  readonly as?: string
  readonly headers?: HeaderLines
  readonly body?: string
  readonly signing?: Partial<SigningOptions>
  readonly expires?: string
  readonly how?: 'header' | 'query' | 'unsigned'
  /** Changes the request after signing. */
  readonly alter?: (signed: WireRequest) => Partial<WireRequest>
}

function ask({
  line,
  as = 'admin',
  headers = [],
  body = '',
  how = 'header',
  signing,
  expires,
  alter,
}: Asked): Promise<Answer> {
  const [method = '', target = ''] = line.split(' ')
  const lines: HeaderLines = [['Host', `127.0.0.1:${port}`], ...headers, ['Content-Length', String(body.length)]]
  const request = { method, target, headers: lines, body: Buffer.from(body) }
  const id = as === 'root' ? rootKeys.accessKeyId : keyOf(as)
  const credentials = { accessKeyId: id, secret: `${id}-secret`, ...signing }
  const signed =
    how === 'unsigned'
      ? request
      : how === 'header'
        ? signHeaders(request, credentials)
        : signQuery(request, {
            unsigned: ['content-length'],
            ...credentials,
            ...(expires === undefined ? {} : { expires }),
          })
  return exchange(port, format({ ...signed, ...alter?.(signed) }))
}

const plain = (key: string, secret: string, line: string) =>
  ask({
    line,
    how: 'unsigned',
    headers: [
      ['X-Access-Key', key],
      ['X-Secret-Key', secret],
    ],
  })

const query = (as: string, service: 'iam' | 'sts', params: Record<string, string>) => {
  const Version = service === 'iam' ? '2010-05-08' : '2011-06-15'
  const body = new URLSearchParams({ Version, ...params }).toString()
  return ask({
    line: 'POST /',
    as,
    body,
    signing: { service },
    headers: [['Content-Type', 'application/x-www-form-urlencoded']],
  })
}

/** `policy` as it is signed; `more` fields that it does not cover. */
function form(policy: object | undefined, more: Record<string, string> = {}): Promise<Answer> {
  const fields: Record<string, string> = { key: 'uploaded', ...more }
  if (policy !== undefined) {
    fields.policy = Buffer.from(JSON.stringify(policy)).toString('base64')
    fields.AWSAccessKeyId = keyOf('admin')
    fields.signature = createHmac('sha1', `${keyOf('admin')}-secret`)
      .update(fields.policy)
      .digest('base64')
  }
  const parts = Object.entries(fields).map(
    ([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const file = '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n--b--\r\n'
  return ask({
    line: 'POST /bucket',
    how: 'unsigned',
    body: parts.join('') + file,
    headers: [['Content-Type', 'multipart/form-data; boundary=b']],
  })
}

const later = () => new Date(Date.now() + 60_000).toISOString()
const hoursAgo = (hours: number) => ({ nowMs: Date.now() - hours * 3_600_000 })
const without = (name: string) => (signed: WireRequest) => ({
  headers: signed.headers.filter(([header]) => header.toLowerCase() !== name),
})
const v2 = (more: string) =>
  ask({ line: `GET /bucket/object?AWSAccessKeyId=${keyOf('admin')}&Signature=x${more}`, how: 'unsigned' })
const aclOf = (owner: string) =>
  `<AccessControlPolicy><Owner><ID>${owner}</ID></Owner><AccessControlList></AccessControlList></AccessControlPolicy>`
const publicPolicy = policy({ ...allow('s3:GetObject', 'arn:aws:s3:::closed/*'), Principal: '*' })
const arn = (name: string) => `arn:aws:iam::${accountId}:user/${name}`
const read = { line: 'GET /bucket/object' }

beforeAll(async () => {
  const settings = { MYFSIO_BUCKETS: 'bucket', SIGNATURE_V2: 'on', AUTH_MAX_ATTEMPTS: '3' }
  app = await startApp({ document, settings })
  port = Number(new URL(app.endpoint).port)
  const publicRead = { ...allow('s3:GetObject', 'arn:aws:s3:::bucket/public'), Principal: '*' }
  const kept = { ...allow('s3:GetObject', 'arn:aws:s3:::bucket/kept'), Principal: '*', Effect: 'Deny' }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [publicRead, kept] })
  const block =
    '<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><BlockPublicPolicy>true</BlockPublicPolicy></PublicAccessBlockConfiguration>'
  for (const asked of [
    { line: 'DELETE /bucket?publicAccessBlock' },
    { line: 'PUT /bucket?policy', body: Policy },
    { line: 'PUT /bucket/public', body: 'x' },
    { line: 'PUT /bucket/object', body: 'x' },
    { line: 'PUT /bucket/kept', body: 'x' },
    { line: 'PUT /closed', headers: [['x-amz-object-ownership', 'ObjectWriter']] as HeaderLines },
    { line: 'PUT /closed?publicAccessBlock', body: block },
  ]) {
    const { status, body } = await ask(asked)
    if (status >= 300) throw new Error(`${asked.line}: ${body}`)
  }
})
afterAll(() => app.close())

type Case = readonly [what: string, ask: () => Promise<Answer>, message: string | RegExp, told: object]

const why = (hint: string | RegExp) => ({ hint: typeof hint === 'string' ? hint : expect.stringMatching(hint) })
const implicit = { decision: expect.objectContaining({ reason: 'implicit-deny' }) }

// biome-ignore format: a table
const cases: readonly Case[] = [
  // Decided by policies
  ['no policy allows it', () => ask({ line: 'PUT /bucket/object', as: 'reader' }), `User: ${arn('reader')} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::bucket/object" because no identity-based policy allows the s3:PutObject action`, implicit],
  ['a policy of the user denies it', () => ask({ line: 'DELETE /bucket/object', as: 'denied' }), /with an explicit deny in an identity-based policy$/, { decision: expect.objectContaining({ reason: 'explicit-deny' }) }],
  ['the policy of the bucket denies it', () => ask({ line: 'GET /bucket/kept' }), /with an explicit deny in a resource-based policy$/, {}],
  ['it is of another account', () => ask({ ...read, as: 'stranger' }), 'Access Denied', implicit],
  ['nobody has signed', () => ask({ ...read, how: 'unsigned' }), 'Access Denied', implicit],
  ['nobody has signed, and it is about no bucket yet', () => ask({ line: 'PUT /new-bucket', how: 'unsigned' }), 'Access Denied', { request: expect.objectContaining({ action: 's3:CreateBucket', resourceAccount: accountId }) }],
  ['the key is missing, which only those learn who may list', () => ask({ line: 'GET /bucket/missing', as: 'reader' }), /s3:ListBucket/, implicit],
  ['the version is missing, likewise', () => ask({ line: 'GET /bucket/missing?versionId=null', as: 'reader' }), /s3:GetObjectVersion/, implicit],
  ['the source of a copy may not be read', () => ask({ line: 'PUT /bucket/copy', headers: [['x-amz-copy-source', '/bucket/kept']] }), /s3:GetObject on resource: "arn:aws:s3:::bucket\/kept"/, {}],
  // Refusals without a policy
  ['another owner is expected', () => ask({ line: 'GET /bucket', headers: [['x-amz-expected-bucket-owner', otherAccountId]] }), 'Access Denied', why('bucket belongs to another account than x-amz-expected-bucket-owner says.')],
  ['public policies are blocked', () => ask({ line: 'PUT /closed?policy', body: publicPolicy }), /because public policies are blocked by the BlockPublicPolicy block public access setting\.$/, {}],
  ['public ACLs are blocked', () => ask({ line: 'PUT /closed?acl', headers: [['x-amz-acl', 'public-read']] }), /because public ACLs are blocked by the BlockPublicAcls block public access setting\.$/, {}],
  ['an ACL names another owner', () => ask({ line: 'PUT /closed?acl', body: aclOf('f'.repeat(64)) }), 'Access Denied', { request: expect.objectContaining({ action: 's3:PutBucketAcl' }) }],
  // Forms
  ['the policy of a form has expired', () => form({ expiration: '2020-01-01T00:00:00Z', conditions: [] }), 'Invalid according to Policy: Policy expired.', { requester: expect.objectContaining({ arn: arn('admin') }) }],
  ['a form has what its policy does not cover', () => form({ expiration: later(), conditions: [{ bucket: 'bucket' }, { key: 'uploaded' }] }, { acl: 'private' }), 'Invalid according to Policy: Extra input fields: acl', { request: expect.objectContaining({ action: 's3:PutObject', bucket: 'bucket' }) }],
  ['nobody has signed a form', () => form(undefined), 'Access Denied', implicit],
  // Credentials
  ['a URL has expired', () => ask({ ...read, how: 'query', signing: hoursAgo(2) }), 'Request has expired', why(/^The URL expired 105 minutes ago/)],
  ['a URL had expired when it was made', () => ask({ ...read, how: 'query', expires: '0' }), 'Request has expired', why('Request has expired')],
  ['a URL is for later', () => ask({ ...read, how: 'query', signing: hoursAgo(-2) }), 'Request is not valid yet', why(/^The URL is dated in the future/)],
  ['a header is not signed', () => ask({ ...read, alter: ({ headers }) => ({ headers: [...headers, ['x-amz-meta-a', 'b']] }) }), 'There were headers present in the request which were not signed', why(/^Not signed, but received: x-amz-meta-a/)],
  ['there is no date', () => ask({ ...read, alter: without('x-amz-date') }), 'AWS authentication requires a valid Date or x-amz-date header', { requester: expect.objectContaining({ arn: arn('admin') }) }],
  ['there is no date, with the old signature', () => ask({ ...read, how: 'unsigned', headers: [['Authorization', `AWS ${keyOf('admin')}:x`]] }), 'AWS authentication requires a valid Date or x-amz-date header', {}],
  ['an old URL has expired', () => v2('&Expires=1'), 'Request has expired', why(/^The URL expired \d+ minutes ago/)],
  ['an old URL has no expiry', () => v2('&Expires=soon'), 'Invalid Expires', {}],
  ['the secret beside a key is wrong', () => plain(keyOf('admin'), 'wrong', 'GET /bucket'), 'Invalid credentials', { ...why('The secret is wrong for this key.'), requester: expect.objectContaining({ arn: arn('admin') }) }],
  ['the key beside a secret is nobody’s', () => plain('AKIA0000000000000000', 'wrong', 'GET /bucket'), 'Invalid credentials', { ...why('There is no such active access key.'), account: accountId, requester: expect.objectContaining({ type: 'anonymous', accessKeyId: 'AKIA0000000000000000' }) }],
  ['key and secret have changed places', () => plain('a/secret+of=mine', keyOf('admin'), 'GET /bucket'), 'Invalid credentials', { requester: expect.objectContaining({ accessKeyId: 'HIDDEN_DUE_TO_SECURITY_REASONS' }) }],
  ['a key is locked after too many wrong secrets', async () => { for (let i = 0; i < 3; i++) await plain('guessed', 'wrong', 'GET /bucket'); return plain('guessed', 'wrong', 'GET /bucket') }, /^Access temporarily locked\. Try again in \d+ seconds\.$/, why(/^3 attempts with wrong secrets/)],
  // Questions about decisions
  ['a stranger asks for decisions', () => ask({ line: 'GET /_/decisions', how: 'unsigned' }), 'Access Denied', { ...implicit, request: expect.objectContaining({ action: 'sts:DecodeAuthorizationMessage', resourceAccount: accountId }) }],
  ['a wrong secret asks for decisions', () => plain(keyOf('admin'), 'wrong', 'GET /_/decisions'), 'Invalid credentials', why(/secret/)],
  ['a reader asks for an explanation', () => ask({ line: 'POST /_/explain', as: 'reader', body: '{}' }), /iam:SimulatePrincipalPolicy because no identity-based policy/, implicit],
  ['another account asks for the state of the documents', () => ask({ line: 'GET /_/status', as: 'stranger' }), 'Access Denied', {}],
  ['a stranger asks for a URL', () => ask({ line: 'POST /presign/bucket/public', how: 'unsigned' }), 'Access Denied', why(/^The request is not signed/)],
  ['a reader asks for a policy', () => ask({ line: 'GET /bucket-policy/bucket', as: 'reader' }), /s3:GetBucketPolicy on resource/, implicit],
  ['public policies are blocked there too', () => ask({ line: 'PUT /bucket-policy/closed', body: publicPolicy }), /because public policies are blocked by the BlockPublicPolicy block public access setting\.$/, {}],
  // IAM
  ['IAM is not allowed', () => query('reader', 'iam', { Action: 'ListUsers' }), /is not authorized to perform: iam:ListUsers .*because no identity-based policy allows/, implicit],
  ['a policy of AWS is to be changed', () => query('admin', 'iam', { Action: 'DeletePolicy', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }), /AdministratorAccess is managed by AWS/, { request: expect.objectContaining({ action: 'iam:DeletePolicy' }) }],
  ['a secret asks IAM that is wrong', () => ask({ line: 'POST /', how: 'unsigned', body: 'Action=ListUsers&Version=2010-05-08', headers: [['Content-Type', 'application/x-www-form-urlencoded'], ['X-Access-Key', keyOf('reader')], ['X-Secret-Key', 'wrong']] }), 'Invalid credentials', why(/secret/)],
  // STS
  ['a role trusts somebody else', () => query('admin', 'sts', { Action: 'AssumeRole', RoleArn: `arn:aws:iam::${accountId}:role/closed`, RoleSessionName: 'me' }), `User: ${arn('admin')} is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::${accountId}:role/closed because no role trust policy allows the sts:AssumeRole action`, implicit],
  ['there is no such role', () => query('admin', 'sts', { Action: 'AssumeRole', RoleArn: `arn:aws:iam::${accountId}:role/none`, RoleSessionName: 'me' }), `User: ${arn('admin')} is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::${accountId}:role/none because no role trust policy allows the sts:AssumeRole action`, why('There is no such role.')],
  ['a role of another account is asked for', () => query('stranger', 'sts', { Action: 'AssumeRole', RoleArn: `arn:aws:iam::${accountId}:role/closed`, RoleSessionName: 'me' }), `User: arn:aws:iam::${otherAccountId}:user/stranger is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::${accountId}:role/closed`, implicit],
  ['a root assumes a role', () => query('root', 'sts', { Action: 'AssumeRole', RoleArn: `arn:aws:iam::${accountId}:role/closed`, RoleSessionName: 'me' }), 'Roles may not be assumed by root accounts.', { request: expect.objectContaining({ action: 'sts:AssumeRole' }) }],
  ['a device is shown that nobody has', () => query('admin', 'sts', { Action: 'GetSessionToken', SerialNumber: 'arn:aws:iam::1:mfa/x', TokenCode: '123456' }), /^MultiFactorAuthentication failed/, {}],
  ['a limited key vouches for others', () => query('limited', 'sts', { Action: 'GetFederationToken', Name: 'other' }), /sts:GetFederationToken because no session policy allows/, {}],
]

async function recordOf(answer: Answer): Promise<DecisionRecord> {
  const id = answer.headers['x-myfsio-decision-id'] ?? ''
  for (const as of ['admin', 'stranger']) {
    const shown = await ask({ line: `GET /_/decisions/${id}`, as })
    if (shown.status === 200) return JSON.parse(shown.body) as DecisionRecord
  }
  throw new Error(`No record of ${id} for anybody`)
}

describe('AccessDenied is explained when', () => {
  it.each(cases)('%s', async (_what, refuse, message, told) => {
    const answer = await refuse()
    expect([answer.status, answer.code]).toEqual([403, 'AccessDenied'])
    const shown = answer.message.replaceAll('&quot;', '"').replaceAll('&apos;', "'")
    if (typeof message === 'string') expect(shown).toBe(message)
    else expect(shown).toMatch(message)
    const record = await recordOf(answer)
    expect(record).toMatchObject({ outcome: 'Deny', code: 'AccessDenied', sourceAddress: '127.0.0.1', ...told })
    expect(record.hint ?? record.policies).toBeDefined()
  })

  it('it is one of several objects to delete', async () => {
    const body = '<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>'
    const md5 = createHash('md5').update(body).digest('base64')
    const answer = await ask({ line: 'POST /bucket?delete', as: 'denied', body, headers: [['Content-MD5', md5]] })
    expect(answer.body.match(/<Code>AccessDenied<\/Code>/g)).toHaveLength(2)
    const ids = answer.headers['x-myfsio-decision-id']?.split(', ') ?? []
    const resources = []
    for (const id of ids) {
      const shown = await ask({ line: `GET /_/decisions/${id}` })
      resources.push((JSON.parse(shown.body) as DecisionRecord).request?.resource)
    }
    expect(resources).toEqual(['arn:aws:s3:::bucket/a', 'arn:aws:s3:::bucket/b'])
  })

  it('credentials of a session ask for what takes a key of one’s own', async () => {
    const { Credentials: given } = await app.sts(keysOf(keyOf('admin'))).send(new GetSessionTokenCommand({}))
    const {
      AccessKeyId: accessKeyId = '',
      SecretAccessKey: secretAccessKey = '',
      SessionToken: sessionToken = '',
    } = given ?? {}
    const again = app.sts({ accessKeyId, secretAccessKey, sessionToken }).send(new GetSessionTokenCommand({}))
    await expect(again).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'Cannot call GetSessionToken with session credentials',
      $response: { headers: { 'x-myfsio-decision-id': expect.stringMatching(/^[0-9a-f]{16}$/) } },
    })
  })
})
