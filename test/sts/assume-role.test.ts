import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type * as aws from '@aws-sdk/client-sts'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failure } from '../iam/client.ts'
import { accountId, allow, policy, rootKeys, type TestApp } from '../iam/start-app.ts'
import { carol, dave, erin } from './document.ts'
import { askersOf, keysIn, startWithObject } from './sessions.ts'

let app: TestApp
beforeAll(async () => {
  app = await startWithObject()
})
afterAll(() => app.close())

const { assume, whoIs, list, read } = askersOf(() => app)

describe('AssumeRole', () => {
  it('makes a session of the role, which works everywhere a key does', async () => {
    const answer = await assume(carol, 'reader')
    const keys = keysIn(answer.Credentials)
    expect(answer.AssumedRoleUser).toEqual({
      Arn: `arn:aws:sts::${accountId}:assumed-role/reader/session`,
      AssumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:session$/),
    })
    expect(keys.accessKeyId).toMatch(/^ASIA/)
    expect(answer.PackedPolicySize).toBeUndefined()
    expect(await whoIs(keys)).toMatchObject({
      Arn: answer.AssumedRoleUser?.Arn,
      UserId: answer.AssumedRoleUser?.AssumedRoleId,
    })
    await list(keys)
    const url = await getSignedUrl(app.s3(keys), new GetObjectCommand({ Bucket: 'docs', Key: 'a' }))
    expect(await (await fetch(url)).text()).toBe('content')
    await expect(app.s3(keys).send(new PutObjectCommand({ Bucket: 'docs', Key: 'b', Body: '' }))).rejects.toThrow(
      failure('AccessDenied', /assumed-role\/reader\/session is not authorized to perform: s3:PutObject/),
    )
    const writer = keysIn((await assume(dave, 'writer')).Credentials)
    const form = await createPresignedPost(app.s3(writer), { Bucket: 'docs', Key: 'form' })
    const data = new FormData()
    for (const [name, value] of Object.entries(form.fields)) data.append(name, value)
    data.append('file', new Blob(['posted']), 'f.txt')
    expect((await fetch(form.url, { method: 'POST', body: data })).status).toBe(204)
    const plain = await fetch(`${app.endpoint}/docs/a`, {
      headers: {
        'x-access-key': keys.accessKeyId,
        'x-secret-key': keys.secretAccessKey,
        'x-amz-security-token': keys.sessionToken ?? '',
      },
    })
    expect(await plain.text()).toBe('content')
  })

  it('needs the trust policy, and the caller’s own where it names the account', async () => {
    // The account is trusted, but dave has no policy that lets him.
    await expect(assume(dave, 'reader')).rejects.toThrow(
      failure('AccessDenied', /user\/dave is not authorized to perform: sts:AssumeRole/),
    )
    // dave himself is trusted, which is enough within an account.
    await assume(dave, 'writer')
    // carol may assume roles, but this one does not trust her.
    await expect(assume(carol, 'writer')).rejects.toThrow(failure('AccessDenied'))
    await expect(assume(carol, 'nothing')).rejects.toThrow(
      failure('AccessDenied', /sts:AssumeRole on resource: .*role\/nothing/),
    )
    await expect(assume(rootKeys, 'reader')).rejects.toThrow(failure('AccessDenied'))
  })

  it('across accounts needs both, and the external id', async () => {
    await expect(assume(erin, 'external')).rejects.toThrow(failure('AccessDenied'))
    await expect(assume(erin, 'external', { ExternalId: 'another' })).rejects.toThrow(failure('AccessDenied'))
    const { Credentials } = await assume(erin, 'external', { ExternalId: 'the-id' })
    expect(await whoIs(keysIn(Credentials))).toMatchObject({ Account: accountId })
  })

  it('is limited by a session policy, and never widened by it', async () => {
    const Policy = policy(allow(['s3:GetObject', 's3:PutObject']))
    const { Credentials, PackedPolicySize } = await assume(carol, 'reader', { Policy })
    expect(PackedPolicySize).toBeGreaterThan(0)
    await read(keysIn(Credentials))
    await expect(list(keysIn(Credentials))).rejects.toThrow(failure('AccessDenied', /no session policy allows/))
    await expect(
      app.s3(keysIn(Credentials)).send(new PutObjectCommand({ Bucket: 'docs', Key: 'b', Body: '' })),
    ).rejects.toThrow(failure('AccessDenied'))
    const managed = await assume(carol, 'reader', {
      PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/IAMReadOnlyAccess' }],
    })
    await expect(list(keysIn(managed.Credentials))).rejects.toThrow(failure('AccessDenied'))
  })

  it('passes tags on, to the trust policy, the session and, if transitive, the next role', async () => {
    const Tags = [{ Key: 'team', Value: 'a' }]
    await expect(assume(carol, 'tagged')).rejects.toThrow(failure('AccessDenied'))
    const { Credentials } = await assume(carol, 'tagged', { Tags })
    await list(keysIn(Credentials))
    const first = await assume(carol, 'chained', { Tags, TransitiveTagKeys: ['team'] })
    const chained = keysIn(first.Credentials)
    await expect(assume(chained, 'chained', { Tags: [{ Key: 'Team', Value: 'b' }] })).rejects.toThrow(
      failure('ValidationError', /transitive/),
    )
    await expect(assume(carol, 'tagged', { Tags: [...Tags, { Key: 'TEAM', Value: 'b' }] })).rejects.toThrow(
      failure('InvalidInput', /Duplicate tag keys/),
    )
  })

  it('lasts as long as the role allows, and an hour at most when chained', async () => {
    await expect(assume(carol, 'reader', { DurationSeconds: 7200 })).rejects.toThrow(
      failure('ValidationError', /MaxSessionDuration/),
    )
    await expect(assume(carol, 'reader', { DurationSeconds: 100 })).rejects.toThrow(
      failure('ValidationError', /durationSeconds/),
    )
    const { Credentials } = await assume(carol, 'chained', { DurationSeconds: 43_200 })
    const seconds = ((Credentials?.Expiration?.getTime() ?? 0) - Date.now()) / 1000
    expect(Math.abs(seconds - 43_200)).toBeLessThan(60)
    const chained = keysIn(Credentials)
    await expect(assume(chained, 'chained', { DurationSeconds: 7200 })).rejects.toThrow(
      failure('ValidationError', /1 hour session limit/),
    )
    await assume(chained, 'chained', { DurationSeconds: 3600 })
  })

  it('keeps the source identity along a chain', async () => {
    const { Credentials, SourceIdentity } = await assume(carol, 'chained', { SourceIdentity: 'carol' })
    expect(SourceIdentity).toBe('carol')
    const chained = keysIn(Credentials)
    expect((await assume(chained, 'reader')).SourceIdentity).toBe('carol')
    await expect(assume(chained, 'reader', { SourceIdentity: 'dave' })).rejects.toThrow(failure('AccessDenied'))
  })

  it.each([
    ['a session name with blanks', { RoleSessionName: 'a b' }, 'ValidationError'],
    ['a policy that is no JSON', { Policy: '{' }, 'MalformedPolicyDocument'],
    ['a policy with a principal', { Policy: policy({ ...allow('s3:*'), Principal: '*' }) }, 'MalformedPolicyDocument'],
    ['a policy that is too long', { Policy: policy(allow('s3:*', 'x'.repeat(2100))) }, 'ValidationError'],
    ['a device', { SerialNumber: 'arn:aws:iam::111122223333:mfa/x', TokenCode: '123456' }, 'AccessDenied'],
  ] as [string, Partial<aws.AssumeRoleCommandInput>, string][])('refuses %s', async (_, more, code) => {
    await expect(assume(carol, 'reader', more)).rejects.toThrow(failure(code))
  })
})
