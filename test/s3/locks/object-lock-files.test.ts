/** Changes by hand cannot affect locked versions in the bucket's folder, and are detected elsewhere. */

import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as aws from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkFolder } from '#app/folder/check-folder.ts'
import type { Finding } from '#blobs/contract/inspection.ts'
import { openDefaults } from '#model/bucket/new-bucket.ts'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'bucket'
const Key = 'folder/key'
const refusal = { name: 'AccessDenied', message: 'Access Denied because object protected by object lock.' }
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
let root: string
let server: TestServer
let client: aws.S3Client

async function start(): Promise<void> {
  server = await startServer({ log: silent, root })
  client = server.client()
}

async function stop(): Promise<void> {
  client.destroy()
  await server.close()
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'myfsio-lock-'))
  await start()
  await client.send(new aws.CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))
})
afterEach(async () => {
  await stop()
  await rm(root, { recursive: true })
})

const inYears = () => new Date(Date.now() + 1000 * 86_400_000)
const locked = (): Partial<aws.PutObjectCommandInput> => ({
  ObjectLockMode: 'COMPLIANCE',
  ObjectLockRetainUntilDate: inYears(),
})
const put = async (Body = 'bytes', lock: Partial<aws.PutObjectCommandInput> = {}) =>
  (await client.send(new aws.PutObjectCommand({ Bucket, Key, Body, ...lock }))).VersionId ?? ''
const read = async (VersionId?: string) =>
  (await client.send(new aws.GetObjectCommand({ Bucket, Key, VersionId }))).Body?.transformToString()
const lockOf = async (VersionId?: string) => {
  const { ObjectLockMode } = await client.send(new aws.HeadObjectCommand({ Bucket, Key, VersionId }))
  return ObjectLockMode
}
const versions = async () =>
  (await client.send(new aws.ListObjectVersionsCommand({ Bucket }))).Versions?.map(({ VersionId }) => VersionId) ?? []
const remove = (VersionId: string) => client.send(new aws.DeleteObjectCommand({ Bucket, Key, VersionId }))
const folder = () => join(root, 'data', Bucket)
const plain = () => join(folder(), Key)

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
const asideFiles = () => filesBelow(join(root, 'data', '.myfsio.sys', 'opaque'))
async function asideFile(): Promise<string> {
  for (const path of await asideFiles()) if ((await readFile(path, 'utf8')) === 'bytes') return path
  throw new Error('there is no such file')
}

async function check({ rebuild = false } = {}): Promise<Finding[]> {
  await stop()
  const findings: Finding[] = []
  await checkFolder({
    root: join(root, 'data'),
    repair: true,
    rebuild,
    ownerId: undefined,
    region: 'us-east-1',
    bucketDefaults: openDefaults,
    log: silent,
    onFinding: (finding) => findings.push(finding),
  })
  await start()
  return findings
}

describe('a locked version', () => {
  it.each([
    ['from its upload', async () => put('bytes', locked())],
    [
      'by its bucket',
      async () => {
        const Rule = { DefaultRetention: { Mode: 'COMPLIANCE' as const, Days: 1 } }
        const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' as const, Rule }
        await client.send(new aws.PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }))
        return put()
      },
    ],
    [
      'later',
      async () => {
        const version = await put()
        expect(await readFile(plain(), 'utf8')).toBe('bytes')
        const Retention = { Mode: 'COMPLIANCE' as const, RetainUntilDate: inYears() }
        await client.send(new aws.PutObjectRetentionCommand({ Bucket, Key, Retention }))
        return version
      },
    ],
    [
      'later, when it is not current',
      async () => {
        const version = await put()
        await put('newer')
        const Retention = { Mode: 'COMPLIANCE' as const, RetainUntilDate: inYears() }
        await client.send(new aws.PutObjectRetentionCommand({ Bucket, Key, VersionId: version, Retention }))
        return version
      },
    ],
  ])('%s is kept aside and write-protected, not in the bucket’s folder', async (_when, make) => {
    const version = await make()
    expect(await read(version)).toBe('bytes')
    expect((await filesBelow(folder())).length).toBe((await read()) === 'newer' ? 1 : 0)
    expect((await stat(await asideFile())).mode & 0o777).toBe(0o400)
    await put('newer')
    expect(await read(version)).toBe('bytes')
  })

  it('stays what it is when a file is put at its name, which is a new version', async () => {
    const version = await put('bytes', locked())
    await mkdir(join(plain(), '..'), { recursive: true })
    await writeFile(plain(), 'by hand')
    expect(await read()).toBe('by hand')
    expect([await read(version), await lockOf(version)]).toEqual(['bytes', 'COMPLIANCE'])
    expect(await versions()).toHaveLength(2)
    await rm(plain())
    expect(await read()).toBe('bytes')
    await expect(remove(version)).rejects.toMatchObject(refusal)
  })

  it('stays when the folder of its bucket is removed', async () => {
    const version = await put('bytes', locked())
    await rm(folder(), { recursive: true })
    expect(await read()).toBe('bytes')
    expect(await versions()).toEqual([version])
  })

  it('is refused, and neither adopted nor forgotten, when its file is changed or gone', async () => {
    const version = await put('bytes', locked())
    const path = await asideFile()
    await chmod(path, 0o600)
    await writeFile(path, 'other')
    await expect(read()).rejects.toMatchObject({ name: 'InternalError' })
    await rm(path)
    await expect(read()).rejects.toMatchObject({ name: 'InternalError' })
    expect(await versions()).toEqual([version])
    await expect(remove(version)).rejects.toMatchObject(refusal)
  })

  it('that a hand put into a bucket with default retention is aside from then on', async () => {
    const Rule = { DefaultRetention: { Mode: 'COMPLIANCE' as const, Days: 1 } }
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' as const, Rule }
    await client.send(new aws.PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }))
    await mkdir(join(plain(), '..'), { recursive: true })
    await writeFile(plain(), 'bytes')
    expect([await read(), await lockOf()]).toEqual(['bytes', 'COMPLIANCE'])
    expect(await filesBelow(folder())).toEqual([])
    expect((await stat(await asideFile())).mode & 0o777).toBe(0o400)
  })
})

