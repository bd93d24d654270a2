/** What depends on the time of day goes by the clock of the services, which is ten days behind the system's here. */
import {
  CreateUserCommand,
  GetAccessKeyLastUsedCommand,
  GetCredentialReportCommand,
  SimulateCustomPolicyCommand,
} from '@aws-sdk/client-iam'
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { AssumeRoleCommand, AssumeRoleWithWebIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  accountId,
  allow,
  type Keys,
  keysOf,
  policy,
  rootKeys,
  startApp,
  type TestApp,
  testDocument,
} from '../iam/start-app.ts'
import { startTestIssuer, type TestIssuer } from '../sts/issuer.ts'
import { keysIn } from '../sts/sessions.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { postForm } from '../support/post-form.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

const Bucket = 'bucket'
const Key = 'key'
const ada = keysOf('KEYOFADA000000000001')
const brief = keysOf('KEYOFBRIEF0000000001')
const early = keysOf('KEYOFEARLY0000000001')
const epoch = keysOf('KEYOFEPOCH0000000001')

let issuer: TestIssuer
let clock: ManualClock
let app: TestApp

beforeAll(async () => {
  issuer = await startTestIssuer()
})
afterAll(() => issuer.close())
beforeEach(async () => {
  clock = new ManualClock(Math.floor(Date.now() / 1000) * 1000 - 10 * dayMs)
  app = await startApp({ clock, document: documentOf(clock.nowMs()), settings: { OIDC_PRIVATE_ISSUERS: 'on' } })
  const s3 = app.s3(ada)
  await s3.send(new CreateBucketCommand({ Bucket }))
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'body' }))
})
afterEach(() => app.close())

/** One key expires after an hour; two policies allow something for an hour. */
function documentOf(nowMs: number) {
  const end = new Date(nowMs + hourMs).toISOString()
  const text = (statement: object) => JSON.parse(policy({ ...allow('*'), ...statement }))
  const trusts = (principal: object, action: string) =>
    JSON.parse(policy({ Effect: 'Allow', Principal: principal, Action: action }))
  const provider = `arn:aws:iam::${accountId}:oidc-provider/${issuer.url.replace('http://', '')}`
  const user = (name: string, keys: Keys, statement: object = {}, more: object = {}) => ({
    name,
    keys: [{ id: keys.accessKeyId, secret: keys.secretAccessKey, ...more }],
    inline: { all: text(statement) },
  })
  const users = [
    user('ada', ada),
    user('brief', brief, {}, { expiresAt: end }),
    user('early', early, { Condition: { DateLessThan: { 'aws:CurrentTime': end } } }),
    user('epoch', epoch, { Condition: { NumericLessThan: { 'aws:EpochTime': String(Date.parse(end) / 1000) } } }),
  ]
  const roles = [
    { name: 'worker', trust: trusts({ AWS: accountId }, 'sts:AssumeRole'), inline: { all: text({}) } },
    {
      name: 'web',
      trust: trusts({ Federated: provider }, 'sts:AssumeRoleWithWebIdentity'),
      inline: { all: text({}) },
    },
  ]
  const oidcProviders = [{ url: issuer.url, clientIds: ['the-app'] }]
  return { version: 2, accounts: [{ ...testDocument.accounts[0], users, roles, oidcProviders }] }
}

const read = (keys: Keys) => app.s3(keys).send(new GetObjectCommand({ Bucket, Key }))
const asked = (name: string) => ({ RoleArn: `arn:aws:iam::${accountId}:role/${name}`, RoleSessionName: 'session' })

