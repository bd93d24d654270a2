/** Object Lock as it is executed: what protects a version, until when, from what, and who may pass it. */
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../support/manual-clock.ts'
import { startServer, type TestServer } from '../start-server.ts'

const dayMs = 86_400_000
const refusal = { name: 'AccessDenied', message: 'Access Denied because object protected by object lock.' }
let server: TestServer
let client: aws.S3Client
let clock: ManualClock
let Bucket = ''
let made = 0

beforeAll(async () => {
  clock = new ManualClock()
  server = await startServer({ engine: 'memory', clock })
  client = server.client()
})
afterAll(async () => {
  client.destroy()
  await server.close()
})
beforeEach(async () => {
  Bucket = `locked-${++made}`
  await client.send(new aws.CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))
})

type Lock = Partial<aws.PutObjectCommandInput>
const inDays = (days: number) => new Date(Math.floor(clock.nowMs() / 1000) * 1000 + days * dayMs)
const put = async (Key = 'key', lock: Lock = {}) => {
  const { VersionId } = await client.send(new aws.PutObjectCommand({ Bucket, Key, Body: 'bytes', ...lock }))
  return VersionId ?? ''
}
const head = (VersionId?: string, Key = 'key') => client.send(new aws.HeadObjectCommand({ Bucket, Key, VersionId }))
const remove = (VersionId?: string, options: Partial<aws.DeleteObjectCommandInput> = {}, from = client) =>
  from.send(new aws.DeleteObjectCommand({ Bucket, Key: 'key', VersionId, ...options }))
const retain = (Retention: aws.ObjectLockRetention, options: Partial<aws.PutObjectRetentionCommandInput> = {}) =>
  client.send(new aws.PutObjectRetentionCommand({ Bucket, Key: 'key', Retention, ...options }))
const retention = async (VersionId?: string) =>
  (await client.send(new aws.GetObjectRetentionCommand({ Bucket, Key: 'key', VersionId }))).Retention
const hold = (Status: 'ON' | 'OFF', VersionId?: string) =>
  client.send(new aws.PutObjectLegalHoldCommand({ Bucket, Key: 'key', VersionId, LegalHold: { Status } }))
const configure = (DefaultRetention?: aws.DefaultRetention) =>
  client.send(
    new aws.PutObjectLockConfigurationCommand({
      Bucket,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        ...(DefaultRetention && { Rule: { DefaultRetention } }),
      },
    }),
  )
const governed = (days = 1): Lock => ({ ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(days) })
const compliant = (days = 1): Lock => ({ ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: inDays(days) })

