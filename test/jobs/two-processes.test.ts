/** Two API processes on one folder: one of them scrubs, and is killed or stopped; the other continues. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunningServer, startApi } from '#app/api.ts'
import { leaseMs } from '#jobs/lease.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ask, configOver, type JobTold, jobOf, writeUsers } from './api-over.ts'

/** Enough that a scrub has more to do when it first saves its progress. */
const objects = 1200

let folder: string
let child: ChildProcess
let childPort: number
let clock: ManualClock
let other: RunningServer

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'myfsio-jobs-'))
  await writeUsers(folder)
  const bucket = join(folder, 'data', 'bucket')
  await mkdir(bucket, { recursive: true })
  for (let at = 0; at < objects; at++) await writeFile(join(bucket, `key-${at}`), `bytes of ${at}`)
  const program = fileURLToPath(new URL('./api-process.ts', import.meta.url))
  child = fork(program, [folder], { execArgv: ['--import', 'tsx'] })
  childPort = (await once(child, 'message'))[0] as number
  await expect.poll(async () => (await jobOf(childPort, 'scan')).endedAt, { timeout: 30_000 }).toBeDefined()
  clock = new ManualClock()
  const bootstrap = { accessKey: 'unused', secretKey: 'unused' }
  other = await startApi({ config: configOver(folder), version: 'test', isPrimary: false, bootstrap, clock })
}, 60_000)
afterEach(async () => {
  await other.close(100)
  child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

async function passInChild(passMs: number): Promise<void> {
  child.send({ passMs })
  await once(child, 'message')
}

/** Started by hand; its row shows that some versions are done, but not all. */
async function scrubInChild(): Promise<JobTold> {
  expect((await ask(childPort, 'POST', '/_/jobs/scrub', 'admin')).status).toBe(202)
  for (;;) {
    await passInChild(100)
    const scrub = await jobOf(childPort, 'scrub')
    if ((scrub.figures.versions ?? 0) > 0) return scrub
  }
}

async function scrubToItsEnd(from: JobTold): Promise<void> {
  for (let last = from.figures.versions ?? 0; ; ) {
    await clock.pass(500)
    const { figures, startedAt, endedAt } = await jobOf(other.port, 'scrub')
    expect(startedAt).toBe(from.startedAt)
    expect(figures.versions).toBeGreaterThanOrEqual(last)
    last = figures.versions ?? 0
    if (endedAt !== undefined) return expect(last).toBe(objects)
  }
}

describe('a scrub', { timeout: 90_000 }, () => {
  it('whose process was killed goes on in another, from where it was, once the lease has run out', async () => {
    const begun = await scrubInChild()
    expect(begun).toMatchObject({ state: 'running', starts: 'by hand' })
    expect(begun.figures.versions).toBeLessThan(objects)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await jobOf(other.port, 'scrub')).toEqual(begun)
    await clock.pass(leaseMs - 1000)
    expect(await jobOf(other.port, 'scrub')).toEqual(begun)
    await scrubToItsEnd(begun)
  })

  it('whose process was stopped is done by another, and that one cannot write when it goes on', async () => {
    const begun = await scrubInChild()
    child.kill('SIGSTOP')
    await scrubToItsEnd(begun)
    const done = await jobOf(other.port, 'scrub')
    expect(done).toMatchObject({ state: 'idle', figures: { versions: objects, found: 0 } })
    child.kill('SIGCONT')
    for (let passed = 0; passed < 20; passed++) await passInChild(1000)
    expect(await jobOf(childPort, 'scrub')).toEqual(done)
    expect(await jobOf(other.port, 'scrub')).toEqual(done)
  })
})
