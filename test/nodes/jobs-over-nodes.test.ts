/** Two nodes of one store: one runs a scrub and is killed, and the other continues the scrub. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningServer, startApi } from '#app/api.ts'
import { leaseMs } from '#jobs/lease.ts'
import { goneMs } from '#nodes/node-rows.ts'
import { ask, configOver, type JobTold, jobOf, writeUsers } from '../jobs/api-over.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { testSecretKey } from '../support/program.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { storeIn } from './two-nodes.ts'

/** Enough objects that a scrub has more to do after it first saves its progress. */
const objects = 1200

interface NodeTold {
  readonly state: string
  readonly jobs: string[]
  readonly isThis: boolean
}

describe.skipIf(noPostgres !== undefined)(`a job of two nodes ${noPostgres ?? ''}`, () => {
  const folders: string[] = []
  let postgres: TestPostgres
  let upstream: TestUpstream
  let child: ChildProcess
  let childPort: number
  let clock: ManualClock
  let other: RunningServer & { port: number }

  beforeAll(async () => {
    postgres = await startPostgres()
    upstream = await startOwnUpstream()
    const store = { ...storeIn(postgres, upstream), SECRET_KEY: testSecretKey }
    const newFolder = async () => {
      const folder = await mkdtemp(join(tmpdir(), 'myfsio-nodes-'))
      folders.push(folder)
      return folder
    }
    const first = await newFolder()
    await writeUsers(first)
    const program = fileURLToPath(new URL('../jobs/api-process.ts', import.meta.url))
    child = fork(program, [first, JSON.stringify(store)], { execArgv: ['--import', 'tsx'] })
    childPort = (await once(child, 'message'))[0] as number
    clock = new ManualClock()
    const config = configOver(await newFolder(), store)
    const bootstrap = { accessKey: 'unused', secretKey: 'unused' }
    other = await startApi({ config, version: 'test', isPrimary: false, bootstrap, clock })
    await putObjects(`http://127.0.0.1:${other.port}`)
  }, 120_000)
  afterAll(async () => {
    child?.kill('SIGKILL')
    await other?.close(100)
    await upstream?.close()
    await postgres?.close()
    for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  async function putObjects(endpoint: string): Promise<void> {
    const credentials = { accessKeyId: 'admin', secretAccessKey: 'admin-secret' }
    const s3 = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    const keys = Array.from({ length: objects }, (_, at) => `key-${at}`)
    const putNext = async (): Promise<void> => {
      for (let Key = keys.pop(); Key !== undefined; Key = keys.pop()) {
        await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: Key }))
      }
    }
    await Promise.all(Array.from({ length: 16 }, putNext))
  }

  async function passInChild(passMs: number): Promise<void> {
    child.send({ passMs })
    await once(child, 'message')
  }

  const nodesOf = async (port: number) =>
    ((await (await ask(port, 'GET', '/_/nodes', 'admin')).json()) as { nodes: NodeTold[] }).nodes

  it('runs on one of them, is shown there, and moves to the other when that node is killed', {
    timeout: 120_000,
  }, async () => {
    expect((await ask(childPort, 'POST', '/_/jobs/scrub', 'admin')).status).toBe(202)
    let begun: JobTold
    do {
      await passInChild(100)
      begun = await jobOf(other.port, 'scrub')
    } while ((begun.figures.versions ?? 0) === 0)
    expect(begun.figures.versions).toBeLessThan(objects)
    expect(await nodesOf(other.port)).toEqual([
      expect.objectContaining({ state: 'running', jobs: ['Scrub'], isThis: false }),
      expect.objectContaining({ state: 'running', jobs: [], isThis: true }),
    ])
    child.kill('SIGKILL')
    await once(child, 'exit')
    await clock.pass(leaseMs - 1000)
    expect(await jobOf(other.port, 'scrub')).toEqual(begun)
    await expect
      .poll(
        async () => {
          await clock.pass(500)
          return jobOf(other.port, 'scrub')
        },
        { timeout: 60_000 },
      )
      .toMatchObject({ startedAt: begun.startedAt, endedAt: expect.any(String), figures: { versions: objects } })
    await clock.pass(goneMs)
    expect(await nodesOf(other.port)).toEqual([
      expect.objectContaining({ state: 'gone', jobs: [], isThis: false }),
      expect.objectContaining({ state: 'running', isThis: true }),
    ])
  })
})