describe('by the clock of the services', () => {
  it('an access key expires', async () => {
    await read(brief)
    clock.jump(hourMs - 1000)
    await read(brief)
    clock.jump(1000)
    await expect(read(brief)).rejects.toMatchObject({ name: 'InvalidAccessKeyId' })
  })

  it.each([
    ['of a role', () => app.sts(ada).send(new AssumeRoleCommand({ ...asked('worker'), DurationSeconds: 900 }))],
    ['of a key', () => app.sts(ada).send(new GetSessionTokenCommand({ DurationSeconds: 900 }))],
  ])('a session %s expires', async (_of, ask) => {
    const { Credentials } = await ask()
    expect(Credentials?.Expiration?.getTime()).toBe(clock.nowMs() + 900_000)
    await read(keysIn(Credentials))
    clock.jump(899_000)
    await read(keysIn(Credentials))
    clock.jump(1000)
    await expect(read(keysIn(Credentials))).rejects.toMatchObject({ name: 'ExpiredToken' })
  })

  it('a session ends with the key that it comes from', async () => {
    const { Credentials } = await app.sts(brief).send(new GetSessionTokenCommand({ DurationSeconds: 7200 }))
    await read(keysIn(Credentials))
    clock.jump(hourMs)
    await expect(read(keysIn(Credentials))).rejects.toMatchObject({ name: 'InvalidToken' })
  })

  it('a token of an issuer expires', async () => {
    const WebIdentityToken = await issuer.token({}, { expires: Math.floor((clock.nowMs() + hourMs) / 1000) })
    const ask = () => app.sts().send(new AssumeRoleWithWebIdentityCommand({ ...asked('web'), WebIdentityToken }))
    const { Credentials } = await ask()
    await read(keysIn(Credentials))
    clock.jump(hourMs + minuteMs)
    await expect(ask()).rejects.toMatchObject({ name: 'ExpiredTokenException' })
  })

  it.each([
    ['aws:CurrentTime', early],
    ['aws:EpochTime', epoch],
  ])('a condition on %s is judged', async (_key, keys) => {
    await read(keys)
    clock.jump(hourMs)
    await expect(read(keys)).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  it('a simulation judges conditions on the time', async () => {
    const end = new Date(clock.nowMs() + hourMs).toISOString()
    const PolicyInputList = [policy({ ...allow('s3:*'), Condition: { DateLessThan: { 'aws:CurrentTime': end } } })]
    const simulate = async () => {
      const asked = new SimulateCustomPolicyCommand({ PolicyInputList, ActionNames: ['s3:GetObject'] })
      return (await app.iam(ada).send(asked)).EvaluationResults?.[0]?.EvalDecision
    }
    expect(await simulate()).toBe('allowed')
    clock.jump(hourMs)
    expect(await simulate()).toBe('implicitDeny')
  })

  it('the policy of a form expires', async () => {
    const endMs = clock.nowMs() + hourMs
    const post = () => postForm(app.endpoint, Bucket, ada, endMs)
    expect((await post()).status).toBe(204)
    clock.jump(hourMs)
    const refused = await post()
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('Policy expired')])
  })

  it('a presigned URL is made and expires', async () => {
    const answer = await fetch(`${app.endpoint}/presign/${Bucket}/${Key}`, {
      method: 'POST',
      headers: { 'x-access-key': ada.accessKeyId, 'x-secret-key': ada.secretAccessKey },
      body: JSON.stringify({ method: 'GET', expires_in: 600 }),
    })
    const { url } = (await answer.json()) as { url: string }
    expect((await fetch(url)).status).toBe(200)
    clock.jump(599_000)
    expect((await fetch(url)).status).toBe(200)
    clock.jump(2000)
    expect((await fetch(url)).status).toBe(403)
  })

  it('If-Modified-Since is in the future or not', async () => {
    const { LastModified } = await app.s3(ada).send(new HeadObjectCommand({ Bucket, Key }))
    const readSince = (IfModifiedSince: Date) =>
      app.s3(ada).send(new GetObjectCommand({ Bucket, Key, IfModifiedSince }))
    const later = new Date((LastModified?.getTime() ?? 0) + hourMs)
    await readSince(later)
    clock.jump(hourMs)
    await expect(readSince(later)).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } })
  })

  it('buckets, users and uses of keys have their dates', async () => {
    const now = new Date(clock.nowMs())
    const { Buckets } = await app.s3(ada).send(new ListBucketsCommand({}))
    expect(Buckets?.[0]?.CreationDate).toEqual(now)
    const iam = app.iam(ada)
    const { User } = await iam.send(new CreateUserCommand({ UserName: 'new' }))
    expect(User?.CreateDate).toEqual(now)
    const used = new GetAccessKeyLastUsedCommand({ AccessKeyId: ada.accessKeyId })
    expect((await iam.send(used)).AccessKeyLastUsed?.LastUsedDate).toEqual(now)
    expect((await iam.send(new GetCredentialReportCommand({}))).GeneratedTime).toEqual(now)
  })

  it('answers have their date, from which a client whose clock is wrong corrects it', async () => {
    const answer = await fetch(`${app.endpoint}/${Bucket}`)
    expect(answer.headers.get('date')).toBe(new Date(clock.nowMs()).toUTCString())
    const s3 = new S3Client({
      endpoint: app.endpoint,
      region: 'us-east-1',
      credentials: rootKeys,
      forcePathStyle: true,
      maxAttempts: 2,
    })
    await s3.send(new HeadObjectCommand({ Bucket, Key }))
    s3.destroy()
  })
})