describe('a bucket with Object Lock', () => {
  it('has versioning from its creation, and cannot suspend it', async () => {
    expect(await client.send(new aws.GetBucketVersioningCommand({ Bucket }))).toMatchObject({ Status: 'Enabled' })
    const suspend = { Bucket, VersioningConfiguration: { Status: 'Suspended' as const } }
    await expect(client.send(new aws.PutBucketVersioningCommand(suspend))).rejects.toMatchObject({
      name: 'InvalidBucketState',
      message: 'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
      $metadata: { httpStatusCode: 409 },
    })
  })

  it('can be one that exists with versioning, and keeps Object Lock when its rule goes', async () => {
    Bucket = `late-${made}`
    await client.send(new aws.CreateBucketCommand({ Bucket }))
    await expect(configure({ Mode: 'GOVERNANCE', Days: 1 })).rejects.toMatchObject({
      name: 'InvalidBucketState',
      message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
      $metadata: { httpStatusCode: 409 },
    })
    const before = await put('before')
    const VersioningConfiguration = { Status: 'Enabled' as const }
    await client.send(new aws.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
    await configure({ Mode: 'GOVERNANCE', Years: 2 })
    const read = async () =>
      (await client.send(new aws.GetObjectLockConfigurationCommand({ Bucket }))).ObjectLockConfiguration
    const rule = { DefaultRetention: { Mode: 'GOVERNANCE', Years: 2 } }
    expect(await read()).toEqual({ ObjectLockEnabled: 'Enabled', Rule: rule })
    await configure()
    expect(await read()).toEqual({ ObjectLockEnabled: 'Enabled' })
    expect(before).toBe('')
    await client.send(
      new aws.PutObjectRetentionCommand({
        Bucket,
        Key: 'before',
        VersionId: 'null',
        Retention: { Mode: 'GOVERNANCE', RetainUntilDate: inDays(1) },
      }),
    )
    await expect(remove('null', { Key: 'before' })).rejects.toMatchObject(refusal)
  })

  it('gives its new versions the default retention, counted from their own creation', async () => {
    await configure({ Mode: 'GOVERNANCE', Days: 3 })
    clock.jump(10 * dayMs)
    const first = await put()
    const { ObjectLockRetainUntilDate: until } = await head(first)
    expect(Math.abs((until?.getTime() ?? 0) - inDays(3).getTime())).toBeLessThanOrEqual(1000)
    await expect(remove(first)).rejects.toMatchObject(refusal)
    expect(await head(await put('key', compliant(5)))).toMatchObject(compliant(5))
    clock.jump(3 * dayMs + 1000)
    await remove(first)
  })

  it('adds the default to a legal hold, which is no retention', async () => {
    await configure({ Mode: 'COMPLIANCE', Days: 1 })
    const version = await put('key', { ObjectLockLegalHoldStatus: 'OFF' })
    expect(await head(version)).toMatchObject({ ObjectLockMode: 'COMPLIANCE', ObjectLockLegalHoldStatus: 'OFF' })
  })
})

describe('a locked version', () => {
  it.each([
    ['PutObject', async (lock: Lock) => put('key', lock)],
    [
      'CopyObject',
      async (lock: Lock) => {
        await put('source')
        const copy = { ...lock, Bucket, Key: 'key', CopySource: `${Bucket}/source` } as aws.CopyObjectCommandInput
        return (await client.send(new aws.CopyObjectCommand(copy))).VersionId ?? ''
      },
    ],
    [
      'CreateMultipartUpload',
      async (lock: Lock) => {
        const target = { Bucket, Key: 'key' }
        const create = { ...target, ...lock } as aws.CreateMultipartUploadCommandInput
        const { UploadId } = await client.send(new aws.CreateMultipartUploadCommand(create))
        const part = { ...target, UploadId, PartNumber: 1 }
        const { ETag } = await client.send(new aws.UploadPartCommand({ ...part, Body: 'bytes' }))
        const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] }
        const complete = new aws.CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload })
        return (await client.send(complete)).VersionId ?? ''
      },
    ],
  ])('says so where %s has locked it, and stays', async (_name, make) => {
    const lock: Lock = { ...compliant(2), ObjectLockLegalHoldStatus: 'ON' }
    const version = await make(lock)
    expect(await head(version)).toMatchObject(lock)
    expect(await client.send(new aws.GetObjectCommand({ Bucket, Key: 'key' }))).toMatchObject(lock)
    await expect(remove(version, { BypassGovernanceRetention: true })).rejects.toMatchObject(refusal)
  })

  it('is not what its copy is', async () => {
    await put('key', { ...compliant(), ObjectLockLegalHoldStatus: 'ON' })
    await client.send(new aws.CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/key` }))
    const copy = await head(undefined, 'copy')
    expect([copy.ObjectLockMode, copy.ObjectLockLegalHoldStatus]).toEqual([undefined, undefined])
  })

  it('is overwritten by new versions and hidden by delete markers, which carry no lock', async () => {
    const first = await put('key', compliant())
    await put('key')
    const { DeleteMarker, VersionId: marker } = await remove()
    expect(DeleteMarker).toBe(true)
    await remove(marker)
    expect((await head(first)).ObjectLockMode).toBe('COMPLIANCE')
    await expect(remove(first)).rejects.toMatchObject(refusal)
  })

  it('cannot be renamed', async () => {
    await put('key', governed())
    const rename = { Bucket, Key: 'other', RenameSource: `/${Bucket}/key` }
    await expect(client.send(new aws.RenameObjectCommand(rename))).rejects.toMatchObject(refusal)
    clock.jump(dayMs)
    await client.send(new aws.RenameObjectCommand(rename))
    expect((await head(undefined, 'other')).ObjectLockMode).toBeUndefined()
  })

  it('keeps its bucket', async () => {
    await put('key', compliant())
    await expect(client.send(new aws.DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'BucketNotEmpty' })
  })

  it('fails alone in DeleteObjects', async () => {
    const locked = await put('key', governed())
    const free = await put('free')
    const Objects = [
      { Key: 'key', VersionId: locked },
      { Key: 'free', VersionId: free },
    ]
    const several = (options = {}) =>
      client.send(new aws.DeleteObjectsCommand({ Bucket, Delete: { Objects }, ...options }))
    expect(await several()).toMatchObject({
      Deleted: [{ Key: 'free', VersionId: free }],
      Errors: [{ Key: 'key', VersionId: locked, Code: refusal.name, Message: refusal.message }],
    })
    expect((await several({ BypassGovernanceRetention: true })).Errors).toBeUndefined()
  })

  it('tells of its lock only those who may ask for it', async () => {
    await put('key', { ...governed(), ObjectLockLegalHoldStatus: 'ON' })
    const Statement = [
      { Effect: 'Deny', Principal: '*', Action: 's3:GetObjectRetention', Resource: `arn:aws:s3:::${Bucket}/*` },
    ]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await client.send(new aws.PutBucketPolicyCommand({ Bucket, Policy }))
    const shown = await head()
    expect([shown.ObjectLockMode, shown.ObjectLockRetainUntilDate]).toEqual([undefined, undefined])
    expect(shown.ObjectLockLegalHoldStatus).toBe('ON')
  })
})

describe('retention', () => {
  it('is lengthened in its mode by anyone who may put it, and shortened or removed only past governance', async () => {
    const version = await put('key', governed(2))
    await retain({ Mode: 'GOVERNANCE', RetainUntilDate: inDays(3) })
    expect(await retention()).toEqual({ Mode: 'GOVERNANCE', RetainUntilDate: inDays(3) })
    const weaker: aws.ObjectLockRetention[] = [
      { Mode: 'GOVERNANCE', RetainUntilDate: inDays(1) },
      { Mode: 'COMPLIANCE', RetainUntilDate: inDays(5) },
      {},
    ]
    for (const one of weaker) await expect(retain(one)).rejects.toMatchObject(refusal)
    await retain({ Mode: 'GOVERNANCE', RetainUntilDate: inDays(1) }, { BypassGovernanceRetention: true })
    await retain({}, { BypassGovernanceRetention: true })
    await expect(retention()).rejects.toMatchObject({
      name: 'NoSuchObjectLockConfiguration',
      message: 'The specified object does not have a ObjectLock configuration',
    })
    await remove(version)
  })

  it('of compliance mode is only lengthened, by whomever', async () => {
    const version = await put('key', compliant(2))
    await retain({ Mode: 'COMPLIANCE', RetainUntilDate: inDays(3) })
    const bypass = { BypassGovernanceRetention: true }
    const weaker: aws.ObjectLockRetention[] = [
      { Mode: 'COMPLIANCE', RetainUntilDate: inDays(1) },
      { Mode: 'GOVERNANCE', RetainUntilDate: inDays(5) },
      {},
    ]
    for (const one of weaker) await expect(retain(one, bypass)).rejects.toMatchObject(refusal)
    await expect(remove(version, bypass)).rejects.toMatchObject(refusal)
    clock.jump(3 * dayMs)
    await retain({ Mode: 'GOVERNANCE', RetainUntilDate: inDays(1) })
    await remove(version, bypass)
  })

  it('is passed in governance mode with the header and the right, and with neither alone', async () => {
    const version = await put('key', governed())
    await expect(remove(version)).rejects.toMatchObject(refusal)
    await expect(remove(version, { BypassGovernanceRetention: false })).rejects.toMatchObject(refusal)
    const deny = { Effect: 'Deny', Principal: '*', Action: 's3:BypassGovernanceRetention' }
    const Statement = [{ ...deny, Resource: `arn:aws:s3:::${Bucket}/*` }]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await client.send(new aws.PutBucketPolicyCommand({ Bucket, Policy }))
    await expect(remove(version, { BypassGovernanceRetention: true })).rejects.toMatchObject(refusal)
    await client.send(new aws.DeleteBucketPolicyCommand({ Bucket }))
    await remove(version, { BypassGovernanceRetention: true })
  })

  it('ends by the newest time that the store has seen, also when the clock is set back', async () => {
    const version = await put('key', compliant(10))
    clock.jump(9 * dayMs)
    await expect(remove(version)).rejects.toMatchObject(refusal)
    clock.jump(-30 * dayMs)
    await configure({ Mode: 'COMPLIANCE', Days: 1 })
    const next = await put('key')
    clock.jump(30 * dayMs)
    await expect(remove(next)).rejects.toMatchObject(refusal)
    clock.jump(dayMs + 1000)
    await remove(version)
    clock.jump(-300 * dayMs)
    await remove(next)
    clock.jump(300 * dayMs)
  })
})

describe('a legal hold', () => {
  it('keeps the version whatever its retention, until it is lifted', async () => {
    const version = await put()
    const read = async () => (await client.send(new aws.GetObjectLegalHoldCommand({ Bucket, Key: 'key' }))).LegalHold
    await expect(read()).rejects.toMatchObject({ name: 'NoSuchObjectLockConfiguration' })
    await hold('ON')
    expect(await read()).toEqual({ Status: 'ON' })
    await expect(remove(version, { BypassGovernanceRetention: true })).rejects.toMatchObject(refusal)
    await hold('OFF')
    expect(await read()).toEqual({ Status: 'OFF' })
    await remove(version)
  })
})

describe('an event hold', () => {
  const on = (Days: number, more: aws.ObjectLockRetention = {}): aws.ObjectLockRetention => ({
    Mode: 'COMPLIANCE',
    EventHold: 'ON',
    EventHoldDuration: { Days },
    ...more,
  })
  const untilDays = async (VersionId?: string) =>
    Math.round((((await retention(VersionId))?.RetainUntilDate?.getTime() ?? 0) - clock.nowMs()) / dayMs)

  it('moves the date along until it is released, and then the date stays', async () => {
    const version = await put()
    await retain(on(5))
    expect(await retention()).toMatchObject({ Mode: 'COMPLIANCE', EventHold: 'ON', EventHoldDuration: { Days: 5 } })
    clock.jump(100 * dayMs)
    expect(await untilDays()).toBe(5)
    await retain({ Mode: 'COMPLIANCE', EventHold: 'OFF' })
    clock.jump(2 * dayMs)
    expect(await untilDays()).toBe(3)
    expect((await retention())?.EventHold).toBeUndefined()
    await expect(remove(version)).rejects.toMatchObject(refusal)
    clock.jump(3 * dayMs)
    await remove(version)
  })

  it('is lengthened at once, and shortened only as time passes', async () => {
    await put()
    await retain(on(5))
    await retain(on(8))
    expect(await untilDays()).toBe(8)
    await retain(on(3))
    expect(await untilDays()).toBe(8)
    clock.jump(6 * dayMs)
    expect(await untilDays()).toBe(3)
  })

  it('keeps a later date, its own or one that is given with the release', async () => {
    await put()
    await retain(on(5, { RetainUntilDate: inDays(20) }))
    expect(await untilDays()).toBe(20)
    await retain({ Mode: 'COMPLIANCE', EventHold: 'OFF', RetainUntilDate: inDays(30) })
    expect(await untilDays()).toBe(30)
  })

  it('stays when only the date is put', async () => {
    await put()
    await retain(on(5))
    await retain({ Mode: 'COMPLIANCE', RetainUntilDate: inDays(9) })
    expect(await retention()).toMatchObject({ EventHold: 'ON', EventHoldDuration: { Days: 5 } })
    expect(await untilDays()).toBe(9)
  })

  it('comes in headers of an upload, and is told in those of an answer', async () => {
    const version = await put('key', {
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockEventHold: 'ON',
      ObjectLockEventHoldDurationYears: 1,
    })
    expect(await head(version)).toMatchObject({
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockEventHold: 'ON',
      ObjectLockEventHoldDurationYears: 1,
      ObjectLockRetainUntilDate: expect.any(Date),
    })
    await expect(remove(version)).rejects.toMatchObject(refusal)
    await remove(version, { BypassGovernanceRetention: true })
  })

  it('is given to new versions by the bucket, unless the upload has a retention of its own', async () => {
    const rule: aws.DefaultRetention = { Mode: 'GOVERNANCE', DefaultEventHold: { Days: 7 } }
    await configure(rule)
    const { ObjectLockConfiguration: read } = await client.send(new aws.GetObjectLockConfigurationCommand({ Bucket }))
    expect(read?.Rule?.DefaultRetention).toEqual(rule)
    expect(await head(await put())).toMatchObject({ ObjectLockEventHold: 'ON', ObjectLockEventHoldDurationDays: 7 })
    expect((await head(await put('key', governed()))).ObjectLockEventHold).toBeUndefined()
  })
})