describe('fsck --repair', () => {
  it.each([
    [
      'damaged',
      async (path: string) => {
        await chmod(path, 0o600)
        await writeFile(path, 'other')
      },
    ],
    ['missing', (path: string) => rm(path)],
  ] as const)('tells of a locked version whose bytes are %s, and leaves it as it is', async (kind, harm) => {
    const version = await put('bytes', locked())
    await harm(await asideFile())
    const findings = await check()
    expect(findings).toMatchObject([{ kind, where: `${Bucket}/${Key} (version ${version})`, repair: undefined }])
    expect(findings[0]?.what).toMatch('locked')
    expect(await versions()).toEqual([version])
  })
})

describe('fsck --rebuild', () => {
  const retain = (days: number) => {
    const RetainUntilDate = new Date(Date.now() + days * 86_400_000)
    return client.send(
      new aws.PutObjectRetentionCommand({ Bucket, Key, Retention: { Mode: 'COMPLIANCE', RetainUntilDate } }),
    )
  }
  const ids = (findings: Finding[]) => findings.filter(({ what }) => what.includes('locked')).map(({ where }) => where)

  it('brings locked versions back with their ids, metadata and locks, as they were changed last', async () => {
    const first = await put('first', locked())
    const second = await put('bytes', { ...locked(), Metadata: { kept: 'yes' }, ContentType: 'text/x-own' })
    await retain(4000)
    const Tagging = { TagSet: [{ Key: 'put', Value: 'later' }] }
    await client.send(new aws.PutObjectTaggingCommand({ Bucket, Key, Tagging }))
    await client.send(new aws.PutObjectCommand({ Bucket, Key: 'plain', Body: 'plain' }))
    const before = await client.send(new aws.HeadObjectCommand({ Bucket, Key }))
    const findings = await check({ rebuild: true })
    expect(ids(findings).sort()).toEqual([first, second].map((id) => `${Bucket}/${Key} (version ${id})`).sort())
    expect(await versions()).toEqual([second, first, expect.anything()])
    expect([await read(), await read(first)]).toEqual(['bytes', 'first'])
    const { $metadata: _, ...after } = await client.send(new aws.HeadObjectCommand({ Bucket, Key }))
    expect(before).toMatchObject(after)
    for (const version of [first, second]) await expect(remove(version)).rejects.toMatchObject(refusal)
    expect((await client.send(new aws.GetObjectTaggingCommand({ Bucket, Key }))).TagSet).toEqual(Tagging.TagSet)
    const configuration = await client.send(new aws.GetObjectLockConfigurationCommand({ Bucket }))
    expect(configuration.ObjectLockConfiguration?.ObjectLockEnabled).toBe('Enabled')
    expect(await check()).toEqual([])
  })

  it('brings them back below a file that was put at their name since', async () => {
    const version = await put('bytes', locked())
    await mkdir(join(plain(), '..'), { recursive: true })
    await writeFile(plain(), 'by hand')
    await check({ rebuild: true })
    expect([await read(), await read(version)]).toEqual(['by hand', 'bytes'])
  })

  it('brings back without its lock one whose retention was removed', async () => {
    const lock = { ObjectLockMode: 'GOVERNANCE' as const, ObjectLockRetainUntilDate: inYears() }
    const VersionId = await put('bytes', lock)
    const removal = { Bucket, Key, Retention: {}, BypassGovernanceRetention: true }
    await client.send(new aws.PutObjectRetentionCommand(removal))
    await check({ rebuild: true })
    expect([await read(VersionId), await lockOf(VersionId)]).toEqual(['bytes', undefined])
    await remove(VersionId)
  })

  it('brings back none that was deleted', async () => {
    const lock = { ObjectLockMode: 'GOVERNANCE' as const, ObjectLockRetainUntilDate: inYears() }
    const VersionId = await put('bytes', lock)
    await client.send(new aws.DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention: true }))
    expect(ids(await check({ rebuild: true }))).toEqual([])
  })
})
