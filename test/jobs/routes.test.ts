/**
 * The content of `/_/jobs` and `/_/status`, and who may read it; and the jobs themselves, on a clock that the test
 * moves.
 */
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningServer, startApi } from '#app/api.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ask, configOver, type JobTold, jobOf, writeUsers } from './api-over.ts'

const hourMs = 3_600_000

let folder: string
let clock: ManualClock
let api: RunningServer
let client: S3Client

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'myfsio-jobs-'))
  await writeUsers(folder)
  clock = new ManualClock()
  const bootstrap = { accessKey: 'unused', secretKey: 'unused' }
  const config = configOver(folder, { SCRUB_INTERVAL: '1 day' })
  api = await startApi({ config, version: 'test', isPrimary: true, bootstrap, clock })
  client = new S3Client({
    endpoint: `http://127.0.0.1:${api.port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'admin', secretAccessKey: 'admin-secret' },
  })
  await client.send(new CreateBucketCommand({ Bucket: 'docs' }))
  await client.send(new PutObjectCommand({ Bucket: 'docs', Key: 'not//plain', Body: 'n'.repeat(200_000) }))
})
afterAll(async () => {
  client.destroy()
  await api.close(100)
  await rm(folder, { recursive: true, force: true })
})

async function pass(ms: number): Promise<void> {
  clock.jump(ms)
  await clock.pass(0)
}

async function until(isReached: (scrub: JobTold) => boolean): Promise<JobTold> {
  for (;;) {
    const scrub = await jobOf(api.port, 'scrub')
    if (isReached(scrub)) return scrub
    await pass(500)
  }
}

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

const statusAs = async (user: string | undefined, method: 'GET' | 'POST', path: string) =>
  (await ask(api.port, method, path, user)).status

describe('/_/jobs', () => {
  it('is for the server’s own account, and there for those with the rights to list and to create jobs', async () => {
    for (const [method, path] of [
      ['GET', '/_/jobs'],
      ['POST', '/_/jobs/scrub'],
    ] as const) {
      for (const user of ['reader', 'other', undefined]) expect(await statusAs(user, method, path)).toBe(403)
    }
    const names = [
      'settling',
      'staging',
      'uploads',
      'scan',
      'watcher',
      'scrub',
      'completed-uploads',
      'clock',
      'sessions',
      'key-uses',
      'kms-keys',
      'compaction',
    ]
    const { jobs } = (await (await ask(api.port, 'GET', '/_/jobs', 'admin')).json()) as { jobs: JobTold[] }
    expect(jobs.map(({ name }) => name)).toEqual(names)
    expect(jobs.find(({ name }) => name === 'scrub')).toMatchObject({ starts: 'every day', state: 'idle', figures: {} })
    expect(jobs.find(({ name }) => name === 'watcher')).toMatchObject({ state: 'off' })
    const { usedBytes = 0, fileBytes = 0 } = (await jobOf(api.port, 'compaction')).figures
    expect(usedBytes).toBeGreaterThan(0)
    expect(fileBytes).toBeGreaterThanOrEqual(usedBytes)
  })

  it('starts what may be started by hand, and nothing else', async () => {
    expect(await statusAs('admin', 'POST', '/_/jobs/nothing')).toBe(404)
    expect(await statusAs('admin', 'POST', '/_/jobs/settling')).toBe(404)
    expect(await statusAs('admin', 'POST', '/_/jobs/sessions')).toBe(405)
    expect((await (await ask(api.port, 'GET', '/_/status', 'admin')).json()) as object).not.toHaveProperty('scrub')
    expect(await statusAs('admin', 'POST', '/_/jobs/scrub')).toBe(202)
    const scrub = await until(({ endedAt }) => endedAt !== undefined)
    expect(scrub).toMatchObject({ state: 'idle', figures: { versions: 1, bytes: 200_000, found: 0, leftovers: 0 } })
  })
})

describe('the scrub', () => {
  it('comes again after its interval, and tells of damage until it has gone', async () => {
    const [path = ''] = await filesBelow(join(folder, 'data', '.myfsio.sys', 'opaque'))
    await rename(path, join(folder, 'aside'))
    const first = await jobOf(api.port, 'scrub')
    await pass(23 * hourMs)
    expect((await jobOf(api.port, 'scrub')).startedAt).toBe(first.startedAt)
    await pass(hourMs)
    const found = await until(({ state, startedAt }) => state === 'failed' && startedAt !== first.startedAt)
    const examples = [{ bucket: 'docs', key: 'not//plain', versionId: 'null', what: 'The file is missing.' }]
    const figures = { versions: 1, bytes: 200_000, found: 1, leftovers: 0 }
    expect(found).toMatchObject({ figures, examples, problem: expect.stringContaining('damaged') })
    const { scrub } = (await (await ask(api.port, 'GET', '/_/status', 'admin')).json()) as { scrub: object }
    const { startedAt, endedAt } = found
    expect(scrub).toEqual({ startedAt, endedAt, ...figures, examples })

    await rename(join(folder, 'aside'), path)
    expect(await statusAs('admin', 'POST', '/_/jobs/scrub')).toBe(202)
    await until(({ state, startedAt }) => state === 'idle' && startedAt !== found.startedAt)
  })
})

describe('completed uploads', () => {
  it('are answered again for an hour, and then forgotten', async () => {
    const send = async (method: 'POST' | 'PUT', query: string, body: string) => {
      const answer = await ask(api.port, method, `/docs/parts?${query}`, 'admin', body)
      return { etag: answer.headers.get('etag'), text: await answer.text() }
    }
    const uploadId = /<UploadId>(\w+)</.exec((await send('POST', 'uploads', '')).text)?.[1]
    const { etag } = await send('PUT', `uploadId=${uploadId}&partNumber=1`, 'part')
    const part = `<Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part>`
    const body = `<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`
    const complete = async () => (await send('POST', `uploadId=${uploadId}`, body)).text
    expect(await complete()).toContain('<CompleteMultipartUploadResult')
    await pass(hourMs / 2)
    expect(await complete()).toContain('<CompleteMultipartUploadResult')
    await pass(hourMs)
    await expect.poll(complete).toContain('NoSuchUpload')
  })
})

describe('an object', () => {
  it('bears the time of the clock that jobs go by', async () => {
    await pass(24 * hourMs)
    await ask(api.port, 'PUT', '/docs/late', 'admin', 'late')
    const modified = (await ask(api.port, 'GET', '/docs/late', 'admin')).headers.get('last-modified') ?? ''
    expect(Date.parse(modified)).toBe(Math.floor(clock.nowMs() / 1000) * 1000)
  })
})
