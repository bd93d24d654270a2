/** Compliance mode cannot be bypassed: not by permissions, not by configuration, not by hand. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as aws from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../s3/start-server.ts'
import { ManualClock } from '../support/manual-clock.ts'

const Bucket = 'vault'
const Key = 'key'
const dayMs = 86_400_000
const refusal = { name: 'AccessDenied', message: 'Access Denied because object protected by object lock.' }
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
let root: string
let server: TestServer
let client: aws.S3Client
let VersionId = ''

async function start(options: Parameters<typeof startServer>[0] = {}): Promise<void> {
  server = await startServer({ root, log: silent, ...options })
  client = server.client()
}

async function stop(): Promise<void> {
  client.destroy()
  await server.close()
}

/** All requests that could end, weaken or hide the lock, each with the header to bypass governance mode. */
async function expectLocked(from = client): Promise<void> {
  const version = { Bucket, Key, VersionId, BypassGovernanceRetention: true }
  const Delete = { Objects: [{ Key, VersionId }] }
  const weaker: aws.ObjectLockRetention[] = [
    {},
    { Mode: 'GOVERNANCE', RetainUntilDate: new Date(Date.now() + 4000 * dayMs) },
    { Mode: 'COMPLIANCE', RetainUntilDate: new Date(Date.now() + 10 * dayMs) },
  ]
  await expect(from.send(new aws.DeleteObjectCommand(version))).rejects.toMatchObject(refusal)
  const { Errors } = await from.send(new aws.DeleteObjectsCommand({ Bucket, Delete, BypassGovernanceRetention: true }))
  expect(Errors).toMatchObject([{ Key, VersionId, Code: 'AccessDenied' }])
  for (const Retention of weaker) {
    const change = new aws.PutObjectRetentionCommand({ ...version, Retention })
    await expect(from.send(change)).rejects.toMatchObject(refusal)
  }
  const rename = new aws.RenameObjectCommand({ Bucket, Key: 'other', RenameSource: `/${Bucket}/${Key}` })
  await expect(from.send(rename)).rejects.toMatchObject(refusal)
  await expect(from.send(new aws.DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'BucketNotEmpty' })
  const head = await from.send(new aws.HeadObjectCommand({ Bucket, Key, VersionId }))
  expect([head.ObjectLockMode, head.ContentLength]).toEqual(['COMPLIANCE', 5])
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'myfsio-compliance-'))
  await start()
  await client.send(new aws.CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))
  const lock = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: new Date(Date.now() + 1000 * dayMs) } as const
  const put = await client.send(new aws.PutObjectCommand({ Bucket, Key, Body: 'bytes', ...lock }))
  VersionId = put.VersionId ?? ''
})
afterEach(async () => {
  await stop()
  await rm(root, { recursive: true })
})

describe('a version in compliance mode', () => {
  it('stays for whoever has every right, by policies of identity and bucket', async () => {
    const Statement = [
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:*',
        Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
      },
    ]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await client.send(new aws.PutBucketPolicyCommand({ Bucket, Policy }))
    await expectLocked()
    const other = server.client('other')
    await expectLocked(other)
    other.destroy()
  })

  it.each([
    ['without enforcement', { enforce: 'log' as const }],
    ['as another region', { env: { AWS_REGION: 'eu-west-1', REGIONS: '*' } }],
    ['without durability', { env: { DURABILITY: 'none', VERIFY_READS: 'off' } }],
  ])('stays when the server is started again %s', async (_how, options) => {
    await stop()
    await start(options)
    await expectLocked()
  })

  it('stays when iam.json is changed by hand, and when another account owns all', async () => {
    const iamPath = join(root, 'data', '.myfsio.sys', 'config', 'iam.json')
    const document = JSON.parse(await readFile(iamPath, 'utf8')) as Record<string, unknown>
    await stop()
    await writeFile(iamPath, JSON.stringify(document).replaceAll('111111111111', '000000000000'))
    await start()
    await expectLocked()
  })

  it('stays when the clock is set back, and the store has seen a later time', async () => {
    await stop()
    const clock = new ManualClock(Date.now() + 3 * dayMs)
    await start({ clock })
    await expectLocked()
    await stop()
    await start()
    await expectLocked()
    const Retention = { Mode: 'COMPLIANCE' as const, RetainUntilDate: new Date(Date.now() + 2 * dayMs) }
    const free = await client.send(new aws.PutObjectCommand({ Bucket, Key: 'free', Body: 'bytes' }))
    // In the time of the store this is past.
    const change = new aws.PutObjectRetentionCommand({ Bucket, Key: 'free', VersionId: free.VersionId, Retention })
    await expect(client.send(change)).rejects.toMatchObject({ name: 'InvalidArgument' })
  })
})
